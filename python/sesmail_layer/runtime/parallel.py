"""Runs a batch's independent steps side by side: most of their time is spent waiting for AWS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait


def run_all(steps: Sequence[Callable[[], object]]) -> None:
    """Runs every step to its end; an exception of one (none is expected) is raised after all have ended."""
    if not steps:
        return
    with ThreadPoolExecutor(max_workers=len(steps)) as pool:
        done, _ = wait([pool.submit(step) for step in steps])
    for future in done:
        future.result()
