"""SES fails: whatever it says, and whether or not it says anything, each email is sent exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES, QUEUES
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest

# The engine waits for at most this long before it tries an unsettled email again, in this engine.
PATIENCE_SECONDS = 90.0


@pytest.fixture(autouse=True)
def _calm_ses(engine: EngineUnderTest) -> Iterator[None]:
    """Whatever a test ordered from SES is over when it ends."""
    yield
    engine.clear_faults()
    engine.configure_ses(events={"hold": False, "reverse": False, "copies": 1, "withheld": []})


def to_address(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}@example.org"


@pytest.mark.parametrize("kind", ["throttling", "drop_after", "server_error_after"])
def test_an_email_outlives_a_failing_ses_and_is_sent_once(engine: EngineUnderTest, kind: str) -> None:
    to = to_address(kind.replace("_", "-"))
    engine.inject_fault(kind, recipient=to)
    email_id = engine.put_email_request(to)
    record = engine.wait_for_status(email_id, "delivered", seconds=PATIENCE_SECONDS)
    assert len(engine.mails_to(to)) == 1
    assert record["sesMessageId"] == engine.mails_to(to)[0].message_id


def test_a_paused_account_defers_an_email_and_loses_nothing(engine: EngineUnderTest) -> None:
    to = to_address("paused")
    engine.wait_until_idle()
    engine.inject_fault("account_paused", recipient=to)
    email_id = engine.put_email_request(to)
    record = engine.wait_for_status(email_id, "deferred")
    assert record["deferReason"] == "sending_paused"
    told = wait_for(
        lambda: [each for each in engine.subscriber.details_of(email_id) if each["status"] == "deferred"], "the event"
    )
    assert told[0]["reason"] == "sending_paused"
    assert told[0]["until"] > told[0]["timestamp"]
    wait_for(lambda: engine.depths(QUEUES) == {"RetryQueue": 1}, "the request to wait on the retry queue")
    # It waits there for minutes, and would keep the tests that follow from seeing empty queues.
    engine.purge("RetryQueue")


def test_a_rejected_message_is_a_failure_that_names_ses(engine: EngineUnderTest) -> None:
    to = to_address("rejected")
    engine.inject_fault("rejected", recipient=to)
    record = engine.put_email_request_and_wait(to, "failed")
    assert record["errorType"] == "ses_rejected"
    assert record["errorMessage"].startswith("SES error (MessageRejected): ")
    assert engine.mails_to(to) == []


def test_feedback_in_reverse_and_twice_gives_the_same_record(engine: EngineUnderTest) -> None:
    to = f"complaint+{uuid.uuid4().hex[:8]}@simulator.amazonses.com"
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
    told = engine.statuses_of(email_id)
    # `delivered` is a transition only where one batch holds both events, which are then read by their times.
    assert sorted(set(told) - {"delivered"}) == ["complained", "sent"]
    assert len(told) == len(set(told))


def test_an_email_whose_acceptance_nobody_told_is_not_lost(engine: EngineUnderTest) -> None:
    """SES never had it and says nothing: once lease and settle time are over, it is sent as the next attempt."""
    to = to_address("silent")
    engine.inject_fault("drop_before", recipient=to)
    email_id = engine.put_email_request(to)
    record = engine.wait_for_status(email_id, "delivered", seconds=PATIENCE_SECONDS)
    assert len(engine.mails_to(to)) == 1
    assert record["attempt"] == 2


def test_a_soft_bounce_is_tried_once_more_and_then_delivered(engine: EngineUnderTest) -> None:
    to = f"softbounce+once-{uuid.uuid4().hex[:8]}@simulator.amazonses.com"
    email_id = engine.put_email_request(to)
    record = engine.wait_for_status(email_id, "delivered", seconds=PATIENCE_SECONDS)
    assert record["attempt"] == 2
    assert len(engine.mails_to(to)) == 2
    assert engine.suppression(to) is None


def test_no_dead_letter_queue_holds_anything_of_this(engine: EngineUnderTest) -> None:
    engine.wait_until_idle()
    assert engine.depths(DEAD_LETTER_QUEUES) == {}
