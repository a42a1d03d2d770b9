"""The time after which no call to AWS begins any more.

The steps of a use case look at the clock before they begin, and a step may be several calls of AWS's APIs in a row: a
look in front of each call bounds all of them, whichever adapter makes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError


class NoTimeLeft(BotoCoreError):
    """The call was not made. To the adapters it is a call without an answer: what needed it is tried again."""

    fmt = "No time left in this invocation"


class CallLimit:
    """One container's; the clients that `attach` was called with obey it.

    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.last_start = math.inf
        """Unix seconds; later calls raise NoTimeLeft."""
        self._now = now

    def attach(self, client: Any) -> None:
        client.meta.events.register("before-call", self._check)

    def _check(self, **_: Any) -> None:
        if self._now() > self.last_start:
            raise NoTimeLeft
