"""Conditions on suppressions as operators type them: `--where domain=example.com --where reason=hard-bounce`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from sesmail_cli.operator.arguments import end_of_period, point_in_time
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.suppression_list import TYPES
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason

FIELDS = ("domain", "reason", "type", "source", "diagnostic", "note", "since", "until")
_CHOICES: dict[str, tuple[str, ...]] = {"reason": tuple(SuppressionReason), "type": TYPES}


class SuppressionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """An entry matches all conditions that are given."""

    domain: str | None = None
    """The address's, in lower case."""
    reason: str | None = None
    type: str | None = None
    source: str | None = None
    diagnostic: str | None = None
    """Part of the other server's answer; case does not matter."""
    note: str | None = None
    """Part of the note; case does not matter."""
    since: str | None = None
    until: str | None = None
    """`since` and `until` belong to the period."""

    def match(self, entry: Suppression) -> bool:
        return (
            self.domain in (None, _domain(entry.email))
            and self.reason in (None, entry.reason)
            and self.type in (None, entry.suppression_type)
            and self.source in (None, entry.source)
            and _contains(entry.diagnostic_code, self.diagnostic)
            and _contains(entry.note, self.note)
            and (self.since is None or entry.added_to_suppression_date >= self.since)
            and (self.until is None or entry.added_to_suppression_date <= self.until)
        )


def parse_where(given: Iterable[str], now: float) -> SuppressionFilter:
    """Parse `FIELD=VALUE` conditions. Raises UsageError."""
    found: dict[str, Any] = {}
    for text in given:
        field, _, value = text.partition("=")
        if field not in FIELDS or not value:
            raise UsageError(f"'{text}' is no condition: give {', '.join(f'{known}=…' for known in FIELDS)}.")
        if field in found:
            raise UsageError(f"'{field}' is given twice: an entry must match all conditions, so give it once.")
        if field in _CHOICES and value not in _CHOICES[field]:
            raise UsageError(f"'{value}' is no {field}: allowed are {', '.join(_CHOICES[field])}.")
        found[field] = value.casefold() if field in ("domain", "diagnostic", "note") else value
    if "since" in found:
        found["since"] = point_in_time(found["since"], now)
    if "until" in found:
        found["until"] = end_of_period(found["until"], found.get("since", ""), now)
    return SuppressionFilter(**found)


def _domain(key: str) -> str:
    """Return the domain of an address; an entry for one topic has its name after the address."""
    return key.rpartition("@")[2].partition("#")[0]


def _contains(text: str | None, part: str | None) -> bool:
    return part is None or part in (text or "").casefold()
