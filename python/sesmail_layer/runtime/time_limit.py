"""Ends what runs for too long, in the main thread, where Lambda calls handlers."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sesmail_layer.domain.errors import PermanentError

_AGAIN_SECONDS = 0.1
"""An alarm that comes in the middle of a garbage collection is lost: Python ignores what is raised there."""


class _TimeIsUpError(BaseException):
    """No Exception: nothing that the block catches on its own account may take it for its own."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises PermanentError inside the block once it has run for `seconds`."""

    def expire(_signal: int, _frame: FrameType | None) -> None:
        raise _TimeIsUpError

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _TimeIsUpError:
        raise PermanentError(
            "template_render_error", f"Failed to render template: it took over {seconds:g} s", code="TMPL012"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)  # The alarm may have come just before it was off.
        signal.signal(signal.SIGALRM, before)
