"""What the feedback processor does with several news at once, and with news that says less than one would like."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState, TrackingRecord, fold
from sesmail_layer.domain.request.envelopes import PendingRequest
from tools.simulation.fakes import NOW
from tools.simulation.feedback import JANE, JOHN, Feedback, bounced, complained, delivered, event, mail, opened, soft

ME, OTHER = "my.application", "other.application"
THROTTLED = TransientError("DynamoDB throttled", code="AWS006")


def two(feedback: Feedback, news: Any = delivered) -> list[Any]:
    """A message about each of two emails."""
    for number in (1, 2):
        feedback.sent(f"email-{number}")
    return [feedback.message(news(email_id=f"email-{number}")) for number in (1, 2)]


def ids(messages: Collection[Any]) -> set[str]:
    return {message.message_id for message in messages}


def test_bugs_with_two_emails_bring_all_their_messages_again(monkeypatch: pytest.MonkeyPatch) -> None:
    feedback = Feedback()
    messages = [*two(feedback), feedback.message(opened(email_id="email-2"))]

    def fail(_record: TrackingRecord) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(feedback.tracking, "replace", fail)

    assert feedback.run(*messages) == ids(messages)
    assert feedback.metrics.counts == {"RecordFailed": 3}
    lines = [{name: line[name] for name in ("event", "level", "email_id")} for line in feedback.log.lines]
    assert lines == [{"event": "feedback.failed", "level": "ERROR", "email_id": f"email-{number}"} for number in (1, 2)]


def test_a_bug_after_recording_brings_the_batch_again_with_what_failed_before() -> None:
    feedback = Feedback()
    messages = [feedback.message("{"), *two(feedback, bounced)]
    bug = ZeroDivisionError()
    feedback.breaker_table.error = bug  # type: ignore[assignment]

    assert feedback.run(*messages) == ids(messages)
    assert feedback.log.lines[-1] == {"level": "ERROR", "event": "feedback.not_followed_up", "exc_info": bug}
    assert feedback.metrics.counts["RecordFailed"] == 1 + 2


def test_events_that_the_bus_refuses_are_counted_and_all_come_again() -> None:
    feedback = Feedback()
    messages = two(feedback)
    feedback.bus.refuse = lambda _event: True

    assert feedback.run(*messages) == ids(messages)
    assert feedback.metrics.counts["StatusRefused"] == 2


def test_only_the_message_whose_event_was_refused_comes_again() -> None:
    feedback = Feedback()
    feedback.sent()
    first, second = feedback.message(delivered()), feedback.message(opened(second=9))
    feedback.bus.refuse = lambda told: told.status == "opened"

    assert feedback.run(first, second) == {second.message_id}


def test_statuses_are_counted_by_their_name_and_what_the_sender_counts_is_not() -> None:
    feedback = Feedback()
    blank = TrackingRecord(
        email_id="email-1", to_email=JOHN, status=Status.SENDING, attempt=1, timestamp="", date_partition="", ttl=1
    )
    record, _ = fold(blank, [Entry("mark/1/00001/sending", "2026-11-24T10:30:59.000Z", 1, Status.SENDING)])
    feedback.tracking.create(record)

    feedback.run(feedback.message(soft()))

    assert feedback.record().sent_at == "2026-11-24T10:31:00.000Z"
    assert feedback.metrics.counts == {"EmailSoftBounced": 1}


@pytest.mark.parametrize(("ses_id", "attempt"), [("ses-email-1", 1), ("ses-2", 2), ("ses-of-nobody", 1)])
def test_news_without_our_tag_is_of_the_attempt_that_ses_gave_its_id_to(ses_id: str, attempt: int) -> None:
    feedback = Feedback()
    record = feedback.sent()
    second = Entry("sent/2", "2026-11-24T10:40:00.000Z", 2, Status.SENT, detail={"sesMessageId": "ses-2"})
    feedback.tracking.replace(fold(record, [second])[0])
    news = delivered()
    news["mail"] |= {"messageId": ses_id, "tags": {"emailId": news["mail"]["tags"]["emailId"]}}

    feedback.run(feedback.message(news))

    [entry] = [entry for entry in feedback.record().history if entry.status is Status.DELIVERED]
    assert entry.attempt == attempt


def test_a_bounce_without_a_time_and_without_tags_suppresses_as_of_now_for_whom_the_record_says() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.clock.sleep(60)
    news = bounced(tagged=False)
    del news["bounce"]["timestamp"], news["mail"]["timestamp"]

    feedback.run(feedback.message(news))

    entry = feedback.suppression.entries[JOHN]
    assert (entry.added_to_suppression_date, entry.email_id, entry.source) == (
        "2026-11-24T10:32:00.000Z",
        "email-1",
        ME,
    )


def test_not_spam_that_comes_later_lifts_no_bounce() -> None:
    feedback = Feedback(not_spam_lifts_suppression=True)
    feedback.sent()
    feedback.run(feedback.message(bounced()))
    feedback.run(feedback.message(complained("not-spam", second=60)))

    assert feedback.suppression.entries[JOHN].reason is SuppressionReason.HARD_BOUNCE


def test_a_copys_soft_bounce_does_not_strike_it_out_for_tos_run() -> None:
    feedback = Feedback(soft_bounce_threshold=2)
    for number in (1, 2):
        feedback.sent(f"email-{number}", second=number)
        feedback.run(feedback.message(soft(email_id=f"email-{number}")))
    feedback.sent("email-3", second=3, recipients={JANE: RecipientState(status=Status.SENDING, type="cc")})

    feedback.run(feedback.message(soft(who=JANE, to=(JOHN, JANE), email_id="email-3")))

    assert list(feedback.suppression.entries) == [JOHN]


def test_what_a_batch_brings_of_one_source_is_added_up() -> None:
    feedback = Feedback()
    feedback.run(*two(feedback, bounced))

    counted = {source: sum(slots.values(), Counts()) for source, slots in feedback.control.timelines.items()}
    assert counted == {ME: Counts(0, 2, 0), ACCOUNT: Counts(0, 2, 0)}


def test_an_email_of_no_known_source_counts_for_the_account() -> None:
    feedback = Feedback()
    feedback.sent(original_source=None)
    feedback.run(feedback.message(bounced()))

    assert set(feedback.control.timelines) == {ACCOUNT}


def test_a_producer_that_was_paused_long_ago_is_left_out_of_the_accounts_rate() -> None:
    feedback = Feedback()
    feedback.control.count_sent(ME, 120, NOW)
    feedback.control.count_sent(OTHER, 300, NOW)
    feedback.control.count_sent(ACCOUNT, 420, NOW, sources=[ME, OTHER])
    feedback.control.add(ME, Counts(bounces=60), NOW)
    feedback.control.add(ACCOUNT, Counts(bounces=60), NOW)
    feedback.control.states[ME] = SendingState(paused=True, paused_by="operator")
    feedback.sent(original_source=OTHER)

    feedback.run(feedback.message(bounced()))

    assert set(feedback.control.states) == {ME}
    assert feedback.breaker_table.reads == 2


def test_where_nothing_can_be_forgotten_all_that_ended_comes_again() -> None:
    feedback = Feedback()
    messages = two(feedback)
    for number in (1, 2):
        feedback.pending.keep(f"email-{number}", PendingRequest(1, b""))

    def throttled(email_ids: Collection[str]) -> None:
        raise THROTTLED

    feedback.pending.forget = throttled  # type: ignore[method-assign]

    assert feedback.run(*messages) == ids(messages)


def test_what_could_not_be_scheduled_comes_again_beside_what_could_not_be_forgotten() -> None:
    feedback = Feedback()
    feedback.sent("email-1")
    feedback.sent("email-2")
    messages = [feedback.message(soft(email_id="email-1")), feedback.message(delivered(email_id="email-2"))]
    feedback.pending.error = THROTTLED

    assert feedback.run(*messages) == ids(messages)


def test_each_message_is_told_in_the_log() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.run(feedback.message(delivered()), feedback.message(opened(second=9)))

    told = [(line["kind"], line["status"], line["what"]) for line in feedback.log.lines]
    assert told == [("delivery", "opened", []), ("open", "opened", [])]


@pytest.mark.parametrize(("seconds", "again"), [(300, False), (300.001, True)])
def test_news_older_than_five_minutes_may_have_failed_before_and_is_told_again(seconds: float, again: bool) -> None:
    feedback = Feedback()
    feedback.sent()
    news = delivered()
    feedback.run(feedback.message(news))
    told = len(feedback.bus.events)
    feedback.clock.time = NOW + 5 + seconds

    feedback.run(feedback.message(news))

    assert (len(feedback.bus.events) > told) is again


def test_an_event_without_recipients_of_its_own_is_of_the_only_one() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.run(feedback.message(event("Delivery", "delivery", {}) | {"mail": mail()}))

    assert feedback.record().status is Status.DELIVERED
