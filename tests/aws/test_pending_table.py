"""The pending table's adapter against moto's DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from sesmail_layer.aws.pending_table import KEPT_SECONDS, PendingTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.request.envelopes import (
    PendingRequest,
    RequestEnvelope,
    pack_request,
    unpack_request,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "sesmailengine-Pending"
NOW = 1_795_516_260.0


class SetClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(
            TableName=NAME,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "emailId", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "emailId", "KeyType": "HASH"}],
        )
        yield client


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def table(client: DynamoDBClient, clock: SetClock) -> PendingTable:
    return PendingTable(client, NAME, clock, sleep=lambda _seconds: None)


def request(**detail: Any) -> PendingRequest:
    envelope = RequestEnvelope(id="event-1", source="app", detail=detail, detail_type="Email Request")
    kept = pack_request(envelope, 1)
    assert kept is not None
    return kept


def test_a_kept_request_is_read_as_the_next_attempts_message(table: PendingTable) -> None:
    detail = {"to": "jürgen@example.com", "templateData": {"text": "Grüße ✓", "n": 1.5}}
    table.keep("email-1", request(**detail))

    kept = table.get("email-1")
    assert kept is not None
    envelope = unpack_request(kept, NOW + 900)
    assert (envelope.id, envelope.source, envelope.detail) == ("event-1", "app", detail)
    assert (envelope.hop.attempt, envelope.hop.not_before) == (2, NOW + 900)


def test_a_request_is_stored_compressed_with_its_ttl_in_seconds(table: PendingTable, client: DynamoDBClient) -> None:
    table.keep("email-1", request(text="secret " * 10_000))

    [item] = client.scan(TableName=NAME)["Items"]
    assert item["ttl"] == {"N": str(int(NOW) + KEPT_SECONDS)}
    assert len(item["request"]["B"]) < 1_000
    assert b"secret" not in item["request"]["B"]
    assert "secret" not in json.dumps(item, default=str)


def test_an_expired_request_is_not_returned_even_if_dynamodb_still_has_it(table: PendingTable, clock: SetClock) -> None:
    table.keep("email-1", request())
    clock.time += KEPT_SECONDS - 1
    assert table.get("email-1") is not None
    clock.time += 1

    assert table.get("email-1") is None


def test_a_request_that_was_not_kept_is_none(table: PendingTable) -> None:
    assert table.get("email-1") is None


def test_deleting_many_requests_takes_one_call_per_25(table: PendingTable, client: DynamoDBClient) -> None:
    ids = [f"email-{number}" for number in range(30)]
    for email_id in ids:
        table.keep(email_id, request())
    calls: list[int] = []
    client.meta.events.register(
        "provide-client-params.dynamodb.BatchWriteItem",
        lambda params, **_: calls.append(len(params["RequestItems"][NAME])),
    )
    table.forget([*ids, "never-kept"])

    assert client.scan(TableName=NAME)["Count"] == 0
    assert calls == [25, 6]


def test_many_requests_are_kept_by_one_call_per_25(table: PendingTable, client: DynamoDBClient) -> None:
    table.keep("alone", request(number=1))
    [alone] = client.scan(TableName=NAME)["Items"]
    calls: list[int] = []
    client.meta.events.register(
        "provide-client-params.dynamodb.BatchWriteItem",
        lambda params, **_: calls.append(len(params["RequestItems"][NAME])),
    )
    table.keep_all({f"email-{number}": request(number=1) for number in range(30)})

    assert calls == [25, 5]
    items = client.scan(TableName=NAME)["Items"]
    assert {json.dumps(item | {"emailId": ""}, default=str) for item in items} == {
        json.dumps(alone | {"emailId": ""}, default=str)
    }
    kept = table.get("email-29")
    assert kept is not None
    assert unpack_request(kept, NOW).detail == {"number": 1}


def test_unprocessed_deletes_are_retried(client: DynamoDBClient, clock: SetClock) -> None:
    waits: list[float] = []
    table = PendingTable(client, NAME, clock, sleep=waits.append)
    left = {NAME: [{"DeleteRequest": {"Key": {"emailId": {"S": "email-1"}}}}]}
    with Stubber(client) as stub:
        stub.add_response("batch_write_item", {"UnprocessedItems": left})
        stub.add_response("batch_write_item", {"UnprocessedItems": {}}, {"RequestItems": left})
        table.forget(["email-1", "email-2"])
        stub.assert_no_pending_responses()
    assert len(waits) == 1

    with Stubber(client) as stub:
        for _ in range(5):
            stub.add_response("batch_write_item", {"UnprocessedItems": left})
        with pytest.raises(TransientError, match="1 requests stayed unwritten") as caught:
            table.forget(["email-1"])
    assert caught.value.code == "AWS008"


@pytest.mark.parametrize("operation", ["put_item", "get_item", "batch_write_item"])
def test_a_table_that_does_not_answer_is_a_transient_error(
    table: PendingTable, client: DynamoDBClient, operation: str
) -> None:
    calls: dict[str, Callable[[], object]] = {
        "put_item": lambda: table.keep("email-1", request()),
        "get_item": lambda: table.get("email-1"),
        "batch_write_item": lambda: table.forget(["email-1"]),
    }
    with Stubber(client) as stub:
        stub.add_client_error(operation, "ThrottlingException", "slow down")
        with pytest.raises(TransientError, match="DynamoDB error in the pending table: ThrottlingException") as err:
            calls[operation]()
    assert err.value.code == "AWS008"
