"""The feedback queue's window of 5 s and batches of 50: fewer invocations for steady feedback (issue 13, point 13)."""

from __future__ import annotations

import pytest

from tools.bench.bill_page import FEWER_INVOCATIONS
from tools.simulation.feedback_invocations import fewer_invocations


@pytest.mark.parametrize(("per_second", "least"), [(1, 1.5), (30, 20)])
def test_steady_feedback_takes_fewer_invocations_than_with_lambda_s_defaults(per_second: int, least: float) -> None:
    times = fewer_invocations(per_second)
    assert times >= least
    assert f"{times:.1f}" == f"{FEWER_INVOCATIONS[per_second]:.1f}", "docs/performance.md says so"
