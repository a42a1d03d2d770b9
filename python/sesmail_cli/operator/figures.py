"""The engine's figures by day and by name, as data: what `sesmail report` and other readers show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from sesmail_cli.operator.engine import Engine
from sesmail_layer.domain.figures import DayFigures, Figures, Kind, Name

MOST_DAYS = 100
"""So long the engine keeps its figures."""


class Row(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The figures of one name in the period, or of one day."""

    name: str
    sent: int
    delivered: int
    bounced: int
    complained: int
    opened: int
    failed: int
    bounce_rate: float
    """Bounced emails of those sent in the same period; 0 where none was sent."""
    complaint_rate: float
    sent_by_day: Sequence[int] = ()
    """One number for each day of the period, the oldest first; empty in the row of a day."""


class Report(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    since: str
    """The first day (UTC)."""
    until: str
    """The last day, today: it is not over."""
    total: Row
    rows: Sequence[Row]
    """By name, the largest number of sent emails first; without a kind, by day."""


def figures(engine: Engine, since: str, *, by: Kind | None = None, only: Name | None = None) -> Report:
    """Read the figures from a day (`YYYY-MM-DD`) until today: of all emails, or `only` of one name's.

    One row for each name of the kind `by`, else one for each day. Raises TransientError.
    """
    days = _days(since, engine.clock.now())
    by_day = engine.figures.read(days)
    found = [by_day[day] for day in days]
    total = [_of(day, only) for day in found]
    if by is None:
        rows = [_row(day, [each]) for day, each in zip(days, total, strict=True)]
    else:
        names = sorted({name for day in found for name in day.by_name if name.kind is by}, key=lambda name: name.name)
        each_day = {name: [_of(day, name) for day in found] for name in names}
        rows = [_row(name.name, each, spread=True) for name, each in each_day.items()]
        rows.sort(key=lambda row: -row.sent)
    name = "all" if only is None else only.name
    return Report(since=days[0], until=days[-1], total=_row(name, total, spread=True), rows=rows)


def _of(day: DayFigures, name: Name | None) -> Figures:
    return day.total if name is None else day.by_name.get(name, Figures())


def _row(name: str, by_day: Sequence[Figures], *, spread: bool = False) -> Row:
    found = sum(by_day, Figures())
    return Row(
        name=name,
        bounce_rate=found.bounce_rate,
        complaint_rate=found.complaint_rate,
        sent_by_day=[each.sent for each in by_day] if spread else (),
        **msgspec.structs.asdict(found),
    )


def _days(since: str, now: float) -> list[str]:
    today = datetime.fromtimestamp(now, UTC).date()
    first = min(datetime.fromisoformat(since).date(), today)
    count = min((today - first).days + 1, MOST_DAYS)
    return [(today - timedelta(days=ago)).isoformat() for ago in reversed(range(count))]
