"""The first page: is mail going out, and what needs attention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sesmail_cli.console.charts import column_chart, meter, sparkline
from sesmail_cli.console.view import Place, Route, View
from sesmail_cli.operator.format import describe_pause, duration, scope
from sesmail_cli.operator.overview import HOURS, Overview, read_overview
from sesmail_cli.web.server import Response
from sesmail_layer.domain.guards.sending_state import ACCOUNT

PLACE = Place("", "Overview")
_HIGH_QUOTA_USE = 0.9


class Concern(NamedTuple):
    """Something that an operator should look at."""

    text: str
    href: str | None = None
    link: str = ""
    is_bad: bool = False


def show(view: View) -> Response:
    seen = read_overview(view.engine)
    concerns = list(_concerns(seen))
    return view.page(
        "overview.html",
        place=PLACE.path,
        seen=seen,
        verdict=_verdict(seen, concerns),
        concerns=concerns,
        chart=column_chart(seen.flow, _labels(seen)),
        meters=[
            (name, window.hours, rate, limit, meter(rate, limit))
            for name, limit, rates in (
                ("Bounces", seen.bounce_limit, [window.bounce_rate for window in seen.windows]),
                ("Complaints", seen.complaint_limit, [window.complaint_rate for window in seen.windows]),
            )
            for window, rate in zip(seen.windows, rates, strict=True)
        ],
        sparkline=sparkline,
        duration=duration,
        ago=lambda at: duration(seen.at - at),
        clock=datetime.fromtimestamp(seen.at).astimezone().strftime("%H:%M:%S"),
    )


def _verdict(seen: Overview, concerns: Sequence[Concern]) -> tuple[str, str]:
    """Return the answer to "are we well?", and its tone."""
    if ACCOUNT in seen.paused:
        return "All sending is paused", "bad"
    if any(concern.is_bad for concern in concerns):
        return "Needs attention", "bad"
    if concerns:
        return "Mail goes out, with restrictions", "warn"
    return "All is well", "good"


def _concerns(seen: Overview) -> Iterator[Concern]:
    for source, state in seen.paused.items():
        text = f"Paused: {describe_pause(source, state)}." if state else f"Paused: {scope(source)}."
        yield Concern(text, is_bad=source == ACCOUNT or bool(state and state.held_by_breaker))
    for alarm in seen.firing:
        yield Concern(f"Alarm {alarm.name} fires, since {duration(seen.at - alarm.since)}.", is_bad=True)
    for queue in seen.dead_letter_queues:
        if queue.total:
            yield Concern(f"{queue.name} holds {queue.total:,} dead letters.", is_bad=True)
    for window in seen.windows:
        for name, rate, limit in (
            ("bounce", window.bounce_rate, seen.bounce_limit),
            ("complaint", window.complaint_rate, seen.complaint_limit),
        ):
            if rate > limit:
                hours = "hour" if window.hours == 1 else f"{window.hours} hours"
                yield Concern(
                    f"The {name} rate of the last {hours} is {rate:.2%}; allowed are {limit:.2%}.", is_bad=True
                )
    if (seen.quota_used or 0) >= _HIGH_QUOTA_USE:
        yield Concern(f"{seen.quota_used:.0%} of SES's 24-hour quota is used.")
    for text in seen.unread:
        yield Concern(text)


def _labels(seen: Overview) -> list[str]:
    """Describe each hour of the chart, on this machine's clock."""
    current = datetime.fromtimestamp(seen.at).astimezone().replace(minute=0, second=0)
    texts = []
    for place, counts in enumerate(seen.flow):
        start = current - timedelta(hours=HOURS - 1 - place)
        texts.append(
            f"{start:%a %H:%M}: {counts.emails:,} sent, {counts.bounces:,} bounced, {counts.complaints:,} complaints"
        )
    return texts


ROUTES: tuple[Route, ...] = (("", show),)
