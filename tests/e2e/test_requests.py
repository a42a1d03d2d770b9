"""Requests that end before SES, or meet an earlier one: each rejection, suppression, repetition and conflict."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest

SUPPRESSED = f"unwanted-{uuid.uuid4().hex[:8]}@example.org"


@dataclass(frozen=True)
class Rejection:
    """A request that never reaches SES, and its expected record."""

    error_type: str
    message: str
    changes: dict[str, Any]


REJECTIONS = {
    "no to": Rejection("validation_error", "Validation error: Missing required field: 'to'", {"to": None}),
    "no template": Rejection(
        "validation_error", "Validation error: Missing required field: 'templateName'", {"templateName": None}
    ),
    "no address": Rejection("validation_error", "Validation error: Invalid email address format", {"to": "ann"}),
    "two addresses": Rejection("validation_error", "Validation error", {"to": "a@example.org, b@example.org"}),
    "header injection": Rejection("validation_error", "Validation error", {"subject": "Hi\r\nBcc: b@example.org"}),
    "near miss": Rejection("validation_error", "replyTo", {"replyto": "a@example.org"}),
    "path as template": Rejection("validation_error", "templateName", {"templateName": "../welcome"}),
    "metadata too large": Rejection("validation_error", "metadata", {"metadata": {"text": "x" * 17_000}}),
    "unknown template": Rejection("template_not_found", "Template 'nowhere' not found", {"templateName": "nowhere"}),
    "missing variable": Rejection(
        "template_render_error", "Missing required variables: ['companyName']", {"templateData": {"userName": "Ann"}}
    ),
    "suppressed": Rejection("suppressed", "Email not sent: recipient is suppressed (manual)", {"to": SUPPRESSED}),
}


def suppress(engine: EngineUnderTest, address: str) -> None:
    """As an operator does, with the AWS CLI."""
    entry = {
        "email": {"S": address},
        "suppressionType": {"S": "manual"},
        "reason": {"S": "manual"},
        "addedToSuppressionDate": {"S": "2026-01-01T00:00:00.000Z"},
    }
    engine.dynamodb.put_item(TableName=engine.outputs["suppression_table_name"], Item=entry)


@pytest.fixture(scope="module")
def rejected(engine: EngineUnderTest) -> dict[str, str]:
    """The email ids of all rejected requests, sent at once."""
    suppress(engine, SUPPRESSED)
    good = {"templateName": "welcome", "templateData": {"userName": "Ann", "companyName": "My Company"}}
    details = []
    for number, rejection in enumerate(REJECTIONS.values()):
        detail = good | {"to": f"rejected{number}@example.org"} | rejection.changes
        details.append({name: value for name, value in detail.items() if value is not None})
    event_ids = engine.put_email_requests(details)
    return dict(zip(REJECTIONS, (f"email-{event_id}" for event_id in event_ids), strict=True))


@pytest.mark.parametrize("kind", REJECTIONS)
def test_a_rejected_request_is_recorded_and_published_and_never_sent(
    engine: EngineUnderTest, rejected: dict[str, str], kind: str
) -> None:
    rejection, email_id = REJECTIONS[kind], rejected[kind]
    record = engine.wait_for_status(email_id, "failed")
    assert record["errorType"] == rejection.error_type
    assert rejection.message in record["errorMessage"]
    [event] = wait_for(lambda: engine.subscriber.details_of(email_id), "the status event")
    assert event["status"] == "failed"
    assert event["errorType"] == rejection.error_type
    assert event["errorMessage"] == record["errorMessage"]
    assert "sesMessageId" not in event
    assert not engine.mails_to(rejection.changes.get("to") or f"rejected{list(REJECTIONS).index(kind)}@example.org")


def test_the_same_request_under_the_same_id_is_one_email(engine: EngineUnderTest) -> None:
    email_id, to = f"order-{uuid.uuid4()}", f"once-{uuid.uuid4().hex[:8]}@example.org"
    for _ in range(3):
        engine.put_email_request(to, emailId=email_id)
    engine.wait_for_status(email_id, "sent", "delivered")
    engine.wait_until_idle()
    assert len(engine.mails_to(to)) == 1
    assert engine.statuses_of(email_id).count("sent") == 1


def test_another_request_under_a_taken_id_is_a_conflict_and_leaves_the_first_alone(engine: EngineUnderTest) -> None:
    email_id = f"order-{uuid.uuid4()}"
    first, second = (f"{name}-{uuid.uuid4().hex[:8]}@example.org" for name in ("first", "second"))
    engine.put_email_request(first, emailId=email_id)
    before = engine.wait_for_status(email_id, "sent", "delivered")
    detail = {"to": second, "emailId": email_id, "templateName": "welcome", "templateData": {"userName": "Bo"}}
    [event_id] = engine.put_email_requests([detail])
    conflict = engine.wait_for_status(f"email-{event_id}", "failed")
    assert conflict["errorType"] == "duplicate_conflict"
    assert conflict["conflictsWith"] == email_id
    assert engine.mails_to(second) == []
    after = engine.record(email_id)
    assert after is not None
    assert (after["toEmail"], after["sesMessageId"]) == (first, before["sesMessageId"])


def test_a_request_that_failed_before_ses_may_be_sent_again_under_its_id(engine: EngineUnderTest) -> None:
    email_id, to = f"order-{uuid.uuid4()}", f"again-{uuid.uuid4().hex[:8]}@example.org"
    suppress(engine, to)
    engine.put_email_request(to, emailId=email_id)
    engine.wait_for_status(email_id, "failed")
    engine.dynamodb.delete_item(TableName=engine.outputs["suppression_table_name"], Key={"email": {"S": to}})
    engine.put_email_request(to, emailId=email_id)
    record = engine.wait_for_status(email_id, "sent", "delivered")
    assert "errorType" not in record
    assert len(engine.mails_to(to)) == 1


def test_a_suppressed_copy_recipient_is_dropped_and_the_email_goes_to_the_others(engine: EngineUnderTest) -> None:
    tag = uuid.uuid4().hex[:8]
    suppress(engine, f"dropped-{tag}@example.org")
    email_id = engine.put_email_request(
        f"to-{tag}@example.org",
        cc=[f"cc-{tag}@example.org", f"dropped-{tag}@example.org"],
        bcc=[f"bcc-{tag}@example.org"],
    )
    engine.wait_for_status(email_id, "sent", "delivered")
    [mail] = engine.mails_to(f"to-{tag}@example.org")
    # LocalStack shows the message's headers only, and with them no blind copy.
    expected = ["bcc", "cc", "to"] if engine.emulator.has_full_ses else ["cc", "to"]
    assert sorted(mail.destinations) == [f"{name}-{tag}@example.org" for name in expected]
    assert "Bcc" not in mail.parsed


def test_the_dead_letter_queues_are_empty(engine: EngineUnderTest) -> None:
    assert engine.depths(DEAD_LETTER_QUEUES) == {}
