"""Ends what runs for too long, in the main thread, where Lambda calls handlers."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager
from types import FrameType

from sesmail_layer.domain.errors import PermanentError

_AGAIN_SECONDS = 0.1
"""An alarm that comes in the middle of a garbage collection is lost: Python ignores what is raised there."""


class _TimeIsUpError(BaseException):
    """No Exception: nothing that the block catches on its own account may take it for its own."""


def time_limit(seconds: float) -> AbstractContextManager[None]:
    """Raises PermanentError inside the block once it has run for `seconds`."""
    return _TimeLimit(seconds)


class _TimeLimit(AbstractContextManager[None]):
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGALRM, _expire)
        signal.setitimer(signal.ITIMER_REAL, self._seconds, _AGAIN_SECONDS)

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
        if isinstance(error, _TimeIsUpError):
            message = f"Failed to render template: it took over {self._seconds:g} s"
            raise PermanentError("template_render_error", message, code="TMPL012") from None


def _expire(_signal: int, frame: FrameType | None) -> None:
    """Raises in the block alone: an alarm between its end and the disarming would escape, and the timer run on."""
    if frame is None or frame.f_code not in _BEFORE_AND_AFTER:
        raise _TimeIsUpError


_BEFORE_AND_AFTER = (_TimeLimit.__enter__.__code__, _TimeLimit.__exit__.__code__)
