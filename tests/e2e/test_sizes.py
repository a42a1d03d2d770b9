"""The emulated queues and bus take what AWS's take; the largest request goes through every hop of the engine."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.clients import client
from localcloud.emulator import Emulator, start_ministack
from localcloud.queue_policy import allow_delivery
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from sesmail_layer.domain.times import utc_text
from tests.e2e.harness.cli import sesmail
from tests.e2e.harness.engine import EngineUnderTest

KB = 1024
LIMIT = 252 * KB
BEHIND_THE_BUS = [
    *("EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue", "EventBridgeDLQ"),
    *("EmailQueueDLQ", "BulkQueueDLQ", "RetryDLQ", "BulkRetryDLQ"),
]


@pytest.fixture(scope="module")
def plain_emulator() -> Iterator[Emulator]:
    """An emulator without the engine."""
    started = start_ministack()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def queue(plain_emulator: Emulator) -> str:
    """A queue of 256 KB that a rule delivers to."""
    events, sqs = client(plain_emulator, "events"), client(plain_emulator, "sqs")
    attributes = {"MaximumMessageSize": str(256 * KB)}
    url: str = sqs.create_queue(QueueName="sizes", Attributes=attributes)["QueueUrl"]
    rule = events.put_rule(Name="sizes", EventPattern='{"source":["sizes"]}')["RuleArn"]
    arn = allow_delivery(sqs, url, "events.amazonaws.com", rule)
    events.put_targets(Rule="sizes", Targets=[{"Id": "queue", "Arn": arn}])
    return url


def put(emulator: Emulator, *texts: str) -> dict[str, Any]:
    entries = [{"Source": "sizes", "DetailType": "Size", "Detail": json.dumps({"x": text})} for text in texts]
    return dict(client(emulator, "events").put_events(Entries=entries))


def received(emulator: Emulator, queue: str) -> list[int]:
    """The sizes of the events on the queue, which is empty afterwards."""
    sqs = client(emulator, "sqs")
    time.sleep(1)
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    sqs.purge_queue(QueueUrl=queue)
    return [len(message["Body"].encode()) for message in messages]


def test_an_event_that_is_too_large_for_the_queue_is_not_delivered(plain_emulator: Emulator, queue: str) -> None:
    put(plain_emulator, "")
    (around,) = received(plain_emulator, queue)

    put(plain_emulator, "x" * (256 * KB - around))
    put(plain_emulator, "x" * (256 * KB - around + 1))

    assert received(plain_emulator, queue) == [256 * KB]


def test_a_call_of_a_megabyte_is_rejected(plain_emulator: Emulator, queue: str) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Total size of the entries"):
        put(plain_emulator, *["x" * 128 * KB] * 8)


@pytest.mark.parametrize("attributes", [{}, {"Why": {"DataType": "String", "StringValue": "x" * 91}}])
def test_a_message_s_attributes_count(plain_emulator: Emulator, queue: str, attributes: dict[str, Any]) -> None:
    sqs = client(plain_emulator, "sqs")
    largest = "ü" * (128 * KB - (50 if attributes else 0))

    sqs.send_message(QueueUrl=queue, MessageBody=largest, MessageAttributes=attributes)
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        sqs.send_message(QueueUrl=queue, MessageBody=largest + "x", MessageAttributes=attributes)
    sqs.purge_queue(QueueUrl=queue)


# --- the engine ------------------------------------------------------------------------------------------------------


def largest_request(engine: EngineUnderTest, source: str, to: str, **fields: Any) -> str:
    """Put a request of nearly the largest size (its envelope is EventBridge's to write); return its emailId."""
    data = {"userName": "John", "companyName": "My Company", "numbers": [1e15] * 5_000, "text": ""}
    detail = {"to": to, "templateName": "welcome", "templateData": data, **fields}
    room = LIMIT - len(json.dumps(detail).encode()) - 400
    data["text"] = "ü" * (room // 6)  # \u00fc
    [event_id] = engine.put_email_requests([detail], source)
    return f"email-{event_id}"


def test_the_largest_request_goes_through_a_pause_a_schedule_an_error_and_a_soft_bounce(
    engine: EngineUnderTest,
) -> None:
    source = f"sizes.tests.{uuid.uuid4().hex[:8]}"
    to = f"softbounce+once-{uuid.uuid4().hex[:8]}@{SIMULATOR_DOMAIN}"
    # Not known yet: where the sender has read a producer's state, a pause is in force up to 15 seconds later.
    sesmail(engine, "pause", "--producer", source, "--reason", "sizes", "--force")
    email_id = largest_request(engine, source, to, sendAt=utc_text(time.time() + 75))
    assert engine.wait_for_status(email_id, "deferred")["deferReason"] == "paused"
    sesmail(engine, "resume", "--producer", source)
    engine.inject_fault("throttling")
    try:
        record = engine.wait_for_status(email_id, "delivered", seconds=240)
    finally:
        engine.clear_faults()

    assert record["attempt"] == 2
    assert {"deferred", "sent", "soft_bounced", "delivered"} <= set(engine.statuses_of(email_id))
    assert engine.depths(["EventBridgeDLQ", "EmailQueueDLQ", "RetryDLQ"]) == {}
