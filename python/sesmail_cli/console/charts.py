"""The geometry of the charts; the templates draw it, in units of their view box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sesmail_layer.domain.guards.breaker import Counts

WIDTH, SENT_HEIGHT, LOST_HEIGHT = 960.0, 150.0, 34.0
_GAP = 0.28
"""Of a column's width."""
_LEAST = 2.0
"""The height of a column that is not zero, however small."""
_ROUNDED = 0.45
"""A meter is full at so much more than its limit: a rate at the limit is near two thirds."""


@dataclass(frozen=True)
class Column:
    """One hour: emails sent, and below, on a scale of its own, those that bounced or were complained of."""

    x: float
    width: float
    sent_height: float
    lost_height: float
    label: str


@dataclass(frozen=True)
class ColumnChart:
    columns: Sequence[Column]
    most_sent: int
    """The value at the top of the upper scale."""
    most_lost: int


def column_chart(hours: Sequence[Counts], labels: Sequence[str]) -> ColumnChart:
    """Lay out emails by hour."""
    lost = [counts.bounces + counts.complaints for counts in hours]
    most_sent = nice_ceiling(max((counts.emails for counts in hours), default=0))
    most_lost = nice_ceiling(max(lost, default=0))
    pitch = WIDTH / max(1, len(hours))
    columns = [
        Column(
            x=round(place * pitch + pitch * _GAP / 2, 1),
            width=round(pitch * (1 - _GAP), 1),
            sent_height=_height(counts.emails, most_sent, SENT_HEIGHT),
            lost_height=_height(lost[place], most_lost, LOST_HEIGHT),
            label=label,
        )
        for place, (counts, label) in enumerate(zip(hours, labels, strict=True))
    ]
    return ColumnChart(columns, most_sent, most_lost)


def _height(value: float, most: int, height: float) -> float:
    return round(max(_LEAST, height * value / most), 1) if value else 0.0


def nice_ceiling(value: float) -> int:
    """Return the next of 2, 4, 6, 10, 20, 40, …: half of it is whole."""
    size = 1
    while True:
        for factor in (2, 4, 6, 10):
            if value <= factor * size:
                return factor * size
        size *= 10


@dataclass(frozen=True)
class Meter:
    """A rate against its limit, in hundredths of the meter's width."""

    filled: float
    limit: float
    tone: str


def meter(rate: float, limit: float) -> Meter:
    """Lay out a rate: green up to half of its limit, then amber, red above it."""
    end = limit * (1 + _ROUNDED) or 1.0
    tone = "bad" if rate > limit else "warn" if rate > limit / 2 else "good"
    return Meter(filled=round(min(100.0, 100 * rate / end), 1), limit=round(100 * limit / end, 1), tone=tone)


def sparkline(values: Sequence[float], width: float = 96.0, height: float = 20.0) -> str:
    """Return the points of a line over a series; none for fewer than two values."""
    if len(values) < 2:
        return ""
    top = max(values) or 1.0
    step = width / (len(values) - 1)
    return " ".join(f"{n * step:.1f},{height - 1 - (height - 2) * value / top:.1f}" for n, value in enumerate(values))
