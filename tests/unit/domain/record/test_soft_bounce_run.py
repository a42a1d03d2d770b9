"""Which emails count as consecutive soft bounces of an address."""

from __future__ import annotations

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.soft_bounce_run import past_email, soft_bounce_run
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import RecipientState
from tools.simulation.feedback import JANE, JOHN, Feedback, delivered, soft


def soft_bounced(feedback: Feedback, number: int) -> None:
    email_id = f"email-{number}"
    feedback.sent(email_id, second=number)
    feedback.run(feedback.message(soft(email_id=email_id)))


def test_the_run_counts_the_newest_emails_whatever_the_indexs_order() -> None:
    """An old delivery does not break a run of newer bounces, and an old run is broken by a newer delivery."""
    feedback = Feedback()
    feedback.sent("email-0", second=0)
    feedback.run(feedback.message(delivered(email_id="email-0")))
    for number in (1, 2, 3):
        soft_bounced(feedback, number)
    assert feedback.suppression.entries[JOHN].reason is SuppressionReason.CONSECUTIVE_SOFT_BOUNCES

    other = Feedback()
    for number in (1, 2):
        soft_bounced(other, number)
    other.sent("email-9", second=9)
    other.run(other.message(delivered(email_id="email-9")))
    soft_bounced(other, 3)
    assert other.suppression.entries == {}


def test_two_emails_of_one_moment_are_two_soft_bounces() -> None:
    feedback = Feedback(soft_bounce_threshold=2)
    for number in (1, 2):
        feedback.sent(f"email-{number}")
        feedback.run(feedback.message(soft(email_id=f"email-{number}")))

    assert JOHN in feedback.suppression.entries


def test_a_copys_soft_bounce_does_not_count() -> None:
    feedback = Feedback(soft_bounce_threshold=1)
    feedback.sent(recipients={JANE: RecipientState(status=Status.SENDING, type="cc")})

    feedback.run(feedback.message(soft(who=JANE, to=(JOHN, JANE))))

    assert feedback.suppression.entries == {}


def test_an_email_without_an_address_suppresses_no_one() -> None:
    feedback = Feedback(soft_bounce_threshold=1)
    feedback.sent(to=None)  # type: ignore[arg-type]

    feedback.run(feedback.message(soft()))

    assert feedback.suppression.entries == {}


def test_a_run_ends_at_the_newest_delivered_email() -> None:
    feedback = Feedback(soft_bounce_threshold=9)
    for number in (1, 2, 4, 5):
        soft_bounced(feedback, number)
        if number == 2:
            feedback.sent("arrived", second=3)
            feedback.run(feedback.message(delivered(email_id="arrived")))
    newest_first = sorted(feedback.tracking.records.values(), key=lambda one: one.timestamp, reverse=True)

    assert soft_bounce_run(map(past_email, newest_first)) == 2


def test_a_copy_is_not_suppressed_for_the_run_of_to() -> None:
    feedback = Feedback(soft_bounce_threshold=2)
    for number in (1, 2):
        feedback.sent(f"email-{number}", second=number)
        feedback.run(feedback.message(soft(email_id=f"email-{number}")))
    feedback.sent("email-3", second=3, recipients={JANE: RecipientState(status=Status.SENDING, type="cc")})

    feedback.run(feedback.message(soft(who=JANE, to=(JOHN, JANE), email_id="email-3")))

    assert list(feedback.suppression.entries) == [JOHN]


def test_a_past_email_is_what_the_index_gives_of_its_record() -> None:
    feedback = Feedback()
    feedback.sent("email-0")
    feedback.run(feedback.message(delivered(email_id="email-0")))
    past = past_email(feedback.tracking.records["email-0"])

    assert (past.status, past.counts_as_soft_bounce) == (Status.DELIVERED, False)
    assert past.delivered_at == feedback.tracking.records["email-0"].delivered_at is not None
