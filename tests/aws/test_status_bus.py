"""Publishing status events: batches, sizes, and entries that EventBridge rejects."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from sesmail_layer.aws.status_bus import StatusBus
from sesmail_layer.domain.status_event import StatusEvent
from sesmail_layer.runtime.parallel import run_all

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

BUS = "sesmailengine-EmailBus"


def events(count: int, **given: Any) -> list[StatusEvent]:
    return [
        StatusEvent(
            email_id=f"email-{number}",
            record_id=f"record-{number}",
            status="sent",
            timestamp="2026-11-24T10:31:00.000Z",
            attempt=1,
            event_id=f"event-{number}",
            **given,
        )
        for number in range(count)
    ]


class Bus:
    """A PutEvents that rejects given entries as EventBridge does, which moto cannot."""

    def __init__(self, client: EventBridgeClient, refusals: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.pauses: list[float] = []
        self._refusals = refusals
        monkeypatch.setattr(client, "put_events", self._put_events)
        self.bus = StatusBus(client, BUS, "sesmailengine", sleep=self.pauses.append)

    def _put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls.append(Entries)
        return {"Entries": [self._answer(json.loads(entry["Detail"])["eventId"]) for entry in Entries]}

    def _answer(self, event_id: str) -> dict[str, str]:
        left = self._refusals.get(event_id, 0)
        self._refusals[event_id] = left - 1
        return {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"} if left > 0 else {"EventId": "x"}


@pytest.fixture
def client() -> EventBridgeClient:
    with mock_aws():
        return boto3.client("events", region_name="eu-west-1")


def test_an_event_matches_the_documented_contract() -> None:
    with mock_aws():
        client = boto3.client("events", region_name="eu-west-1")
        queues = boto3.client("sqs", region_name="eu-west-1")
        queue = queues.create_queue(QueueName="subscriber")["QueueUrl"]
        client.create_event_bus(Name=BUS)
        pattern = {"source": ["sesmailengine"], "detail-type": ["Email Status Changed"], "detail": {"status": ["sent"]}}
        client.put_rule(Name="rule", EventBusName=BUS, EventPattern=json.dumps(pattern))
        arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        client.put_targets(Rule="rule", EventBusName=BUS, Targets=[{"Id": "1", "Arn": arn}])

        rejected = StatusBus(client, BUS, "sesmailengine").publish(events(12, metadata={"order": 1}))

        assert rejected == {}
        bodies = []
        while messages := queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            bodies += [json.loads(message["Body"]) for message in messages]
        assert len(bodies) == 12
        assert bodies[0]["detail"] == {
            "emailId": "email-0",
            "recordId": "record-0",
            "status": "sent",
            "timestamp": "2026-11-24T10:31:00.000Z",
            "metadata": {"order": 1},
            "attempt": 1,
            "eventId": "event-0",
        }


def test_a_call_has_at_most_ten_entries_and_an_event_is_sent_once(
    client: EventBridgeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Bus(client, {}, monkeypatch)
    fake.bus.publish(events(25) + events(5))

    assert [len(call) for call in fake.calls] == [10, 10, 5]


def test_a_call_has_at_most_256_kilobytes(client: EventBridgeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Bus(client, {}, monkeypatch)
    fake.bus.publish(events(10, subject="ü" * 25_000))

    assert [len(call) for call in fake.calls] == [5, 5]


@pytest.mark.parametrize(("more", "calls"), [(0, [2]), (1, [1, 1])])
def test_a_call_has_less_than_256_kilobytes_in_bytes(
    client: EventBridgeClient, monkeypatch: pytest.MonkeyPatch, more: int, calls: list[int]
) -> None:
    fake = Bus(client, {}, monkeypatch)
    around = sum(len(part) for part in ("sesmailengine", "Email Status Changed", msgspec.json.encode(events(1)[0])))
    subject = "ü" * ((128 * 1024 - around - len(',"subject":""')) // 2 - 1)
    two = events(2, subject=subject)
    left = 256 * 1024 - 2 * (around + len(',"subject":""') + len(subject.encode()))
    two[1] = msgspec.structs.replace(two[1], subject=subject + "x" * (left - 1 + more))

    fake.bus.publish(two)

    assert [len(call) for call in fake.calls] == calls


def test_only_rejected_entries_are_retried(client: EventBridgeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Bus(client, {"event-3": 1, "event-7": 2}, monkeypatch)

    assert fake.bus.publish(events(10)) == {}
    assert [len(call) for call in fake.calls] == [10, 2, 1]
    assert len(fake.pauses) == 2


def test_entries_that_stay_rejected_are_returned_with_the_reason(
    client: EventBridgeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Bus(client, {"event-3": 99}, monkeypatch)

    assert fake.bus.publish(events(10)) == {"event-3": "ThrottlingException"}
    assert len(fake.calls) == 3


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ClientError({"Error": {"Code": "InternalException", "Message": ""}}, "PutEvents"), "InternalException"),
        (ReadTimeoutError(endpoint_url="https://events.example"), "ReadTimeoutError"),
    ],
)
def test_a_failed_call_rejects_all_its_entries(
    client: EventBridgeClient, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    calls: list[int] = []

    def fail(Entries: list[object]) -> None:
        calls.append(len(Entries))
        raise error

    monkeypatch.setattr(client, "put_events", fail)

    assert StatusBus(client, BUS, "s", sleep=lambda _: None).publish(events(12)) == {
        f"event-{number}": reason for number in range(12)
    }
    assert calls == [10, 2], "botocore has repeated each of them already"


def test_calls_are_made_all_at_once(client: EventBridgeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(5, timeout=10)

    def put_events(Entries: list[object]) -> dict[str, Any]:
        together.wait()
        return {"Entries": [{"EventId": "x"} for _ in Entries]}

    monkeypatch.setattr(client, "put_events", put_events)

    assert StatusBus(client, BUS, "s", run_all=run_all).publish(events(50)) == {}


def test_without_events_there_is_no_call(client: EventBridgeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Bus(client, {}, monkeypatch)

    assert fake.bus.publish([]) == {}
    assert fake.calls == []
