"""Ends what runs for too long, in the main thread, where Lambda calls handlers."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sesmail_layer.domain.errors import PermanentError


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises PermanentError inside the block once it has run for `seconds`."""

    def expire(_signal: int, _frame: FrameType | None) -> None:
        raise PermanentError(
            "template_render_error", f"Failed to render template: it took over {seconds:g} s", code="TMPL012"
        )

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
