"""A message that cannot be parsed ends in the dead-letter queue, and no other message with it."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest

RNG = random.Random(4)
# SQS's alphabet (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)
RANDOM_BYTES = "".join(chr(RNG.choice([9, 10, *range(32, 0xD7FF)])) for _ in range(512))
UNREADABLE_REQUESTS = [RANDOM_BYTES, json.dumps({"hello": "world"}), json.dumps([1, 2, 3]), "[" * 50_000]


@contextmanager
def visibility_seconds(engine: EngineUnderTest, queue: str, seconds: int) -> Iterator[None]:
    """Shorten the visibility timeout: five receives take an hour in production."""
    url = engine.queue_url(queue)
    asked = engine.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    before = {"VisibilityTimeout": asked["Attributes"]["VisibilityTimeout"]}
    engine.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
    try:
        yield
    finally:
        engine.sqs.set_queue_attributes(QueueUrl=url, Attributes=cast("Any", before))


@pytest.mark.parametrize(
    ("queue", "dead_letter_queue", "messages"),
    [
        ("EmailQueue", "EmailQueueDLQ", UNREADABLE_REQUESTS),
        ("BulkQueue", "BulkQueueDLQ", [RANDOM_BYTES]),
        ("RetryQueue", "RetryDLQ", [RANDOM_BYTES]),
        ("FeedbackQueue", "FeedbackProcessorDLQ", [RANDOM_BYTES]),
    ],
    ids=["EmailQueue", "BulkQueue", "RetryQueue", "FeedbackQueue"],
)
def test_an_unreadable_message_ends_in_the_dead_letter_queue(
    engine: EngineUnderTest, queue: str, dead_letter_queue: str, messages: list[str]
) -> None:
    with visibility_seconds(engine, queue, 1):
        url = engine.queue_url(queue)
        entries: list[Any] = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(messages)]
        assert not engine.sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
        wait_for(lambda: engine.depth(dead_letter_queue) == len(messages), f"{dead_letter_queue} to fill", 60)
        assert engine.depth(queue) == 0
    url = engine.queue_url(dead_letter_queue)
    found = engine.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in found) == sorted(messages)
    engine.purge(dead_letter_queue)


def test_a_poison_message_leaves_the_rest_of_its_batch_alone(engine: EngineUnderTest) -> None:
    with visibility_seconds(engine, "EmailQueue", 1):
        keys = [uuid.uuid4().hex for _ in range(9)]
        entries: list[Any] = [{"Id": str(n), "MessageBody": envelope(key)} for n, key in enumerate(keys)]
        entries.insert(4, {"Id": "poison", "MessageBody": RANDOM_BYTES})
        answer = engine.sqs.send_message_batch(QueueUrl=engine.queue_url("EmailQueue"), Entries=entries)
        assert not answer.get("Failed")
        for key in keys:
            engine.wait_for_status(f"email-{key}", engine.final_status)
            assert len(engine.mails_to(f"{key}@example.org")) == 1
        wait_for(lambda: engine.depth("EmailQueueDLQ") == 1, "the poison in the DLQ", 60)
    assert engine.depths(DEAD_LETTER_QUEUES) == {"EmailQueueDLQ": 1}
    engine.purge("EmailQueueDLQ")


def envelope(key: str) -> str:
    """A request as EventBridge puts it on the queue."""
    return json.dumps(
        {
            "version": "0",
            "id": key,
            "detail-type": "Email Request",
            "source": "my.application",
            "account": "000000000000",
            "time": "2026-11-24T10:31:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail": {
                "to": f"{key}@example.org",
                "templateName": "welcome",
                "templateData": {"userName": "Ann", "companyName": "My Company"},
            },
        }
    )
