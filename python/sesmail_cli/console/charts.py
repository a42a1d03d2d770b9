"""The geometry of the charts; the templates draw it, in units of their view box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sesmail_layer.domain.guards.breaker import Counts

WIDTH, HEIGHT = 960.0, 180.0
_GAP = 0.28
"""Of a column's width."""
_ROUNDED = 0.45
"""A meter is full at so much more than its limit: a rate at the limit is near two thirds."""


@dataclass(frozen=True)
class Column:
    """One column: what was sent, with its bad part at the bottom."""

    x: float
    width: float
    height: float
    bad_height: float
    label: str


@dataclass(frozen=True)
class ColumnChart:
    columns: Sequence[Column]
    lines: Sequence[tuple[float, int]]
    """Heights of the grid's lines, from the top, and their values."""


def column_chart(hours: Sequence[Counts], labels: Sequence[str]) -> ColumnChart:
    """Lay out emails by hour; the part that bounced or was complained of keeps at least a visible height."""
    top = nice_ceiling(max((counts.emails for counts in hours), default=0))
    pitch = WIDTH / max(1, len(hours))
    columns = []
    for place, (counts, label) in enumerate(zip(hours, labels, strict=True)):
        height = HEIGHT * counts.emails / top
        bad = min(counts.emails, counts.bounces + counts.complaints)
        columns.append(
            Column(
                x=round(place * pitch + pitch * _GAP / 2, 1),
                width=round(pitch * (1 - _GAP), 1),
                height=round(max(height, 2.0) if counts.emails else 0.0, 1),
                bad_height=round(max(HEIGHT * bad / top, 3.0) if bad else 0.0, 1),
                label=label,
            )
        )
    lines = [(round(HEIGHT * (1 - part), 1), round(top * part)) for part in (1.0, 0.5)]
    return ColumnChart(columns, lines)


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
