"""The counts of the engine's requests depend on its code alone, not on how busy the machine is."""

from __future__ import annotations

import time

import pytest

from tools.bench.requests import measured


@pytest.mark.parametrize("times_slower", [100, 1000])
def test_a_busy_machine_does_not_change_the_requests(monkeypatch: pytest.MonkeyPatch, times_slower: int) -> None:
    """Policies and pauses are read again after five seconds, templates after five minutes."""
    expected = measured(1)
    start, now = time.time(), time.time
    monkeypatch.setattr(time, "time", lambda: start + (now() - start) * times_slower)

    assert measured(1) == expected
