"""A message that cannot be parsed ends in the dead-letter queue, and no other message with it."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES
from localcloud.wait import wait_for
from tests.e2e.harness.cli import sesmail
from tests.e2e.harness.engine import EngineUnderTest

RNG = random.Random(4)
# SQS's alphabet (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)
RANDOM_BYTES = "".join(chr(RNG.choice([9, 10, *range(32, 0xD7FF)])) for _ in range(512))
DETAIL: dict[str, Any] = {"templateName": "welcome", "templateData": {"userName": "Ann", "companyName": "My Company"}}
# Each takes all the time, or all the memory, that it is given.
POISON_TEMPLATES = {
    "compiles for half a minute": "".join(f"{{%set a{n}=1%}}" for n in range(7_000))
    + "{%if x%}{%set b=1%}{%endif%}" * 4_500,
    "loops for ever": "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{{ a }}"
    "{% endfor %}{% endfor %}{% endfor %}",
    "takes 600 MB": "{{ ('😀' * 3800000)|sort }}",
}
# LocalStack cannot decode it either, and would never hand its batch to the function.
DEEP = "[" * 50_000
UNREADABLE_REQUESTS = [RANDOM_BYTES, json.dumps({"hello": "world"}), json.dumps([1, 2, 3]), DEEP]


@pytest.mark.parametrize(
    ("queue", "dead_letter_queue", "messages"),
    [
        ("EmailQueue", "EmailQueueDLQ", UNREADABLE_REQUESTS),
        ("BulkQueue", "BulkQueueDLQ", [RANDOM_BYTES]),
        ("RetryQueue", "RetryDLQ", [RANDOM_BYTES]),
        ("BulkRetryQueue", "BulkRetryDLQ", [RANDOM_BYTES]),
        ("FeedbackQueue", "FeedbackProcessorDLQ", [RANDOM_BYTES]),
    ],
    ids=["EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue", "FeedbackQueue"],
)
def test_an_unreadable_message_is_a_dead_letter_at_first_sight_with_the_reason(
    engine: EngineUnderTest, queue: str, dead_letter_queue: str, messages: list[str]
) -> None:
    messages = [body for body in messages if body != DEEP or engine.emulator.backend == "ministack"]
    # Six times the function's timeout hides a message after a receive: there is no second one in this time.
    url = engine.queue_url(queue)
    entries: list[Any] = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(messages)]
    assert not engine.sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
    wait_for(lambda: engine.depth(dead_letter_queue) == len(messages), f"{dead_letter_queue} to fill", 60)
    # The dead letter comes before the acknowledgement.
    wait_for(lambda: engine.depth(queue) == 0, f"{queue} to be empty", 30)
    url = engine.queue_url(dead_letter_queue)
    answer = engine.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=0
    )
    assert sorted(message["Body"] for message in answer["Messages"]) == sorted(messages)
    for message in answer["Messages"]:
        assert message["MessageAttributes"].keys() == {"Reason", "SentAt"}
    shown = sesmail(engine, "redrive", queue, "--cause", "unreadable", "--dry-run", exit_code=1)
    assert f"unreadable · {len(messages)} message" in shown
    sesmail(engine, "redrive", queue, "--cause", "unreadable", "--discard", "all", "--yes")
    assert engine.depth(dead_letter_queue) == 0


def test_a_poison_message_leaves_the_rest_of_its_batch_alone(engine: EngineUnderTest) -> None:
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


@pytest.mark.parametrize("html", POISON_TEMPLATES.values(), ids=POISON_TEMPLATES)
def test_a_poison_template_fails_its_own_email_and_leaves_nine_others_alone(engine: EngineUnderTest, html: str) -> None:
    template = f"poison-{uuid.uuid4().hex[:8]}"
    files = {"template.html": html, "template.txt": "Hello", "metadata.json": '{"subject": "Hello"}'}
    for name, text in files.items():
        key = f"templates/{template}/{name}"
        engine.s3.put_object(Bucket=engine.outputs["template_bucket_name"], Key=key, Body=text.encode())
    run = uuid.uuid4().hex[:8]
    good = [{**DETAIL, "emailId": f"good-{run}-{n}", "to": f"good-{run}-{n}@example.org"} for n in range(9)]
    poison = {"emailId": f"poison-{run}", "to": f"poison-{run}@example.org", "templateName": template}

    engine.put_email_requests([*good[:4], poison, *good[4:]])

    for detail in good:
        engine.wait_for_status(detail["emailId"], engine.final_status, seconds=90)
        assert len(engine.mails_to(detail["to"])) == 1
    engine.wait_for_status(poison["emailId"], "failed", seconds=90)
    engine.wait_until_idle()
    assert (engine.record(poison["emailId"]) or {})["errorType"] == "template_render_error"
    assert "Failed to render template" in sesmail(engine, "explain", poison["emailId"], exit_code=1)
    assert engine.mails_to(poison["to"]) == []
    assert "failed" in engine.statuses_of(poison["emailId"])
    assert engine.depths(DEAD_LETTER_QUEUES) == {}


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
            "detail": {**DETAIL, "to": f"{key}@example.org"},
        }
    )
