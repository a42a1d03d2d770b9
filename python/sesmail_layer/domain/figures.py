"""A day's figures: how many emails reached a status, in all and by producer, template, tag and topic.

An email counts once for each of its names and statuses, on the day on which its record shows the status first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord

OTHER = "*other*"
"""Counts what has no figures of its own: sources without a policy, and names beyond `MOST_NAMES`."""
MOST_NAMES = 200
"""Names of each kind that a day counts by themselves, the first ones."""


class Kind(StrEnum):
    """What the figures are kept by."""

    PRODUCER = "producer"
    TEMPLATE = "template"
    TAG = "tag"
    TOPIC = "topic"


class Name(msgspec.Struct, frozen=True):
    """One producer, template, tag or topic."""

    kind: Kind
    name: str


StatusCounts = Counter[tuple[Name | None, Status]]
"""Emails by name (None: all of them) and status."""
Reached = tuple[TrackingRecord, Sequence[Status]]
"""A stored record, and the statuses that its latest write reached first (`record.tracking.reached`)."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Emails that reached each status."""

    sent: int = 0
    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    opened: int = 0
    failed: int = 0

    def __add__(self, other: Figures) -> Figures:
        names = self.__struct_fields__
        return Figures(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def bounce_rate(self) -> float:
        return self.bounced / self.sent if self.sent else 0.0

    @property
    def complaint_rate(self) -> float:
        return self.complained / self.sent if self.sent else 0.0


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One day (UTC), or one hour of it."""

    total: Figures = Figures()
    by_name: Mapping[Name, Figures] = {}


def names_of(record: TrackingRecord) -> list[Name]:
    """Return what an email's figures are counted by."""
    found = [
        Name(Kind.PRODUCER, record.original_source or OTHER),
        *(Name(Kind.TAG, tag) for tag in dict.fromkeys(record.tags)),
    ]
    if record.template_name:
        found.append(Name(Kind.TEMPLATE, record.template_name))
    if record.topic:
        found.append(Name(Kind.TOPIC, record.topic))
    return found


def count_reached(reached: Iterable[Reached]) -> StatusCounts:
    """Count a batch's emails."""
    found: StatusCounts = Counter()
    for record, statuses in reached:
        for name in (None, *names_of(record)):
            found.update((name, status) for status in statuses)
    return found


def figures_in(found: Mapping[Status, int]) -> Figures:
    """Return the figures of a count by status."""
    return Figures(**{status.value: number for status, number in found.items()})


def sum_figures(days: Iterable[DayFigures]) -> DayFigures:
    total, by_name = Figures(), dict[Name, Figures]()
    for day in days:
        total += day.total
        for name, figures in day.by_name.items():
            by_name[name] = by_name.get(name, Figures()) + figures
    return DayFigures(total=total, by_name=by_name)
