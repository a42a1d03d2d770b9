"""The tracking table's adapter against moto's DynamoDB, with the table and indexes of spec section 2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber
from moto import mock_aws

from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState, TrackingRecord, fold
from tools.simulation.tables import tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "sesmailengine-EmailTracking"


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(**tables()["EmailTracking"].creation(NAME))
        yield client


@pytest.fixture
def table(client: DynamoDBClient) -> TrackingTable:
    return TrackingTable(client, NAME, sleep=lambda _: None)


def a_record(email_id: str = "email-1", **given: Any) -> TrackingRecord:
    facts: dict[str, Any] = {
        "to_email": "john@example.com",
        "status": Status.SENDING,
        "attempt": 1,
        "timestamp": "2026-11-24T10:31:00.000Z",
        "date_partition": "2026-11-24",
        "ttl": 1_800_000_000,
    }
    return TrackingRecord(email_id=email_id, **facts | given)


def test_a_record_is_read_as_it_was_written(table: TrackingTable) -> None:
    record = a_record(
        metadata={"order": 42, "price": 9.99, "nested": {"list": [1, None, True, "", {}]}, "empty": {}},
        recipients={"jane@example.com": RecipientState(status=Status.SENT, type="cc")},
        fingerprint="abc",
        lease_until=1_795_000_000.25,
        unknown_fields=["colour"],
    )
    sent = Entry(key="sent/1", at="2026-11-24T10:31:01.000Z", status=Status.SENT, detail={"sesMessageId": "0100-1"})
    record, _ = fold(record, [sent])

    assert table.create(record) is None

    assert table.get_many(["email-1"]) == {"email-1": record}


def test_numbers_that_dynamodb_cannot_hold_are_kept_as_text(table: TrackingTable) -> None:
    table.create(a_record(metadata={"huge": 10**40 + 1, "beyond": 1e300, "tiny": 1e-200, "fine": 0.1}))

    metadata = table.get_many(["email-1"])["email-1"].metadata

    assert metadata == {"huge": str(10**40 + 1), "beyond": "1e+300", "tiny": "1e-200", "fine": 0.1}


def test_a_second_create_returns_the_existing_record_unchanged(table: TrackingTable) -> None:
    first, second = a_record(template_name="welcome"), a_record(template_name="invoice")
    table.create(first)

    assert table.create(second) == first
    assert table.get_many(["email-1"])["email-1"] == first


def test_replace_stores_the_next_revision(table: TrackingTable) -> None:
    record = a_record()
    table.create(record)

    assert table.replace(msgspec.structs.replace(record, status=Status.SENT)) is None

    stored = table.get_many(["email-1"])["email-1"]
    assert (stored.status, stored.revision) == (Status.SENT, 2)
    assert table.replace(record.next_revision()) is None


def test_replace_returns_a_record_written_since_the_read_unchanged(table: TrackingTable) -> None:
    record = a_record()
    table.create(record)
    between = msgspec.structs.replace(record, status=Status.SENT)
    table.replace(between)

    assert table.replace(msgspec.structs.replace(record, status=Status.BOUNCED)) == between.next_revision()
    assert table.get_many(["email-1"])["email-1"].status is Status.SENT


def test_replace_of_a_deleted_record_is_an_error(table: TrackingTable) -> None:
    with pytest.raises(TransientError, match="Failed to update tracking record: it was deleted"):
        table.replace(a_record())


@pytest.mark.parametrize("unusable", [None, "", "x" * 3000])
def test_an_unusable_index_key_is_left_out_and_does_not_fail_the_write(
    table: TrackingTable, unusable: str | None
) -> None:
    assert table.create(a_record(to_email=unusable)) is None
    assert table.get_many(["email-1"])["email-1"].to_email is None


def test_many_records_are_read_in_calls_of_a_hundred(table: TrackingTable) -> None:
    for number in range(130):
        table.create(a_record(f"email-{number}"))

    found = table.get_many([*(f"email-{number}" for number in range(130)), "email-unknown", ""])

    assert len(found) == 130


def unread(*keys: str) -> dict[str, Any]:
    return {NAME: {"Keys": [{"emailId": {"S": key}} for key in keys], "ConsistentRead": True}}


def test_unprocessed_keys_are_read_again(client: DynamoDBClient) -> None:
    pauses: list[float] = []
    first = {"emailId": {"S": "a"}, "status": {"S": "sent"}, "attempt": {"N": "1"}, "ttl": {"N": "1"}}
    first |= {"timestamp": {"S": "t"}, "datePartition": {"S": "d"}}
    with Stubber(client) as stub:
        stub.add_response(
            "batch_get_item",
            {"Responses": {NAME: [first]}, "UnprocessedKeys": unread("b")},
            {"RequestItems": unread("a", "b")},
        )
        stub.add_response(
            "batch_get_item", {"Responses": {NAME: [first | {"emailId": {"S": "b"}}]}}, {"RequestItems": unread("b")}
        )
        found = TrackingTable(client, NAME, sleep=pauses.append).get_many(["a", "b"])

    assert sorted(found) == ["a", "b"]
    assert len(pauses) == 1


def test_keys_that_stay_unread_are_a_transient_error(client: DynamoDBClient) -> None:
    with Stubber(client) as stub:
        for _ in range(5):
            stub.add_response(
                "batch_get_item", {"Responses": {}, "UnprocessedKeys": unread("a")}, {"RequestItems": ANY}
            )
        with pytest.raises(TransientError) as caught:
            TrackingTable(client, NAME, sleep=lambda _: None).get_many(["a"])

    assert caught.value.code == "AWS003"


def test_a_throttled_write_has_its_documented_message(client: DynamoDBClient) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("put_item", "ThrottlingException", "Slow down")
        with pytest.raises(
            TransientError, match=r"^Failed to update tracking record: ThrottlingException: Slow"
        ) as caught:
            TrackingTable(client, NAME).create(a_record())

    assert caught.value.code == "FBK003"


def test_an_endpoint_out_of_reach_is_a_transient_error(client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_reach(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.example")

    for operation in ("batch_get_item", "put_item", "query"):
        monkeypatch.setattr(client, operation, out_of_reach)
    table = TrackingTable(client, NAME)

    for read in (
        lambda: table.get_many(["a"]),
        lambda: table.find_by_ses_message_id("ses-1"),
        lambda: table.has_sent_to("john@example.com"),
    ):
        with pytest.raises(TransientError, match=r"^DynamoDB error reading tracking record: Endpoint\w+$") as caught:
            read()
        assert caught.value.code == "AWS003"
    with pytest.raises(TransientError, match=r"^Failed to update tracking record: EndpointConnectionError$") as caught:
        table.replace(a_record())
    assert caught.value.code == "FBK003"
