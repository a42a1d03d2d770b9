"""Writes docs/mutation.md from the results of one run."""

from __future__ import annotations

from mutation.results import Results


def modules(found: Results) -> list[str]:
    return []


def write(found: Results) -> None: ...
