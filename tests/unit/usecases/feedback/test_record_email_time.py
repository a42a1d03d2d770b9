"""Until when the steps of a batch of SES events may begin."""

from __future__ import annotations

import pytest

from sesmail_layer.usecases.feedback.record_email import FeedbackTime
from tools.simulation.fakes import NOW


@pytest.mark.parametrize(
    ("seconds", "find", "record", "act"),
    [(15, 2.25, 6, 9), (60, 9, 51, 54), (10, 1.5, 4, 6), (5, 0.75, 2, 3)],
)
def test_a_long_invocation_keeps_nine_seconds_and_a_short_one_a_share(
    seconds: float, find: float, record: float, act: float
) -> None:
    times = FeedbackTime.until(NOW + seconds, NOW)
    assert (times.find - NOW, times.record - NOW, times.act - NOW) == (find, record, act)
