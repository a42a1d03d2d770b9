"""Unreadable messages in functions of any length: moved with the reason, or requeued until there is time."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from sesmail_layer.aws.clients import limits_of
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import WRAPPED, QueueMessage
from sesmail_layer.domain.record.tracking import TrackingRecord
from tools.simulation.fakes import NOW
from tools.simulation.feedback import Feedback, delivered

SECONDS = [5, 6, 15, 30]


def feedback_of(seconds: int) -> Feedback:
    feedback = Feedback(call_seconds=limits_of("dynamodb", seconds).call_seconds)
    feedback.sent()
    return feedback


def slow_batch(feedback: Feedback, message: QueueMessage, call_seconds: float, seconds: int) -> set[str]:
    """Run a message with an event for which one call takes so long."""
    replace = feedback.tracking.replace

    def slow(record: TrackingRecord) -> TrackingRecord | None:
        feedback.clock.sleep(call_seconds)
        return replace(record)

    feedback.tracking.replace = slow  # type: ignore[method-assign]
    try:
        return set(feedback.run(feedback.message(delivered()), message, seconds=seconds))
    finally:
        feedback.tracking.replace = replace  # type: ignore[method-assign]


def dead_letters(feedback: Feedback) -> Sequence[tuple[str, float, str]]:
    return [(message.body, message.sent_at, reason) for message, reason in feedback.dead_letters.messages]


@pytest.mark.parametrize("call_seconds", [0, 0.5])
@pytest.mark.parametrize("seconds", SECONDS)
def test_an_unreadable_message_is_a_dead_letter_with_its_reason_at_the_first_receive(
    seconds: int, call_seconds: float
) -> None:
    feedback = feedback_of(seconds)
    message = feedback.message("{not json")

    assert slow_batch(feedback, message, call_seconds, seconds) == set()

    assert feedback.dead_letters.messages == [(message, "no JSON")]


@pytest.mark.parametrize("share", [0.25, 0.45, 0.65, 0.8])
@pytest.mark.parametrize("seconds", SECONDS)
def test_an_unreadable_message_of_a_slow_batch_spends_no_receive_and_is_a_dead_letter_with_its_reason_in_the_end(
    seconds: int, share: float
) -> None:
    feedback = feedback_of(seconds)
    message = feedback.message("{not json")

    assert slow_batch(feedback, message, share * seconds, seconds) == set()
    for body, delay in feedback.again.take():
        feedback.clock.sleep(delay)
        assert feedback.run(QueueMessage("again", body), seconds=seconds) == set()

    assert dead_letters(feedback) == [(message.body, NOW, "no JSON")]


def test_a_dead_letter_is_begun_with_three_seconds_for_what_waits_and_in_short_functions_with_what_there_is() -> None:
    """Both are calls of the same service, and either may take as long. Until the last notes, a function has `act`."""
    for seconds, act in ((5, 1.5), (6, 2.4), (15, 9), (30, 24)):
        latest = act - min(3, act / 2)
        for call_seconds, is_moved in ((latest - 0.01, True), (latest + 0.01, False)):
            feedback = feedback_of(seconds)
            assert slow_batch(feedback, feedback.message("{"), call_seconds, seconds) == set()
            assert bool(feedback.dead_letters.messages) is is_moved, (seconds, call_seconds)


def test_an_unreadable_message_that_cannot_be_noted_waits_and_is_a_dead_letter_after_the_outage() -> None:
    feedback = Feedback()
    message = feedback.message("{not json")
    feedback.progress.error = TransientError("DynamoDB error: timeout", code="AWS003")
    assert feedback.waits_after(message)
    feedback.progress.error = None
    feedback.run_waiting()
    assert dead_letters(feedback) == [(message.body, NOW, "no JSON")]
    assert message.message_id in feedback.progress.notes


@pytest.mark.parametrize("body", ["", "null", "[1]", 'x"a":1}', f"{WRAPPED}1,}}", f"{WRAPPED}{{"])
def test_what_would_not_come_out_of_its_wrapping_as_it_came_is_left_to_sqs_where_there_is_no_time(body: str) -> None:
    feedback = feedback_of(15)
    message = msgspec.structs.replace(feedback.message("{"), body=body)

    assert slow_batch(feedback, message, 7, 15) == {message.message_id}

    assert feedback.again.messages == []
    assert feedback.run(message) == set()
    assert [letter.body for letter, _ in feedback.dead_letters.messages] == [body]
