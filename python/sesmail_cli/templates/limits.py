"""The sender's time limits, for the command line's own process."""

from __future__ import annotations

import signal
import threading
from contextlib import AbstractContextManager, nullcontext

from sesmail_layer.runtime.time_limit import time_limit
from sesmail_layer.usecases.sender.prepare import COMPILE_SECONDS, RENDER_SECONDS

__all__ = ["COMPILE_SECONDS", "RENDER_SECONDS", "limited"]


def limited(seconds: float) -> AbstractContextManager[None]:
    """Raise PermanentError TMPL012 inside the block after `seconds`; without signals (threads, Windows), do nothing."""
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGALRM"):
        return time_limit(seconds)
    return nullcontext()
