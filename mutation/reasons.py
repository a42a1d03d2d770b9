"""Why a survivor may live: each has one reason, by a rule or by name."""

from __future__ import annotations

from mutation.results import Survivor

REASONS: dict[str, str] = {}


def explained(survivor: Survivor) -> Survivor:
    return survivor
