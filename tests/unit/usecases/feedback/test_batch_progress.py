"""The watermark moves to a probe's time once everything that the queue had before it is done or noted."""

from __future__ import annotations

import json

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.ses.watermark import probe
from tools.simulation.fakes import NOW
from tools.simulation.feedback import Feedback, delivered


def probes(feedback: Feedback, *sent_at: float) -> list[QueueMessage]:
    return [feedback.message(json.loads(probe(at))) for at in sent_at]


@pytest.mark.parametrize(
    ("sent_at", "handled_until"),
    [((NOW - 20,), NOW - 20), ((NOW - 20, NOW - 5, NOW - 40), NOW - 5), ((NOW + 90,), NOW)],
)
def test_everything_before_the_newest_probe_has_been_handled_but_nothing_after_now(
    sent_at: tuple[float, ...], handled_until: float
) -> None:
    feedback = Feedback()
    feedback.sent()

    assert feedback.run(feedback.message(delivered()), *probes(feedback, *sent_at)) == set()
    assert feedback.progress.handled_until == handled_until


def test_a_batch_without_a_probe_moves_nothing() -> None:
    feedback = Feedback()
    feedback.sent()

    feedback.run(feedback.message(delivered()))

    assert feedback.progress.handled_until == 0


def test_progress_that_cannot_be_stored_is_logged_and_left_to_the_next_probe() -> None:
    feedback = Feedback()
    feedback.progress.error = TransientError("DynamoDB throttled", code="AWS006")

    assert feedback.run(*probes(feedback, NOW - 20)) == set()
    assert feedback.progress.handled_until == 0
    [line] = [one for one in feedback.log.lines if one["event"] == "feedback.progress_failed"]
    assert (line["code"], line["message"]) == ("AWS006", "DynamoDB throttled")

    feedback.progress.error = None
    feedback.run(*probes(feedback, NOW - 10))
    assert feedback.progress.handled_until == NOW - 10
