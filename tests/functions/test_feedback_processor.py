"""The deployed FeedbackProcessor on moto: SES events in; records, suppressions and status events out."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.functions.conftest import Package, Ran, run_handler

EVENTS = Path(__file__).parents[1] / "events"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:sesmailengine-SESFeedback"


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / name).read_text())["event"]
    return event


def message(message_id: str, event: object, topic: str = TOPIC) -> dict[str, Any]:
    text = event if isinstance(event, str) else json.dumps(event)
    return {
        "messageId": message_id,
        "body": json.dumps({"Type": "Notification", "MessageId": message_id, "TopicArn": topic, "Message": text}),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": f"{time.time() * 1000:.0f}"},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:sesmailengine-FeedbackQueue",
    }


def sent(email_id: str, ses_message_id: str, to: str) -> dict[str, Any]:
    """A record as the sender stores it."""
    at = "2016-01-01T00:00:00.000Z"
    entry = {"key": "sent/1", "at": at, "status": "sent", "detail": {"sesMessageId": ses_message_id}}
    return {
        "emailId": email_id,
        "sesMessageId": ses_message_id,
        "toEmail": to,
        "status": "sent",
        "attempt": 1,
        "timestamp": at,
        "datePartition": at[:10],
        "ttl": 2_000_000_000,
        "originalSource": "my.application",
        "templateName": "welcome",
        "metadata": {"order": 7},
        "sentAt": at,
        "history": [entry],
        "transitions": {"sent/1": "sending"},
        "revision": 2,
    }


@pytest.fixture(scope="module", params=["layer", "bundled"])
def ran(request: pytest.FixtureRequest, package: Package) -> Ran:
    """One batch: a bounce by tag, a delivery by SES's id, complaints about unknown emails, and no events."""
    messages = [
        message("bounce", sample("hard_cases/bounce-permanent-no-email.json")),
        message("delivery", sample("aws/identity-delivery.json")),
        message("early", sample("aws/identity-complaint-with-report.json")),
        message("foreign", sample("aws/configuration-set-complaint.json")),
        message("greeting", (EVENTS / "not_events/topic-validation.txt").read_text()),
        message("broken", (EVENTS / "not_events/truncated.json").read_text()),
        message("forged", sample("hard_cases/bounce-permanent-no-email.json"), topic=TOPIC.replace("1234", "6666")),
        {**message("bytes", ""), "body": "no JSON"},
    ]
    records = [
        sent("email-1", "0100-hard-case-000000", "john@example.com"),
        sent("email-2", "0000014644fe5ef6-9a483358-9170-4cb4-a269-f5dcdf415321-000000", "jane@example.com"),
    ]
    given = {"event": {"Records": messages}, "items": {"tracking": records}}
    return run_handler(package, "feedback_processor", given, request.param)


def test_only_unreadable_messages_are_dead_letters_and_nothing_is_redelivered(ran: Ran) -> None:
    broken, text = (letter["body"] for letter in ran.queued["FeedbackProcessorDLQ"])

    assert ran.answer == {"batchItemFailures": []}
    assert (broken["MessageId"], text) == ("broken", "no JSON")


def test_an_event_before_its_record_waits_on_the_queue(ran: Ran) -> None:
    [waiting] = ran.queued["FeedbackQueue"]

    assert waiting["body"]["MessageId"] == "early"
    assert waiting["body"]["sesmailHop"]["tries"] == 1


def test_the_records_have_ses_s_events(ran: Ran) -> None:
    assert ran.record("email-1")["status"] == "bounced"
    assert ran.record("email-1")["bounceType"] == "Permanent"
    assert ran.record("email-2")["status"] == "delivered"
    assert ran.record("email-2")["deliveredAt"] == "2016-01-27T14:59:38.237Z"


def test_the_bounced_address_alone_is_suppressed(ran: Ran) -> None:
    [entry] = ran.tables["suppression"]

    assert (entry["email"], entry["reason"], entry["emailId"]) == ("john@example.com", "hard-bounce", "email-1")


def test_the_status_changes_are_published(ran: Ran) -> None:
    changes = {event["detail"]["emailId"]: event for event in ran.published if event["detail"]["status"] != "sent"}

    assert {email_id: event["detail"]["status"] for email_id, event in changes.items()} == {
        "email-1": "bounced",
        "email-2": "delivered",
    }
    assert {(event["source"], event["detail-type"]) for event in ran.published} == {
        ("sesmailengine", "Email Status Changed")
    }
    assert changes["email-1"]["detail"]["metadata"] == {"order": 7}


def test_the_log_has_the_documented_messages_the_metrics_and_no_address(ran: Ran) -> None:
    assert {line["code"] for line in ran.log if "code" in line} == {"FBK001", "FBK010"}
    assert "Failed to parse SNS message" in ran.output
    metrics = {name: value for line in ran.log if "_aws" in line for name, value in line.items()}
    assert metrics.items() >= {"EmailBounced": 1, "EmailDelivered": 1, "FeedbackRefused": 1, "RecordFailed": 2}.items()
    assert "@example.com" not in ran.output
