"""Runs independent steps in parallel: they spend most of their time waiting for AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import msgspec

Step = Callable[[], object]
RunAll = Callable[[Sequence[Step]], None]

WORKERS = 10
"""A sender's batch; botocore keeps as many connections."""


def run_all(steps: Sequence[Step]) -> None:
    """Run every step to its end, then raise the exception of one if there is any (none is expected).

    A single step needs no thread.
    """
    if len(steps) < 2:
        for step in steps:
            step()
        return
    with ThreadPoolExecutor(max_workers=min(len(steps), WORKERS)) as pool:
        done, _ = wait([pool.submit(step) for step in steps])
    for future in done:
        future.result()


def prepare_types(*types: type[msgspec.Struct]) -> None:
    """Let msgspec analyse types that threads convert to: the process crashes where two are the first at the same time.

    msgspec 0.22 publishes a type's analysis before it is complete.
    """
    for each in types:
        msgspec.json.Decoder(each)


class BytesInFlight:
    """Lets parallel steps hold up to a number of bytes at once; the others wait."""

    def __init__(self, limit: int) -> None:
        self._left = self._limit = limit
        self._changed = threading.Condition()

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Wait until there is room. A size above the limit counts as the limit: it is alone."""
        size = min(size, self._limit)
        with self._changed:
            self._changed.wait_for(lambda: size <= self._left)
            self._left -= size
        try:
            yield
        finally:
            with self._changed:
                self._left += size
                self._changed.notify_all()
