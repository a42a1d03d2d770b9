"""The real clock."""

from __future__ import annotations

import time

import pytest

from sesmail_layer.runtime.clock import SystemClock


def test_now_is_unix_time() -> None:
    before = time.time()
    assert before <= SystemClock().now() <= time.time()


@pytest.mark.parametrize(("seconds", "slept"), [(0.25, 0.25), (0.0, 0.0), (-3.0, 0.0)])
def test_a_time_in_the_past_needs_no_sleep(monkeypatch: pytest.MonkeyPatch, seconds: float, slept: float) -> None:
    sleeps: list[float] = []
    monkeypatch.setattr(time, "sleep", sleeps.append)
    SystemClock().sleep(seconds)
    assert sleeps == [slept]
