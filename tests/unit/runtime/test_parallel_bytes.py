"""The budget of bytes that parallel steps hold."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesmail_layer.runtime.parallel import BytesInFlight, run_all


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 15), min_size=1, max_size=10))
def test_steps_never_hold_more_than_the_limit_and_all_of_them_end(sizes: list[int]) -> None:
    budget, held, most, ended, lock = BytesInFlight(10), 0, 0, 0, threading.Lock()

    def step(size: int) -> None:
        nonlocal held, most, ended
        with budget.reserve(size):
            with lock:
                held += min(size, 10)
                most = max(most, held)
            time.sleep(0.001)
            with lock:
                held -= min(size, 10)
                ended += 1

    run_all([partial(step, size) for size in sizes])

    assert ended == len(sizes)
    assert most <= 10


def test_what_raises_gives_its_bytes_back() -> None:
    budget = BytesInFlight(10)
    with pytest.raises(ValueError), budget.reserve(10):
        raise ValueError
    with budget.reserve(10):
        pass
