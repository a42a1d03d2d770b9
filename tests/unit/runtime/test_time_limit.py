"""The time limit: ends what runs for too long, and leaves no trace of itself."""

from __future__ import annotations

import contextlib
import signal
import time

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.runtime.time_limit import time_limit

pytestmark = pytest.mark.usefixtures("no_garbage_collection_calls_back")


def run_forever() -> None:
    while True:
        pass


def test_what_runs_for_too_long_is_ended_by_name() -> None:
    began = time.monotonic()
    with pytest.raises(PermanentError) as caught, time_limit(0.05):
        run_forever()
    assert time.monotonic() - began < 1
    assert (caught.value.error_type, caught.value.code) == ("template_render_error", "TMPL012")
    assert caught.value.message == "Failed to render template: it took over 0.05 s"


def swallow_one_alarm() -> None:
    with contextlib.suppress(BaseException):
        run_forever()
    end = time.monotonic() + 5
    while time.monotonic() < end:
        pass


def test_an_alarm_that_is_swallowed_comes_again() -> None:
    """Python itself swallows one that meets a garbage collection which calls back."""
    began = time.monotonic()
    with pytest.raises(PermanentError), time_limit(0.05):
        swallow_one_alarm()
    assert time.monotonic() - began < 2
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_ends_in_time_is_left_alone_and_so_is_what_follows() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(0.05):
        pass
    time.sleep(0.1)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_error_inside_ends_the_limit_as_well() -> None:
    with pytest.raises(KeyError), time_limit(5):
        raise KeyError
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_that_comes_as_the_block_begins_or_ends_never_escapes_and_leaves_no_timer_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    ended_by_name = 0
    for round_ in range(20_000):
        try:
            with time_limit(1e-6 + round_ % 100 * 1e-7):
                signal.getsignal(signal.SIGALRM)
        except PermanentError:
            ended_by_name += 1
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        assert signal.getsignal(signal.SIGALRM) is before
    assert 0 < ended_by_name < 20_000
