"""Steps run in parallel, all of them, whatever one of them raises."""

from __future__ import annotations

import threading

import pytest

from sesmail_layer.runtime.parallel import run_all


def test_all_steps_run_at_the_same_time() -> None:
    together = threading.Barrier(5, timeout=5)
    run_all([together.wait] * 5)
    assert not together.broken


def test_an_exception_is_raised_after_all_steps_have_ended() -> None:
    failed = threading.Event()
    ended: list[int] = []

    def fail() -> None:
        failed.set()
        raise KeyError("bug")

    def end_later(number: int) -> None:
        failed.wait(5)
        ended.append(number)

    with pytest.raises(KeyError, match="bug"):
        run_all([fail, lambda: end_later(1), lambda: end_later(2)])
    assert sorted(ended) == [1, 2]


def test_less_than_two_steps_need_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda _: pytest.fail("a thread was started"))
    done: list[int] = []
    run_all([])
    run_all([lambda: done.append(1)])
    assert done == [1]
