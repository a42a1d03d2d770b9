"""What the feedback processor counts for the day's figures: each email once, however often an event comes."""

from __future__ import annotations

from collections.abc import Sequence

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.figures import Reached
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import NOW
from tools.simulation.feedback import Feedback, bounced, complained, delivered


def counted(feedback: Feedback) -> dict[Status, int]:
    return {status: emails for (name, status), emails in feedback.figures.counts().items() if name is None}


def test_each_outcome_counts_once_however_often_its_event_comes() -> None:
    feedback = Feedback()
    feedback.sent()
    for _ in range(3):
        feedback.run(feedback.message(delivered()))
    feedback.run(feedback.message(complained()), feedback.message(complained()))
    assert counted(feedback) == {Status.DELIVERED: 1, Status.COMPLAINED: 1}


def test_a_batch_is_counted_in_one_call() -> None:
    feedback = Feedback()
    for number in range(5):
        feedback.sent(f"email-{number}")
    messages = [feedback.message(delivered(email_id=f"email-{number}")) for number in range(5)]
    feedback.run(*messages, feedback.message(bounced(email_id="email-0")))
    assert counted(feedback) == {Status.DELIVERED: 5, Status.BOUNCED: 1}


def test_events_are_acknowledged_though_figures_cannot_be_counted() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.figures.error = TransientError("no answer", code="AWS006")
    assert feedback.run(feedback.message(delivered())) == set()
    assert feedback.tracking.records["email-1"].status is Status.DELIVERED
    assert [line["event"] for line in feedback.log.lines if line["level"] == "WARNING"] == ["figures.count_failed"]


def test_figures_are_counted_after_all_else_and_until_the_last_start_of_any_call() -> None:
    """What they take of the time is missing to no message."""
    feedback = Feedback()
    feedback.sent()
    add = feedback.figures.add
    waiting: list[int] = []

    def noted(reached: Sequence[Reached], sent: int, now: float, last_start: float) -> None:
        waiting.append(len(feedback.again.messages))
        assert last_start == NOW + 9
        add(reached, sent, now, last_start)

    feedback.figures.add = noted  # type: ignore[method-assign]
    feedback.run(feedback.message(delivered()), feedback.message(delivered(email_id="unknown")), seconds=15)
    assert waiting == [1]
    assert counted(feedback) == {Status.DELIVERED: 1}


def test_what_was_not_stored_is_not_counted() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.tracking.error = TransientError("no answer", code="AWS003")
    feedback.run(feedback.message(delivered()))
    assert feedback.figures.reached == []
