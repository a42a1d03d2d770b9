"""SES fails, with an error or without an answer: each email is sent exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES, QUEUES
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest

# The longest time until the engine, as deployed here, retries an unsettled email.
LONGEST_WAIT_SECONDS = 90.0


@pytest.fixture(autouse=True)
def _calm_ses(engine: EngineUnderTest) -> Iterator[None]:
    """Reset the emulated SES after each test."""
    yield
    engine.clear_faults()
    engine.configure_ses(events={"hold": False, "reverse": False, "copies": 1, "withheld": []})


def to_address(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}@example.org"


@pytest.mark.parametrize("kind", ["throttling", "too_many_requests", "drop_after", "server_error_after"])
def test_an_email_is_sent_once_though_ses_fails(engine: EngineUnderTest, kind: str) -> None:
    to = to_address(kind.replace("_", "-"))
    engine.inject_fault(kind, recipient=to)
    email_id = engine.put_email_request(to)
    record = engine.wait_for_status(email_id, "delivered", seconds=LONGEST_WAIT_SECONDS)
    assert len(engine.mails_to(to)) == 1
    assert record["sesMessageId"] == engine.mails_to(to)[0].message_id


@pytest.mark.parametrize("fault", ["account_paused_in_words", "sending_paused", "account_suspended"])
def test_a_paused_account_defers_an_email_and_sends_it_within_a_minute_of_the_pause(
    engine: EngineUnderTest, fault: str
) -> None:
    to = to_address(fault.replace("_", "-"))
    engine.wait_until_idle()
    engine.inject_fault(fault, recipient=to)
    email_id = engine.put_email_request(to)
    record = engine.wait_for_status(email_id, "deferred")
    assert record["deferReason"] == "sending_paused"
    events = wait_for(
        lambda: [each for each in engine.subscriber.details_of(email_id) if each["status"] == "deferred"], "the event"
    )
    assert events[0]["reason"] == "sending_paused"
    assert events[0]["until"] > events[0]["timestamp"]
    wait_for(lambda: engine.depths(QUEUES) == {"RetryQueue": 1}, "the request to wait on the retry queue")
    engine.wait_for_status(email_id, "delivered", seconds=LONGEST_WAIT_SECONDS)
    assert len(engine.mails_to(to)) == 1


@pytest.mark.parametrize(
    ("fault", "name"),
    {
        "message_rejected": "MessageRejected",
        "mail_from_domain_not_verified": "MailFromDomainNotVerified",
        "not_found": "ConfigurationSetDoesNotExist",
        "bad_request": "InvalidParameterValue",
    }.items(),
)
def test_a_rejected_message_is_a_failure_that_names_ses(engine: EngineUnderTest, fault: str, name: str) -> None:
    to = to_address("rejected")
    engine.inject_fault(fault, recipient=to)
    record = engine.put_email_request_and_wait(to, "failed")
    assert record["errorType"] == "ses_rejected"
    assert record["errorMessage"].startswith(f"SES error ({name}): ")
    assert engine.mails_to(to) == []


def test_feedback_in_reverse_and_twice_gives_the_same_record(engine: EngineUnderTest) -> None:
    to = f"complaint+{uuid.uuid4().hex[:8]}@{SIMULATOR_DOMAIN}"
    engine.configure_ses(events={"hold": True, "reverse": True, "copies": 2})
    email_id = engine.put_email_request(to)
    engine.wait_for_status(email_id, "sent")
    engine.release_events()
    engine.wait_for_status(email_id, "complained")
    engine.wait_until_idle()
    record = engine.record(email_id)
    assert record is not None
    assert record["status"] == "complained"
    assert record["deliveredAt"] < record["complainedAt"]
    statuses = engine.statuses_of(email_id)
    # `delivered` is a transition only if one batch holds both events, which are then folded by their times.
    assert sorted(set(statuses) - {"delivered"}) == ["complained", "sent"]
    assert len(statuses) == len(set(statuses))


def test_an_email_without_a_send_event_is_sent_as_the_next_attempt(engine: EngineUnderTest) -> None:
    """SES never received it and does not answer: it is sent again after the lease and the settle time."""
    to = to_address("silent")
    engine.inject_fault("drop_before", recipient=to)
    email_id = engine.put_email_request(to)
    record = engine.wait_for_status(email_id, "delivered", seconds=LONGEST_WAIT_SECONDS)
    assert len(engine.mails_to(to)) == 1
    assert record["attempt"] == 2


def test_a_soft_bounce_is_retried_and_then_delivered(engine: EngineUnderTest) -> None:
    to = f"softbounce+once-{uuid.uuid4().hex[:8]}@{SIMULATOR_DOMAIN}"
    email_id = engine.put_email_request(to)
    record = engine.wait_for_status(email_id, "delivered", seconds=LONGEST_WAIT_SECONDS)
    assert record["attempt"] == 2
    assert len(engine.mails_to(to)) == 2
    assert engine.suppression(to) is None


def test_the_dead_letter_queues_are_empty(engine: EngineUnderTest) -> None:
    engine.wait_until_idle()
    assert engine.depths(DEAD_LETTER_QUEUES) == {}
