"""The suppression list's adapter against moto's DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from sesmail_layer.aws.suppression_table import SuppressionTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason
from sesmail_layer.domain.times import utc_text
from tools.simulation.tables import tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "sesmailengine-Suppression"
NOW = 1_795_516_260.0
JOHN = "john@example.com"


class FixedClock:
    def now(self) -> float:
        return NOW

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(**tables()["Suppression"].creation(NAME))
        yield client


@pytest.fixture
def table(client: DynamoDBClient) -> SuppressionTable:
    return SuppressionTable(client, NAME, FixedClock())


def listed(reason: SuppressionReason = SuppressionReason.HARD_BOUNCE, day: int = 1, **given: Any) -> Suppression:
    facts: dict[str, Any] = {
        "email": JOHN,
        "suppression_type": SUPPRESSION_TYPES[reason],
        "reason": reason,
        "added_to_suppression_date": f"2026-11-{day:02d}T00:00:00.000Z",
    }
    return Suppression(**facts | given)


def test_an_entry_is_read_as_it_was_added(table: SuppressionTable) -> None:
    entry = listed(email_id="email-1", ses_message_id="0100-1", source="my.app", bounce_sub_type="General")
    table.add(entry)

    assert table.get_many([JOHN, "jane@example.com"]) == {JOHN: entry}


def test_adding_the_same_reason_again_keeps_the_first_date(table: SuppressionTable) -> None:
    table.add(listed(day=1))
    table.add(listed(day=2))

    assert table.get_many([JOHN])[JOHN].added_to_suppression_date == "2026-11-01T00:00:00.000Z"


def test_the_stronger_reason_is_kept_whichever_comes_first(table: SuppressionTable) -> None:
    table.add(listed(SuppressionReason.UNSUBSCRIBE, day=1))
    table.add(listed(SuppressionReason.SPAM_COMPLAINT, day=2))
    table.add(listed(SuppressionReason.HARD_BOUNCE, day=3))

    entry = table.get_many([JOHN])[JOHN]
    assert (entry.reason, entry.suppression_type) == (SuppressionReason.SPAM_COMPLAINT, "complaint")


def test_an_expired_entry_suppresses_no_email_while_still_in_the_table(table: SuppressionTable) -> None:
    table.add(listed(expires_at=utc_text(NOW), ttl=int(NOW)))

    assert table.get_many([JOHN]) == {}


def test_a_new_entry_replaces_an_expired_one(table: SuppressionTable) -> None:
    table.add(listed(SuppressionReason.MANUAL, expires_at=utc_text(NOW - 1), ttl=int(NOW - 1)))
    new = listed(SuppressionReason.UNSUBSCRIBE, day=20)
    table.add(new)

    assert table.get_many([JOHN]) == {JOHN: new}


def test_an_entry_can_be_removed_for_one_reason_only(table: SuppressionTable) -> None:
    table.add(listed(SuppressionReason.HARD_BOUNCE))

    table.remove(JOHN, only=SuppressionReason.SPAM_COMPLAINT)
    assert JOHN in table.get_many([JOHN])

    table.remove(JOHN)
    assert table.get_many([JOHN]) == {}
    table.remove(JOHN, only=SuppressionReason.SPAM_COMPLAINT)


def test_an_entry_that_changes_between_read_and_write_is_read_again(
    client: DynamoDBClient, table: SuppressionTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.add(listed(SuppressionReason.UNSUBSCRIBE))
    put = client.put_item
    calls = []

    def put_with_a_rival(**request: Any) -> Any:
        calls.append(request)
        if len(calls) == 2:  # the first found the entry; now a complaint comes in before the second
            put(TableName=NAME, Item=calls[0]["Item"] | {"reason": {"S": "spam-complaint"}})
        return put(**request)

    monkeypatch.setattr(client, "put_item", put_with_a_rival)
    table.add(listed(SuppressionReason.HARD_BOUNCE))

    assert table.get_many([JOHN])[JOHN].reason is SuppressionReason.SPAM_COMPLAINT


def test_a_table_that_cannot_be_read_fails_closed(client: DynamoDBClient, table: SuppressionTable) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("batch_get_item", "ProvisionedThroughputExceededException", "Too fast")
        with pytest.raises(TransientError, match=r"^DynamoDB error checking suppression: Provisioned") as caught:
            table.get_many([JOHN])

    assert caught.value.code == "AWS001"


def test_without_the_key_of_erased_addresses_the_list_cannot_be_read(client: DynamoDBClient) -> None:
    def no_key(_: str) -> list[str]:
        raise TransientError("SSM error reading the key: timeout", code="AWS009")

    with pytest.raises(TransientError, match=r"^SSM error reading the key: timeout") as caught:
        SuppressionTable(client, NAME, FixedClock(), no_key).get_many([JOHN])

    assert caught.value.code == "AWS009"


def test_a_failed_write_has_its_documented_message(client: DynamoDBClient, table: SuppressionTable) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("put_item", "InternalServerError", "Oops", http_status_code=500)
        with pytest.raises(TransientError, match=r"^Failed to add to suppression list: InternalServerError") as caught:
            table.add(listed())

    assert caught.value.code == "FBK004"


def test_a_failed_removal_has_its_documented_message(client: DynamoDBClient, table: SuppressionTable) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("delete_item", "InternalServerError", "Oops", http_status_code=500)
        with pytest.raises(TransientError, match=r"^Failed to remove from suppression list: Internal") as caught:
            table.remove(JOHN)

    assert caught.value.code == "AWS004"
