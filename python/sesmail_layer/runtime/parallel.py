"""Runs independent steps in parallel: they spend most of their time waiting for AWS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait


def run_all(steps: Sequence[Callable[[], object]]) -> None:
    """Run every step to its end, then raise the exception of one if there is any (none is expected)."""
    if not steps:
        return
    with ThreadPoolExecutor(max_workers=len(steps)) as pool:
        done, _ = wait([pool.submit(step) for step in steps])
    for future in done:
        future.result()
