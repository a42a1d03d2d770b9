"""Which outcomes suppress which recipient."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.soft_bounce_run import past_email
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import RecipientState
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import NOW
from tools.simulation.feedback import (
    JANE,
    JOHN,
    Feedback,
    bounced,
    complained,
    delivered,
    opened,
    soft,
)


def test_only_the_affected_recipient_is_suppressed() -> None:
    feedback = Feedback()
    feedback.sent(recipients={JANE: RecipientState(status=Status.SENDING, type="cc")})

    feedback.run(feedback.message(bounced(who=JANE, to=(JOHN, JANE))))

    assert list(feedback.suppression.entries) == [JANE]
    assert feedback.record().status is Status.SENT
    assert feedback.record().recipients[JANE].status is Status.BOUNCED
    (event,) = feedback.bus.events
    assert (event.to_email, event.recipient_type) == (JANE, "cc")


def test_the_third_soft_bounce_in_a_row_suppresses() -> None:
    feedback = Feedback()
    for number in range(3):
        feedback.sent(f"email-{number}", second=number)
        assert JOHN not in feedback.suppression.entries
        feedback.run(feedback.message(soft(email_id=f"email-{number}")))

    assert feedback.suppression.entries[JOHN].reason is SuppressionReason.CONSECUTIVE_SOFT_BOUNCES
    assert feedback.suppression.entries[JOHN].suppression_type == "bounce"


def test_three_soft_bounces_in_one_batch_suppress_before_the_index_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feedback = Feedback()
    for number in range(3):
        feedback.sent(f"email-{number}", second=number)
    stale = [past_email(record) for record in feedback.tracking.records.values()]
    monkeypatch.setattr(feedback.tracking, "latest_to", lambda _address, limit: stale[:limit])

    feedback.run(*(feedback.message(soft(email_id=f"email-{number}")) for number in range(3)))

    assert JOHN in feedback.suppression.entries


@pytest.mark.parametrize(
    "between", [delivered(email_id="email-1"), opened(email_id="email-1", user_agent="Mozilla/5.0")]
)
def test_a_delivery_restarts_the_count_of_soft_bounces(between: dict[str, Any]) -> None:
    feedback = Feedback()
    for number, ses_event in enumerate(
        [soft(email_id="email-0"), between, soft(email_id="email-2"), soft(email_id="email-3")]
    ):
        feedback.sent(f"email-{number}", second=number)
        feedback.run(feedback.message(ses_event))

    assert feedback.suppression.entries == {}


def test_message_faults_and_emails_without_an_outcome_do_not_end_a_run() -> None:
    feedback = Feedback()
    at_fault = bounced("Transient", "MessageTooLarge", status="5.3.4", email_id="email-1")
    plan = [soft(email_id="email-0"), at_fault, None, soft(email_id="email-3")]
    for number, ses_event in enumerate(plan):
        feedback.sent(f"email-{number}", second=number)
        if ses_event:
            feedback.run(feedback.message(ses_event))
    assert feedback.suppression.entries == {}

    feedback.sent("email-4", second=4)
    feedback.run(feedback.message(soft(email_id="email-4")))
    assert JOHN in feedback.suppression.entries


def test_two_attempts_at_one_email_count_once() -> None:
    feedback = Feedback(soft_bounce_threshold=2)
    feedback.sent()
    feedback.run(feedback.message(soft()))
    feedback.run(feedback.message(soft(attempt=2, second=900)))

    assert feedback.record().attempt == 2
    assert feedback.suppression.entries == {}


def test_another_recipients_soft_bounce_does_not_count_against_to() -> None:
    feedback = Feedback(soft_bounce_threshold=2)
    for number in range(2):
        copies = {JANE: RecipientState(status=Status.SENDING, type="cc")}
        feedback.sent(f"email-{number}", second=number, recipients=copies)
        feedback.run(feedback.message(soft(email_id=f"email-{number}", who=JANE, to=(JOHN, JANE))))

    assert feedback.suppression.entries == {}


def test_an_address_on_ses_global_list_is_suppressed_for_fourteen_days() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.run(feedback.message(bounced(sub="Suppressed")))

    entry = feedback.suppression.entries[JOHN]
    assert (entry.expires_at, entry.ttl) == (utc_text(NOW + 5 + 14 * 86_400), int(NOW + 5 + 14 * 86_400))


def test_not_spam_lifts_a_complaint_only_if_configured() -> None:
    for lifts, left in ((False, [JOHN]), (True, [])):
        feedback = Feedback(not_spam_lifts_suppression=lifts)
        feedback.sent()
        feedback.run(feedback.message(complained()))
        feedback.run(feedback.message(complained("not-spam", second=60)))
        assert list(feedback.suppression.entries) == left
        assert feedback.record().status is Status.COMPLAINED


def test_not_spam_lifts_no_bounce() -> None:
    feedback = Feedback(not_spam_lifts_suppression=True)
    feedback.sent()
    feedback.run(feedback.message(bounced()), feedback.message(complained("not-spam")))

    assert JOHN in feedback.suppression.entries


def test_a_repeated_bounce_does_not_undo_an_operators_removal() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.run(feedback.message(bounced()))
    feedback.suppression.remove(JOHN)
    feedback.run(feedback.message(bounced(), receives=2))

    assert feedback.suppression.entries == {}


def test_a_bounce_without_time_and_tags_suppresses_as_of_now_with_the_records_source() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.clock.sleep(60)
    ses_event = bounced(tagged=False)
    del ses_event["bounce"]["timestamp"], ses_event["mail"]["timestamp"]

    feedback.run(feedback.message(ses_event))

    entry = feedback.suppression.entries[JOHN]
    assert (entry.added_to_suppression_date, entry.email_id, entry.source) == (
        "2026-11-24T10:32:00.000Z",
        "email-1",
        "my.application",
    )


def test_a_later_not_spam_lifts_no_bounce() -> None:
    feedback = Feedback(not_spam_lifts_suppression=True)
    feedback.sent()
    feedback.run(feedback.message(bounced()))
    feedback.run(feedback.message(complained("not-spam", second=60)))

    assert feedback.suppression.entries[JOHN].reason is SuppressionReason.HARD_BOUNCE
