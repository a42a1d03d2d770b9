"""A time limit for a block of code in the main thread, where Lambda calls handlers."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager
from types import FrameType

from sesmail_layer.domain.errors import PermanentError

# An alarm during a garbage collection is lost, because Python ignores exceptions there. So it repeats.
_REPEAT_SECONDS = 0.1


class _TimeIsUpError(BaseException):
    """Not an Exception, so that no `except Exception` in the block catches it."""


def time_limit(seconds: float) -> AbstractContextManager[None]:
    """Raise PermanentError TMPL012 inside the block after `seconds`."""
    return _TimeLimit(seconds)


class _TimeLimit(AbstractContextManager[None]):
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGALRM, _expire)
        signal.setitimer(signal.ITIMER_REAL, self._seconds, _REPEAT_SECONDS)

    def __exit__(self, _kind: object, error: BaseException | None, traceback: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
        if isinstance(error, _TimeIsUpError):
            # Its traceback would keep whatever the block has built for as long as the new error lives.
            error.__traceback__ = None
            del traceback
            message = f"Failed to render template: it took over {self._seconds:g} s"
            raise PermanentError("template_render_error", message, code="TMPL012") from None


def _expire(_signal: int, frame: FrameType | None) -> None:
    """Raise in the block only: an alarm between its end and the disarming would escape and leave the timer running."""
    if frame is None or frame.f_code not in _OUTSIDE_THE_BLOCK:
        raise _TimeIsUpError


_OUTSIDE_THE_BLOCK = (_TimeLimit.__enter__.__code__, _TimeLimit.__exit__.__code__)
