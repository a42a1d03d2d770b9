"""Poll until something is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from localcloud.paths import LocalCloudError

Found = TypeVar("Found")
POLL_SECONDS = 0.1


class WaitTimeoutError(LocalCloudError):
    """What was waited for did not happen in time; the message names it and what was seen last."""


def wait_for(
    look: Callable[[], Found | None], what: str, seconds: float = 30.0, poll_seconds: float = POLL_SECONDS
) -> Found:
    """Call `look` every `poll_seconds` until it returns something true.

    Raises WaitTimeoutError after `seconds`, with `what` in its message.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise WaitTimeoutError(f"Timed out after {seconds:.0f} s waiting for {what}; last seen: {found!r}")
        time.sleep(poll_seconds)
    return found
