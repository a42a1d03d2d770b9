"""SES's events, published to the topic as SES publishes them: both formats, repeated, late, unknown."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES
from localcloud.mailbox import Mail
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.ses_json import HARD, bounce, ses_event

# A browser. "Mozilla/5.0" alone is Apple's prefetcher, which does not count as an open.
OPENED = {
    "ipAddress": "192.0.2.1",
    "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
}


def address(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}@example.org"


def sent(engine: EngineUnderTest, to: str) -> tuple[dict[str, Any], Mail]:
    """Send an email and wait for its own events; return its record and the email."""
    record = engine.put_email_request_and_wait(to, engine.final_status)
    [mail] = engine.mails_to(to)
    return record, mail


@pytest.mark.parametrize("type_key", ["eventType", "notificationType"])
def test_a_bounce_in_either_format_is_recorded_suppressed_and_published(engine: EngineUnderTest, type_key: str) -> None:
    to = address("bounced")
    record, _ = sent(engine, to)
    engine.publish_ses_event(ses_event(record, "Bounce", bounce(to, **HARD), type_key))
    bounced = engine.wait_for_status(record["emailId"], "bounced")
    assert (bounced["bounceType"], bounced["bounceSubType"]) == ("Permanent", "General")
    entry = wait_for(lambda: engine.suppression(to), "the suppression entry")
    assert (entry["suppressionType"], entry["reason"]) == ("bounce", "hard-bounce")
    wait_for(lambda: "bounced" in engine.statuses_of(record["emailId"]), "the status event")
    rejected = engine.put_email_request_and_wait(to, "failed")
    assert rejected["errorMessage"] == "Email not sent: recipient is suppressed (hard-bounce)"
    assert len(engine.mails_to(to)) == 1


def test_a_complaint_is_recorded_and_suppressed(engine: EngineUnderTest) -> None:
    to = address("complained")
    record, _ = sent(engine, to)
    detail = {"complainedRecipients": [{"emailAddress": to}], "complaintFeedbackType": "abuse", "feedbackId": "f-2"}
    engine.publish_ses_event(ses_event(record, "Complaint", detail))
    assert engine.wait_for_status(record["emailId"], "complained")["complaintFeedbackType"] == "abuse"
    entry = wait_for(lambda: engine.suppression(to), "the suppression entry")
    assert entry["reason"] == "spam-complaint"


def test_a_late_delivery_does_not_undo_a_bounce(engine: EngineUnderTest) -> None:
    to = address("late")
    record, _ = sent(engine, to)
    engine.publish_ses_event(ses_event(record, "Bounce", bounce(to, **HARD)))
    engine.wait_for_status(record["emailId"], "bounced")
    engine.publish_ses_event(ses_event(record, "Delivery", {"recipients": [to], "smtpResponse": "250 ok"}))
    engine.wait_until_idle()
    after = engine.record(record["emailId"])
    assert after is not None
    assert after["status"] == "bounced"


def test_an_event_that_is_delivered_three_times_counts_once(engine: EngineUnderTest) -> None:
    to = address("repeated")
    record, _ = sent(engine, to)
    opened = ses_event(record, "Open", OPENED)
    for _ in range(3):
        engine.publish_ses_event(opened)
    engine.wait_for_status(record["emailId"], "opened")
    engine.wait_until_idle()
    after = engine.record(record["emailId"])
    assert after is not None
    assert after["openCount"] == 1
    event_ids = {d["eventId"] for d in engine.subscriber.details_of(record["emailId"]) if d["status"] == "opened"}
    assert len(event_ids) == 1


def test_opens_and_clicks_move_the_status_up(engine: EngineUnderTest) -> None:
    to = address("clicked")
    record, _ = sent(engine, to)
    engine.publish_ses_event(ses_event(record, "Open", OPENED))
    engine.wait_for_status(record["emailId"], "opened")
    click = OPENED | {"link": "https://example.com/a", "linkTags": None}
    engine.publish_ses_event(ses_event(record, "Click", click))
    assert engine.wait_for_status(record["emailId"], "clicked")["clickCount"] == 1


def test_a_message_that_is_too_large_is_a_soft_bounce_that_suppresses_no_address(engine: EngineUnderTest) -> None:
    to = address("large")
    record, _ = sent(engine, to)
    engine.publish_ses_event(ses_event(record, "Bounce", bounce(to, "Transient", "MessageTooLarge", status="5.3.4")))
    engine.wait_until_idle()
    time.sleep(1)
    after = engine.record(record["emailId"])
    assert after is not None
    assert after["status"] == ("delivered" if engine.emulator.has_full_ses else "soft_bounced")
    assert engine.suppression(to) is None


def test_validation_text_and_unknown_types_are_acknowledged(engine: EngineUnderTest) -> None:
    engine.publish_ses_event("Successfully validated SNS topic for Amazon SES event publishing.")
    engine.publish_ses_event({"eventType": "Teleportation", "mail": {"messageId": "unknown"}, "teleportation": {}})
    engine.wait_until_idle()
    assert engine.depths(DEAD_LETTER_QUEUES) == {}
