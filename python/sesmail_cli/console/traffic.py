"""What pages draw of traffic: the last 24 hours by hour, and rates against the breaker's limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sesmail_cli.console.charts import ColumnChart, Meter, column_chart, meter
from sesmail_cli.operator.engine import Engine
from sesmail_cli.operator.overview import HOURS, Window
from sesmail_layer.domain.guards.breaker import Counts

_TICK_HOURS = 6


class LastDay(NamedTuple):
    """The chart of 24 hours, the current one last, and the hours below it, on this machine's clock."""

    chart: ColumnChart
    ticks: Sequence[str]


class RateMeter(NamedTuple):
    name: str
    hours: int
    rate: float
    limit: float
    drawn: Meter


def last_day(flow: Sequence[Counts], now: float) -> LastDay:
    """Lay out counts by hour, the oldest first; `now` in Unix seconds."""
    labels = [
        f"{_hour(now, place):%a %H:%M}: {counts.emails:,} sent, {counts.bounces:,} bounced, "
        f"{counts.complaints:,} complaints"
        for place, counts in enumerate(flow)
    ]
    ticks = [f"{_hour(now, place):%H:00}" for place in range(0, HOURS, _TICK_HOURS)]
    return LastDay(column_chart(flow, labels), [*ticks, "now"])


def totals_of(flow: Sequence[Counts]) -> list[tuple[str, str]]:
    """Return the day's numbers: text and name."""
    total = sum(flow, Counts())
    return [(f"{total.emails:,}", "sent"), (f"{total.bounces:,}", "bounced"), (f"{total.complaints:,}", "complaints")]


def rate_meters(engine: Engine, windows: Sequence[Window]) -> list[RateMeter]:
    """Return the rates that the breaker compares with its limits."""
    limits = engine.breaker_limits
    rates = [("Bounces", one.hours, one.bounce_rate, limits.bounce_rate) for one in windows]
    rates += [("Complaints", one.hours, one.complaint_rate, limits.complaint_rate) for one in windows]
    return [RateMeter(name, hours, rate, limit, meter(rate, limit)) for name, hours, rate, limit in rates]


def _hour(now: float, place: int) -> datetime:
    """Return when an hour of the chart starts."""
    current = datetime.fromtimestamp(now).astimezone().replace(minute=0, second=0)
    return current - timedelta(hours=HOURS - 1 - place)
