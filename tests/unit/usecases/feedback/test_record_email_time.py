"""Until when the steps of a batch of SES events may begin."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.usecases.feedback.record_email import FeedbackTime
from tools.simulation.fakes import NOW


@pytest.mark.parametrize(
    ("seconds", "call", "find", "record", "act"),
    [
        (15, 5, 2.25, 6, 9),
        (60, 5, 9, 51, 54),
        (10, 3, 1.5, 3, 6),
        (5, 3, 0.75, 1.5, 1.5),
    ],
)
def test_what_is_begun_can_end_before_the_invocation_does(
    seconds: float, call: float, find: float, record: float, act: float
) -> None:
    times = FeedbackTime.until(NOW + seconds, NOW, call)
    assert (times.find - NOW, times.record - NOW, times.act - NOW) == (find, record, act)
    assert max(times.find, times.record, times.act) + call < NOW + seconds


def test_after_that_nothing_may_begin() -> None:
    times = FeedbackTime.until(NOW + 15, NOW, 5)
    times.check(NOW + 9)
    with pytest.raises(TransientError, match="No time left"):
        times.check(NOW + 9.01)
