"""A soft bounce's retry, sender and feedback processor over one set of tables."""

from __future__ import annotations

import json
import random
from collections.abc import Collection
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import PermanentError, TransientError
from sesmail_layer.domain.guards.sending_state import Evidence, SendingState
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.envelopes import MAX_PENDING_BYTES, Hop, RequestEnvelope, pack_request
from tools.simulation.fakes import FakePendingTable
from tools.simulation.feedback import JOHN, Feedback, bounced, complained, delivered, event, opened, soft
from tools.simulation.sender import Sender, sending_rules

ID = "email-1"


class Engine:
    """Both functions over the same tables, queues and clock."""

    def __init__(self, **rules: Any) -> None:
        self.sender = Sender(**rules)
        self.feedback = Feedback()
        self.pending: FakePendingTable = self.sender.pending
        self.waiting, self.bulk_waiting = self.sender.waiting, self.sender.bulk_waiting
        for name in ("clock", "tracking", "suppression", "bus", "pending", "waiting", "bulk_waiting", "control"):
            setattr(self.feedback, name, getattr(self.sender, name))

    def send(self, **fields: Any) -> None:
        self.sender.send(**{"emailId": ID, "to": JOHN, **fields})

    def receive(self, ses_event: dict[str, Any], *, receives: int = 1) -> set[str]:
        return set(self.feedback.run(self.feedback.message(ses_event, receives=receives)))

    @property
    def status(self) -> tuple[Status, int]:
        record = self.sender.tracking.records[ID]
        return record.status, record.attempt


def test_a_soft_bounce_is_retried_once_after_its_delay_and_delivered() -> None:
    engine = Engine()
    engine.send(metadata={"order": 7})
    assert engine.receive(soft()) == set()

    [(body, delay)] = engine.waiting.messages
    assert delay == 900
    assert engine.status == (Status.SOFT_BOUNCED, 1)
    engine.sender.run_waiting()
    assert engine.status == (Status.SENT, 2)
    assert [mail.recipients for mail in engine.sender.mailer.accepted] == [[JOHN], [JOHN]]
    engine.receive(delivered(attempt=2))

    assert engine.status == (Status.DELIVERED, 2)
    assert engine.sender.tracking.records[ID].original_email_id == ID
    assert engine.sender.bus.statuses(ID) == ["sent", "soft_bounced", "sent", "delivered"]
    assert json.loads(body)["detail"]["metadata"] == {"order": 7}
    assert engine.pending.kept == {}


def test_a_second_soft_bounce_is_the_last() -> None:
    engine = Engine()
    engine.send()
    engine.receive(soft())
    engine.sender.run_waiting()
    engine.receive(soft(attempt=2))

    assert engine.waiting.messages == []
    assert engine.status == (Status.SOFT_BOUNCED, 2)
    assert engine.pending.kept == {}


@pytest.mark.parametrize("receives", [1, 2])
def test_a_redelivered_soft_bounce_is_retried_once(receives: int) -> None:
    engine = Engine()
    engine.send()
    engine.receive(soft())
    engine.receive(soft(), receives=receives)

    assert len(engine.waiting.messages) == 1


def test_a_crash_between_recording_and_scheduling_leaves_the_retry_to_the_redelivery() -> None:
    engine = Engine()
    engine.send()
    engine.waiting.error = TransientError("Failed to schedule retry: Throttling", code="FBK005")
    assert engine.feedback.waits_after(engine.feedback.message(soft()))
    assert engine.status == (Status.SOFT_BOUNCED, 1)
    assert engine.feedback.log.codes() == ["FBK005"]
    assert engine.pending.kept != {}

    engine.waiting.error = None
    engine.feedback.run_waiting()
    assert len(engine.waiting.messages) == 1


def test_a_retry_that_is_queued_twice_is_sent_once() -> None:
    engine = Engine()
    engine.send()
    engine.receive(soft())
    engine.waiting.messages *= 2
    engine.sender.run_waiting()

    assert len(engine.sender.mailer.accepted) == 2
    assert engine.sender.bus.statuses(ID) == ["sent", "soft_bounced", "sent"]


@pytest.mark.parametrize("ses_event", [delivered(), bounced(), complained(), opened()])
def test_a_final_status_deletes_the_kept_request(ses_event: dict[str, Any]) -> None:
    engine = Engine()
    engine.send()
    assert engine.pending.kept != {}
    engine.receive(ses_event)

    assert engine.pending.kept == {}


def test_a_rejection_by_ses_deletes_the_kept_request() -> None:
    engine = Engine()
    engine.send()
    engine.receive(event("Reject", "reject", {"reason": "Bad content"}))
    assert engine.pending.kept == {}

    engine.sender.mailer.answers = [PermanentError("ses_rejected", "SES error (MessageRejected): no", code="SES001")]
    engine.sender.send(emailId="email-2")
    assert engine.pending.kept == {}


def test_a_status_that_is_not_final_keeps_the_request() -> None:
    engine = Engine()
    engine.send()
    engine.receive(event("Send", "send", {}))
    engine.receive(event("DeliveryDelay", "deliveryDelay", {"delayType": "MailboxFull"}))

    assert list(engine.pending.kept) == [ID]


def test_an_email_delivered_after_its_soft_bounce_is_not_resent() -> None:
    engine = Engine()
    engine.send()
    engine.receive(soft())
    engine.receive(delivered(second=60))
    engine.sender.run_waiting()

    assert len(engine.sender.mailer.accepted) == 1
    assert engine.status == (Status.DELIVERED, 1)


@pytest.mark.parametrize("fields", [{"sensitive": True}, {"templateName": "reset"}, {"cc": ["jane@example.com"]}])
def test_a_sensitive_request_or_one_with_copies_is_not_kept(fields: dict[str, Any]) -> None:
    engine = Engine()
    engine.sender.templates.add("reset", "<p>x</p>", "x", {"subject": "s", "sensitive": True})
    engine.send(**fields)
    assert engine.pending.kept == {}
    engine.receive(soft())

    assert engine.waiting.messages == []
    assert engine.status == (Status.SOFT_BOUNCED, 1)


def test_without_retries_no_request_is_kept() -> None:
    engine = Engine()
    engine.sender.rules = sending_rules(soft_bounce_retries=0)
    engine.send()
    engine.receive(soft())

    assert (engine.pending.kept, engine.waiting.messages) == ({}, [])


def test_a_request_too_large_to_be_kept_is_sent() -> None:
    noise = random.Random(1).randbytes(MAX_PENDING_BYTES).hex()
    envelope = RequestEnvelope(id="e", source="s", detail={"x": noise}, detail_type="Email Request")
    assert pack_request(envelope, 1) is None
    assert pack_request(msgspec.structs.replace(envelope, detail={"x": "a" * 1_000_000}), 1) is not None

    engine = Engine(max_request_bytes=1020 * 1024)
    engine.send(templateData={"name": "Ada", "noise": noise})
    assert engine.pending.kept == {}
    assert engine.status == (Status.SENT, 1)
    assert engine.sender.log.lines[0] == {
        "level": "INFO",
        "event": "request.not_kept",
        "message": "Too large to be kept for a retry",
        "email_id": ID,
    }


def test_a_failing_pending_table_does_not_hold_email() -> None:
    engine = Engine()
    engine.pending.error = TransientError("DynamoDB error in the pending table: Throttling", code="AWS008")
    engine.send()

    assert engine.status == (Status.SENT, 1)
    assert [line["level"] for line in engine.sender.log.lines if line.get("code") == "AWS008"] == ["WARNING"]


def test_the_redelivery_deletes_a_request_that_could_not_be_deleted() -> None:
    engine = Engine()
    engine.send()
    engine.pending.error = TransientError("DynamoDB error in the pending table: Throttling", code="AWS008")
    assert engine.feedback.waits_after(engine.feedback.message(delivered()))
    engine.pending.error = None
    engine.feedback.run_waiting()

    assert engine.pending.kept == {}


def test_an_expired_request_is_not_retried() -> None:
    engine = Engine()
    engine.send()
    engine.sender.clock.time += 86_401
    engine.receive(soft())

    assert engine.waiting.messages == []


def test_the_soft_bounce_that_suppresses_the_address_is_not_retried() -> None:
    engine = Engine()
    for number in (1, 2):
        engine.sender.send(emailId=f"earlier-{number}", to=JOHN)
        engine.receive(soft(email_id=f"earlier-{number}"))
        engine.sender.clock.time += 1
    engine.waiting.messages.clear()
    engine.send()
    engine.receive(soft())

    assert engine.sender.suppression.entries[JOHN].reason is SuppressionReason.CONSECUTIVE_SOFT_BOUNCES
    assert engine.waiting.messages == []
    assert engine.status == (Status.SOFT_BOUNCED, 1)
    assert ID not in engine.pending.kept


@pytest.mark.parametrize(
    "ses_event", [bounced("Transient", "MessageTooLarge", status="5.3.4"), bounced("Undetermined", "", status="5.0.0")]
)
def test_message_faults_and_undetermined_bounces_are_not_retried(ses_event: dict[str, Any]) -> None:
    engine = Engine()
    engine.send()
    engine.receive(ses_event)

    assert engine.waiting.messages == []
    assert engine.status == (Status.SOFT_BOUNCED, 1)


def test_a_delay_longer_than_sqs_allows_takes_several_hops() -> None:
    engine = Engine()
    engine.feedback.change_rules(soft_bounce_retry_delay_seconds=2_000.0)
    engine.send()
    engine.receive(soft())
    start = engine.sender.clock.now()
    for _ in range(3):
        assert len(engine.sender.mailer.accepted) == 1
        engine.sender.run_waiting()

    assert len(engine.sender.mailer.accepted) == 2
    assert engine.sender.clock.now() - start >= 2_000
    assert engine.sender.bus.statuses(ID) == ["sent", "soft_bounced", "sent"]


def test_a_retry_that_the_breaker_holds_until_its_deadline_fails() -> None:
    engine = Engine()
    engine.send()
    engine.receive(soft())
    evidence = Evidence(window_seconds=3_600, emails=200, bounces=16, complaints=0)
    engine.sender.control.states["my.application"] = SendingState(
        paused=True, paused_by="breaker", trip="complaint", evidence=evidence
    )
    engine.sender.run_waiting()
    assert engine.status == (Status.DEFERRED, 2)
    engine.sender.clock.time += 86_400
    engine.sender.run_waiting()

    record = engine.sender.tracking.records[ID]
    assert (record.status, record.error_type) == (Status.FAILED, "bounce_rate_exceeded")
    assert record.error_message == "Bounce rate exceeded during retry: 8.0%"
    assert engine.sender.log.codes() == ["RATE002"]


def test_a_retry_keeps_its_lane_and_is_not_counted_again() -> None:
    envelope = RequestEnvelope(
        id="e", source="s", detail={}, detail_type="Email Request", hop=Hop(lane="bulk", give_up_at=1, noted="paused")
    )
    kept = pack_request(envelope, 1)

    assert kept is not None
    assert kept.attempt == 1
    engine = Engine()
    engine.pending.keep(ID, kept)
    engine.sender.send(emailId=ID, to=JOHN, sensitive=True)
    engine.receive(soft())
    [(body, _)] = engine.bulk_waiting.messages
    assert engine.waiting.messages == []
    hop = json.loads(body)["sesmailHop"]
    assert hop.pop("notBefore") == engine.sender.clock.now() + 900
    assert hop == {"attempt": 2, "counted": True, "lane": "bulk"}


def test_a_request_kept_for_another_attempt_is_not_retried() -> None:
    engine = Engine()
    engine.send()
    kept, expires = engine.pending.kept[ID]
    engine.pending.kept[ID] = msgspec.structs.replace(kept, attempt=7), expires

    engine.receive(soft())

    assert engine.waiting.messages == []
    assert ID in engine.pending.kept


def test_a_scheduled_retry_is_logged_and_counted() -> None:
    engine = Engine()
    engine.send()
    engine.receive(soft())

    assert engine.feedback.log.lines[-1] == {
        "level": "INFO",
        "event": "email.retry_scheduled",
        "email_id": ID,
        "attempt": 2,
        "delay_seconds": 900,
    }
    assert engine.feedback.metrics.counts["EmailRetryScheduled"] == 1


def test_a_request_that_could_not_be_deleted_is_logged() -> None:
    engine = Engine()
    engine.sender.mailer.answers = [PermanentError("ses_rejected", "SES error (MessageRejected): no", code="SES002")]

    def throttled(email_ids: Collection[str]) -> None:
        raise TransientError("DynamoDB throttled", code="AWS006")

    engine.pending.forget = throttled  # type: ignore[method-assign]
    engine.send()

    [line] = [line for line in engine.sender.log.lines if line["event"] == "request.not_forgotten"]
    assert line == {
        "level": "WARNING",
        "event": "request.not_forgotten",
        "message": "DynamoDB throttled",
        "code": "AWS006",
        "email_id": ID,
    }
