"""Batches of several messages: which fail, what is counted, what is published again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.domain.request.envelopes import PendingRequest
from tools.simulation.fakes import NOW
from tools.simulation.feedback import JOHN, Feedback, bounced, delivered, event, mail, opened, soft

ME, OTHER = "my.application", "other.application"
THROTTLED = TransientError("DynamoDB throttled", code="AWS006")


def two(feedback: Feedback, ses_event: Any = delivered) -> list[Any]:
    """A message about each of two emails."""
    for number in (1, 2):
        feedback.sent(f"email-{number}")
    return [feedback.message(ses_event(email_id=f"email-{number}")) for number in (1, 2)]


def ids(messages: Collection[Any]) -> set[str]:
    return {message.message_id for message in messages}


def test_bugs_with_two_emails_fail_all_their_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    feedback = Feedback()
    messages = [*two(feedback), feedback.message(opened(email_id="email-2"))]

    def fail(_record: TrackingRecord) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(feedback.tracking, "replace", fail)

    assert feedback.run(*messages) == ids(messages)
    assert feedback.metrics.counts == {"RecordFailed": 3}
    lines = [{name: line[name] for name in ("event", "level", "email_id")} for line in feedback.log.lines]
    assert lines == [{"event": "feedback.failed", "level": "ERROR", "email_id": f"email-{number}"} for number in (1, 2)]


def test_a_bug_in_a_follow_up_fails_the_batch_and_keeps_earlier_failures() -> None:
    feedback = Feedback()
    messages = [feedback.message("{"), *two(feedback, bounced)]
    bug = ZeroDivisionError()
    feedback.breaker_table.error = bug  # type: ignore[assignment]

    assert feedback.run(*messages) == ids(messages[1:])
    assert feedback.dead_letters.messages == [(messages[0], "no JSON")]
    assert feedback.log.lines[-1] == {"level": "ERROR", "event": "feedback.follow_up_failed", "exc_info": bug}
    assert feedback.metrics.counts["RecordFailed"] == 1 + 2


def test_refused_events_are_counted_and_their_messages_fail() -> None:
    feedback = Feedback()
    messages = two(feedback)
    feedback.bus.refuse = lambda _event: True

    assert feedback.waits_after(*messages)
    assert feedback.metrics.counts["StatusRefused"] == 2


def test_only_the_message_of_a_refused_event_fails() -> None:
    feedback = Feedback()
    feedback.sent()
    first, second = feedback.message(delivered()), feedback.message(opened(second=9))
    feedback.bus.refuse = lambda event: event.status == "opened"

    assert feedback.run(first, second) == set()
    [(body, _)] = feedback.again.messages
    assert body.endswith(second.body[1:])


def test_statuses_are_counted_by_name_except_those_that_the_sender_counts() -> None:
    feedback = Feedback()
    blank = TrackingRecord(
        email_id="email-1", to_email=JOHN, status=Status.SENDING, attempt=1, timestamp="", date_partition="", ttl=1
    )
    record, _ = fold(blank, [Entry("mark/1/00001/sending", "2026-11-24T10:30:59.000Z", 1, Status.SENDING)])
    feedback.tracking.create(record)

    feedback.run(feedback.message(soft()))

    assert feedback.record().sent_at == "2026-11-24T10:31:00.000Z"
    assert feedback.metrics.counts == {"EmailSoftBounced": 1, "FeedbackRecorded": 1}


def test_bounces_of_one_source_in_a_batch_are_counted_together() -> None:
    feedback = Feedback()
    feedback.run(*two(feedback, bounced))

    counted = {source: sum(slots.values(), Counts()) for source, slots in feedback.control.timelines.items()}
    assert counted == {ME: Counts(0, 2, 0), ACCOUNT: Counts(0, 2, 0)}


def test_an_email_without_a_source_counts_for_the_account() -> None:
    feedback = Feedback()
    feedback.sent(original_source=None)
    feedback.run(feedback.message(bounced()))

    assert set(feedback.control.timelines) == {ACCOUNT}


def test_a_producer_paused_before_is_excluded_from_the_accounts_rate() -> None:
    feedback = Feedback()
    feedback.control.count_sent(ME, 120, NOW)
    feedback.control.count_sent(OTHER, 300, NOW)
    feedback.control.count_sent(ACCOUNT, 420, NOW)
    feedback.control.add(ME, Counts(bounces=60), NOW)
    feedback.control.add(ACCOUNT, Counts(bounces=60), NOW)
    feedback.control.states[ME] = SendingState(paused=True, paused_by="operator", excluded=True)
    feedback.control.excluded = dict(feedback.control.timelines[ME])
    feedback.sent(original_source=OTHER)

    feedback.run(feedback.message(bounced()))

    assert set(feedback.control.states) == {ME}
    assert feedback.breaker_table.reads == 1


def test_messages_of_final_statuses_fail_when_kept_requests_cannot_be_deleted() -> None:
    feedback = Feedback()
    messages = two(feedback)
    for number in (1, 2):
        feedback.pending.keep(f"email-{number}", PendingRequest(1, b""))

    def throttled(email_ids: Collection[str]) -> None:
        raise THROTTLED

    feedback.pending.forget = throttled  # type: ignore[method-assign]

    assert feedback.waits_after(*messages)


def test_messages_fail_when_retries_and_deletions_both_fail() -> None:
    feedback = Feedback()
    feedback.sent("email-1")
    feedback.sent("email-2")
    messages = [feedback.message(soft(email_id="email-1")), feedback.message(delivered(email_id="email-2"))]
    feedback.pending.error = THROTTLED

    assert feedback.waits_after(*messages)


def test_each_message_is_logged() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.run(feedback.message(delivered()), feedback.message(opened(second=9)))

    logged = [(line["kind"], line["status"], line["what"]) for line in feedback.log.lines]
    assert logged == [("delivery", "opened", []), ("open", "opened", [])]


@pytest.mark.parametrize(("seconds", "republished"), [(300, False), (300.001, True)])
def test_events_older_than_five_minutes_are_republished(seconds: float, republished: bool) -> None:
    feedback = Feedback()
    feedback.sent()
    ses_event = delivered()
    feedback.run(feedback.message(ses_event))
    published = len(feedback.bus.events)
    feedback.clock.time = NOW + 5 + seconds

    feedback.run(feedback.message(ses_event))

    assert (len(feedback.bus.events) > published) is republished


def test_an_event_without_recipients_belongs_to_the_only_recipient() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.run(feedback.message(event("Delivery", "delivery", {}) | {"mail": mail()}))

    assert feedback.record().status is Status.DELIVERED
