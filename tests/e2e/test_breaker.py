"""A producer trips its breaker on the deployed engine: its emails are held, probed, released, and none is lost."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES, DEFAULT_NAME
from localcloud.subscriber import StatusSubscriber
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.ses_json import HARD, bounce, ses_event
from tests.e2e.harness.variables import TEST_VARIABLES

EMAILS, BOUNCES = 110, 10
IN_FORCE_SECONDS = 15
COOLDOWN_SECONDS = 60 * float(TEST_VARIABLES["breaker_cooldown_minutes"])
GOOD = {"templateName": "welcome", "templateData": {"userName": "Ann", "companyName": "My Company"}}


@pytest.fixture
def sending_events(engine: EngineUnderTest) -> Iterator[StatusSubscriber]:
    """A subscriber to pauses and resumptions of sending."""
    subscriber = StatusSubscriber(
        engine.events,
        engine.sqs,
        engine.outputs["event_bus_name"],
        DEFAULT_NAME,
        f"{engine.name}-paused-{uuid.uuid4().hex[:8]}",
        detail_types=("Email Sending Paused", "Email Sending Resumed"),
    )
    yield subscriber
    subscriber.remove()


def request_emails(engine: EngineUnderTest, source: str, emails: int) -> list[str]:
    details = [GOOD | {"emailId": f"{source}-{uuid.uuid4().hex}", "to": address()} for _ in range(emails)]
    engine.put_email_requests(details, source)
    return [str(detail["emailId"]) for detail in details]


def address() -> str:
    return f"{uuid.uuid4().hex}@example.net"


def statuses(engine: EngineUnderTest, email_ids: list[str]) -> list[str]:
    return [(engine.record(email_id) or {}).get("status", "") for email_id in email_ids]


def first_event(events: StatusSubscriber, kind: str, source: str) -> dict[str, Any] | None:
    details = [e["detail"] for e in events.collect() if e["detail-type"] == kind and e["detail"]["producer"] == source]
    return details[0] if details else None


def test_a_producer_that_bounces_is_held_probed_and_released(
    engine: EngineUnderTest, sending_events: StatusSubscriber
) -> None:
    source = f"careless.{uuid.uuid4().hex[:8]}"
    first = request_emails(engine, source, EMAILS)
    wait_for(lambda: set(statuses(engine, first)) == {"delivered"}, f"{EMAILS} emails to be delivered", 90)

    for email_id in first[:BOUNCES]:
        record = engine.record(email_id) or {}
        engine.publish_ses_event(ses_event(record, "Bounce", bounce(record["toEmail"], **HARD)))
    paused = wait_for(lambda: first_event(sending_events, "Email Sending Paused", source), "the pause event")
    tripped_at = time.monotonic()
    assert (paused["by"], paused["trip"]) == ("breaker", "bounce")
    assert paused["counts"] == {"windowSeconds": 3600, "emails": EMAILS, "bounces": BOUNCES, "complaints": 0}
    assert paused["reason"].startswith(f"{BOUNCES} of {EMAILS} emails bounced in the last hour")

    time.sleep(6)  # the functions cache the states for up to five seconds
    held = request_emails(engine, source, 6)
    other = engine.put_email_request_and_wait(address(), "delivered")
    wait_for(lambda: set(statuses(engine, held)) == {"deferred"}, "the producer's emails to be held", IN_FORCE_SECONDS)
    assert time.monotonic() - tripped_at < COOLDOWN_SECONDS
    assert {(engine.record(email_id) or {})["deferReason"] for email_id in held} == {"breaker"}
    assert other["status"] == "delivered"

    resumed = wait_for(lambda: first_event(sending_events, "Email Sending Resumed", source), "the release event", 120)
    assert (resumed["by"], resumed["reason"].endswith("probes arrived")) == ("breaker", True)
    # Five of them were probes; the sixth is retried soon.
    assert statuses(engine, held).count("delivered") >= 3
    wait_for(lambda: set(statuses(engine, held)) == {"delivered"}, "everything held to be delivered", 120)
    afterwards = request_emails(engine, source, 1)
    wait_for(lambda: statuses(engine, afterwards) == ["delivered"], "an email to be sent without delay")
    engine.wait_until_idle()
    assert engine.depths(DEAD_LETTER_QUEUES) == {}


def test_ses_own_alarm_pauses_every_producer_until_an_operator_resumes(
    engine: EngineUnderTest, sending_events: StatusSubscriber
) -> None:
    # The topic carries all alarms; the subscription's filter passes only those of the two rates.
    alarm = {"AlarmName": f"{engine.name}-SES-ComplaintRate-Pause", "NewStateValue": "ALARM"}
    engine.sns.publish(TopicArn=engine.outputs["alarm_notification_topic_arn"], Message=json.dumps(alarm))
    key: Any = {"pk": {"S": "state#*"}}
    table = engine.outputs["control_table_name"]
    try:
        paused = wait_for(lambda: first_event(sending_events, "Email Sending Paused", "*"), "the pause event")
        assert paused["trip"] == "ses_metrics"
        assert "complaint rate" in paused["reason"]
        time.sleep(6)
        [held] = request_emails(engine, "any.team", 1)
        assert engine.wait_for_status(held, "deferred")["deferReason"] == "breaker"
    finally:
        # As `sesmail resume` does, which has a test of its own.
        engine.dynamodb.delete_item(TableName=table, Key=key)
    engine.wait_for_status(held, "delivered", seconds=120)
