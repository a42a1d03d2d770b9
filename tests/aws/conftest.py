"""Adapters talk to moto or a Stubber, never to a real account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from moto.sqs.exceptions import InvalidParameterValue
from moto.sqs.models import SQSBackend

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REGION = "eu-west-1"
CONTROL = "sesmailengine-Control"
NOW = 1_795_516_260.0  # 2026-11-24T10:31:00Z


@pytest.fixture(autouse=True)
def no_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def queues_count_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse what SQS refuses: moto counts a message's characters.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    send_message = SQSBackend.send_message

    def send(backend: SQSBackend, queue_name: str, message_body: str, *rest: Any, **named: Any) -> Any:
        largest: int = vars(backend.get_queue(queue_name))["maximum_message_size"]
        if len(message_body.encode()) > largest:
            raise InvalidParameterValue(f"Reason: Message must be shorter than {largest} bytes.")
        return send_message(backend, queue_name, message_body, *rest, **named)

    monkeypatch.setattr(SQSBackend, "send_message", send)


@pytest.fixture
def control(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """A client of moto's DynamoDB with the control table.

    Moto checks a condition and writes in two steps; DynamoDB does it in one, and so does this client.
    """
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName=CONTROL,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        one_at_a_time = threading.Lock()

        def atomic(write: Callable[..., Any], **given: Any) -> Any:
            with one_at_a_time:
                return write(**given)

        for name in ("update_item", "put_item"):
            monkeypatch.setattr(client, name, partial(atomic, getattr(client, name)))
        yield client


def stored(client: DynamoDBClient, key: str) -> dict[str, Any]:
    """Read an item of the control table; empty if there is none."""
    return dict(client.get_item(TableName=CONTROL, Key={"pk": {"S": key}}, ConsistentRead=True).get("Item", {}))


def calls_of(client: DynamoDBClient) -> list[str]:
    """Return a list that grows with the operations that the client calls."""
    calls: list[str] = []
    client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    return calls
