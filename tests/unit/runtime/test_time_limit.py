"""The time limit ends a block that runs for too long, and cleans up after itself."""

from __future__ import annotations

import contextlib
import gc
import signal
import time
import weakref

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.runtime.time_limit import time_limit

pytestmark = pytest.mark.usefixtures("no_garbage_collection_calls_back")


def run_forever() -> None:
    while True:
        pass


def test_a_block_that_runs_for_too_long_ends_with_an_error() -> None:
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


def test_a_lost_alarm_repeats() -> None:
    """Python itself swallows one that meets a garbage collection which calls back."""
    began = time.monotonic()
    with pytest.raises(PermanentError), time_limit(0.05):
        swallow_one_alarm()
    assert time.monotonic() - began < 2
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_block_that_ends_in_time_and_the_code_after_it_are_undisturbed() -> None:
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


def test_an_alarm_at_the_blocks_start_or_end_never_escapes_and_leaves_no_timer() -> None:
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


class _Built:
    """What a block has built, and a template's frames would keep."""


def test_the_error_keeps_nothing_that_the_block_has_built() -> None:
    kept = weakref.WeakSet[_Built]()

    def build() -> None:
        built = _Built()
        kept.add(built)
        run_forever()

    with pytest.raises(PermanentError) as caught, time_limit(0.05):
        build()
    gc.collect()
    assert caught.value.code == "TMPL012"
    assert list(kept) == []
