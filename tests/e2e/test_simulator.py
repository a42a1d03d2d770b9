"""Every address of the mailbox simulator; events in reverse, twice, or forged."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.clients import client
from localcloud.engine import DEAD_LETTER_QUEUES
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.wait import wait_for
from sesmail_layer.domain.queue_message import wrapped
from sesmail_layer.usecases.feedback.requeue import FeedbackHop
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.ses_json import HARD, bounce, ses_event

IN_ORDER: dict[str, Any] = {"hold": False, "copies": 1, "reverse": False}


@dataclass(frozen=True)
class End:
    """The expected end of an email to one of the simulator's addresses."""

    status: str
    published: tuple[str, ...]
    reason: str = ""
    expires: bool = False
    attempt: int = 1


ENDS = {
    "success": End("delivered", ("sent", "delivered")),
    "bounce": End("bounced", ("sent", "bounced"), "hard-bounce"),
    "suppressionlist": End("bounced", ("sent", "bounced"), "hard-bounce", expires=True),
    "complaint": End("complained", ("sent", "delivered", "complained"), "spam-complaint"),
    "ooto": End("delivered", ("sent", "delivered")),
    "softbounce": End("soft_bounced", ("sent", "soft_bounced", "sent", "soft_bounced"), attempt=2),
    "softbounce+once": End("delivered", ("sent", "soft_bounced", "sent", "delivered"), attempt=2),
}


def address(name: str) -> str:
    return f"{name}{'-' if '+' in name else '+'}{uuid.uuid4().hex[:8]}@{SIMULATOR_DOMAIN}"


def pending(engine: EngineUnderTest) -> set[str]:
    return {item["emailId"] for item in engine.scan(f"{engine.name}-Pending")}


def settled(engine: EngineUnderTest, email_id: str, end: End) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = engine.record(email_id)
        here = found is not None and (found["status"], found["attempt"]) == (end.status, end.attempt)
        return found if here else None

    return wait_for(look, f"{email_id} to be {end.status} at attempt {end.attempt}: {engine.record(email_id)}", 60)


@pytest.mark.parametrize("name", ENDS)
def test_an_email_to_an_address_of_the_simulator_ends_as_expected(engine: EngineUnderTest, name: str) -> None:
    end, to = ENDS[name], address(name)
    email_id = engine.put_email_request(to)
    record = settled(engine, email_id, end)
    engine.wait_until_idle()

    after = engine.record(email_id) or {}
    if name == "ooto":
        # The auto-reply, which follows the delivery, is added to the history and changes nothing else.
        assert "auto_reply" in {entry.get("what") for entry in after["history"]}
        assert all(entry in after["history"] for entry in record["history"])
        unimportant = ("history", "revision")
        after, record = ({k: v for k, v in each.items() if k not in unimportant} for each in (after, record))
    assert after == record
    entry = engine.suppression(to)
    assert (entry["reason"] if entry else "") == end.reason
    assert bool(entry and "expiresAt" in entry) is end.expires
    assert sorted(engine.statuses_of(email_id)) == sorted(end.published)
    assert len(engine.mails_to(to)) == end.attempt
    assert email_id not in pending(engine)


def test_a_request_is_kept_until_its_end_and_a_sensitive_one_never(engine: EngineUnderTest) -> None:
    engine.configure_ses(events={"hold": True})
    try:
        usual = engine.put_email_request_and_wait(address("success"), "sent")["emailId"]
        secret = engine.put_email_request_and_wait(address("success"), "sent", sensitive=True)["emailId"]
        reset = {"userName": "Ann", "companyName": "My Company", "resetLink": "https://example.com/reset"}
        template = engine.put_email_request_and_wait(
            address("success"), "sent", templateName="password-reset", templateData=reset
        )["emailId"]
        kept = pending(engine)
    finally:
        engine.configure_ses(events=IN_ORDER)
        engine.release_events()
    assert usual in kept
    assert not {secret, template} & kept
    engine.wait_for_status(usual, "delivered")
    wait_for(lambda: usual not in pending(engine), "the kept request to be deleted")


@pytest.fixture
def disorder(engine: EngineUnderTest) -> Iterator[None]:
    """Events are held, then published in reverse order, each twice."""
    engine.configure_ses(events={"hold": True, "copies": 2, "reverse": True})
    yield
    engine.configure_ses(events=IN_ORDER)
    engine.release_events()


def comparable(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what does not depend on the order of the events: all but ids, times and the order of publishing."""
    history = sorted((entry.get("status", ""), entry.get("what", "")) for entry in record["history"])
    volatile = ("history", "transitions", "revision", "emailId", "toEmail", "requestEventId", "sesMessageId", "ttl")
    kept = {
        name: value
        for name, value in record.items()
        if name not in volatile and not name.endswith("At") and name not in ("timestamp", "fingerprint")
    }
    return {**kept, "history": history, "times": sorted(name for name in record if name.endswith("At"))}


@pytest.mark.parametrize("name", ["success", "bounce", "complaint", "ooto"])
def test_events_in_reverse_and_twice_give_the_same_record(
    engine: EngineUnderTest, name: str, request: pytest.FixtureRequest
) -> None:
    end = ENDS[name]
    in_order = settled(engine, engine.put_email_request(address(name)), end)
    engine.wait_until_idle()
    in_order = engine.record(in_order["emailId"]) or {}

    request.getfixturevalue("disorder")
    to = address(name)
    email_id = engine.put_email_request_and_wait(to, "sent")["emailId"]
    engine.release_events()
    settled(engine, email_id, end)
    engine.wait_until_idle()

    assert comparable(engine.record(email_id) or {}) == comparable(in_order)
    entry = engine.suppression(to)
    assert (entry["reason"] if entry else "") == end.reason
    statuses = engine.statuses_of(email_id)
    assert end.status in statuses
    assert len(statuses) == len(set(statuses))


def logged(engine: EngineUnderTest, text: str) -> bool:
    """Whether the feedback processor's log has the text."""
    group = f"/aws/lambda/{engine.name}-FeedbackProcessor"
    # The last minutes only: reading the whole log of a long run would take too long.
    since = int((time.time() - 120) * 1000)
    paginator = client(engine.emulator, "logs").get_paginator("filter_log_events")
    pages = paginator.paginate(logGroupName=group, startTime=since)
    return any(text in event["message"] for page in pages for event in page["events"])


def test_a_message_from_another_topic_changes_nothing_and_is_logged(engine: EngineUnderTest) -> None:
    to = f"forged-{uuid.uuid4().hex[:8]}@example.org"
    record = engine.put_email_request_and_wait(to)
    forged = json.dumps(ses_event(record, "Bounce", bounce(to, **HARD)))
    topic = f"arn:aws:sns:us-east-1:000000000000:forged-{uuid.uuid4().hex[:8]}"
    body = {"Type": "Notification", "TopicArn": topic, "MessageId": "m", "Message": forged}
    engine.sqs.send_message(QueueUrl=engine.queue_url("FeedbackQueue"), MessageBody=json.dumps(body))

    wait_for(lambda: logged(engine, topic), "the rejection in the log")
    engine.wait_until_idle()
    assert engine.record(record["emailId"]) == record
    assert engine.suppression(to) is None
    assert engine.depths(DEAD_LETTER_QUEUES) == {}


def test_a_forged_alarm_pauses_no_producer(engine: EngineUnderTest) -> None:
    mark = uuid.uuid4().hex[:8]
    alarm = {"AlarmName": f"{engine.name}-SES-BounceRate-Pause", "NewStateValue": "ALARM", "eventType": mark}
    engine.publish_ses_event(alarm)

    wait_for(lambda: logged(engine, f"Unknown notification type: {mark}"), "the unknown type in the log")
    assert engine.put_email_request_and_wait(f"{mark}@example.org")["status"] == "delivered"


def test_an_event_about_an_unknown_email_changes_no_record_and_is_logged(engine: EngineUnderTest) -> None:
    to = f"unknown-{uuid.uuid4().hex[:8]}@example.org"
    ses_message_id = f"0100-{uuid.uuid4()}"
    before = len(engine.records())
    event = ses_event({"sesMessageId": ses_message_id, "toEmail": to}, "Delivery", {"recipients": [to]})
    body = {"Type": "Notification", "TopicArn": engine.outputs["ses_feedback_topic_arn"], "Message": json.dumps(event)}
    # It has waited for its record as long as the engine lets it wait, which is five minutes.
    hop = FeedbackHop(id=str(uuid.uuid4()), sent_at=time.time() - 301, tries=9, unnoted=True)
    engine.sqs.send_message(QueueUrl=engine.queue_url("FeedbackQueue"), MessageBody=wrapped(json.dumps(body), hop))

    text = f"Email record not found for SES message ID: {ses_message_id}"
    wait_for(lambda: logged(engine, text), "FBK006 in the log", 60)
    engine.wait_until_idle()
    assert len(engine.records()) == before
    assert engine.suppression(to) is None
    assert engine.depths(DEAD_LETTER_QUEUES) == {}
