"""What cannot be read at all ends in the dead-letter queue, and takes no other message with it."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from localcloud.stack import DEAD_LETTER_QUEUES, Stack, wait_for

DICE = random.Random(4)
# SQS's alphabet (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)
RANDOM_BYTES = "".join(chr(DICE.choice([9, 10, *range(32, 0xD7FF)])) for _ in range(512))
UNREADABLE_REQUESTS = [RANDOM_BYTES, json.dumps({"hello": "world"}), json.dumps([1, 2, 3]), "[" * 50_000]


@contextmanager
def visibility_seconds(stack: Stack, queue: str, seconds: int) -> Iterator[None]:
    """A shorter visibility timeout, so that five receives do not take the hour that they take in production."""
    url = stack.queue_url(queue)
    asked = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    before = {"VisibilityTimeout": asked["Attributes"]["VisibilityTimeout"]}
    stack.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
    try:
        yield
    finally:
        stack.sqs.set_queue_attributes(QueueUrl=url, Attributes=cast("Any", before))


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
    stack: Stack, queue: str, dead_letter_queue: str, messages: list[str]
) -> None:
    with visibility_seconds(stack, queue, 1):
        url = stack.queue_url(queue)
        entries: list[Any] = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(messages)]
        assert not stack.sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
        wait_for(lambda: stack.depth(dead_letter_queue) == len(messages), f"{dead_letter_queue} to fill", 60)
        assert stack.depth(queue) == 0
    url = stack.queue_url(dead_letter_queue)
    found = stack.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in found) == sorted(messages)
    stack.purge(dead_letter_queue)


def test_poison_takes_no_other_message_of_its_batch_with_it(stack: Stack) -> None:
    with visibility_seconds(stack, "EmailQueue", 1):
        marks = [uuid.uuid4().hex for _ in range(9)]
        entries: list[Any] = [{"Id": str(n), "MessageBody": envelope(mark)} for n, mark in enumerate(marks)]
        entries.insert(4, {"Id": "poison", "MessageBody": RANDOM_BYTES})
        answer = stack.sqs.send_message_batch(QueueUrl=stack.queue_url("EmailQueue"), Entries=entries)
        assert not answer.get("Failed")
        for mark in marks:
            stack.wait_for_status(f"email-{mark}", stack.settled_status)
            assert len(stack.mails_to(f"{mark}@example.org")) == 1
        wait_for(lambda: stack.depth("EmailQueueDLQ") == 1, "the poison in the DLQ", 60)
    assert stack.depths(DEAD_LETTER_QUEUES) == {"EmailQueueDLQ": 1}
    stack.purge("EmailQueueDLQ")


def envelope(mark: str) -> str:
    """A request as EventBridge puts it on the queue."""
    return json.dumps(
        {
            "version": "0",
            "id": mark,
            "detail-type": "Email Request",
            "source": "my.application",
            "account": "000000000000",
            "time": "2026-11-24T10:31:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail": {
                "to": f"{mark}@example.org",
                "templateName": "welcome",
                "templateData": {"userName": "Ann", "companyName": "My Company"},
            },
        }
    )
