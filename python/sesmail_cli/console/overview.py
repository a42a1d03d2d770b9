"""The first page: is mail going out, and what needs attention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sesmail_cli.console import dead_letters, producers
from sesmail_cli.console.charts import column_chart, meter, sparkline
from sesmail_cli.console.times import with_local_times
from sesmail_cli.console.view import Place, Route, View
from sesmail_cli.operator.format import describe_pause, duration, scope
from sesmail_cli.operator.overview import HOURS, Overview, read_overview
from sesmail_cli.web.server import Response
from sesmail_layer.domain.guards.sending_state import ACCOUNT

PLACE = Place("", "Overview")
_HIGH_QUOTA_USE = 0.9
_TICK_HOURS = 6
_ABOUT = {
    "EmailQueue": "transactional requests",
    "BulkQueue": "bulk requests",
    "RetryQueue": "held and retried mail",
    "BulkRetryQueue": "held and retried bulk mail",
    "FeedbackQueue": "events from SES",
    "EventBridgeDLQ": "what the bus could not deliver",
}


class Concern(NamedTuple):
    """Something that an operator should look at."""

    text: str
    is_bad: bool = False
    href: str | None = None
    link: str = ""


def show(view: View) -> Response:
    seen = read_overview(view.engine, view.known)
    view.known.update(seen.paused)
    concerns = list(_concerns(view, seen))
    return view.page(
        "overview.html",
        place=PLACE.path,
        seen=seen,
        verdict=_verdict(seen, concerns),
        concerns=concerns,
        chart=column_chart(seen.flow, _labels(seen)),
        ticks=_ticks(seen),
        totals=_totals(seen),
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
        about=_ABOUT,
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


def _concerns(view: View, seen: Overview) -> Iterator[Concern]:
    for source, state in seen.paused.items():
        cooldown = view.engine.cooldown_seconds
        text = f"Paused: {describe_pause(source, state, cooldown)}." if state else f"Paused: {scope(source)}."
        is_bad = source == ACCOUNT or bool(state and state.held_by_breaker)
        yield Concern(with_local_times(text), is_bad, producers.url_of(view, source), "Look at it")
    for alarm in seen.firing:
        # The lines above say what is paused. The alarm on pauses follows them, some minutes late.
        if not alarm.name.endswith("Sending-Paused"):
            lasts = duration(seen.at - alarm.since)
            yield Concern(f"The alarm {alarm.name} has been firing for {lasts}.", is_bad=True)
    for queue in seen.dead_letter_queues:
        if queue.total:
            letters = "dead letter" if queue.total == 1 else "dead letters"
            href = view.url(f"{dead_letters.PLACE.path}/{queue.name}")
            yield Concern(f"{queue.name} holds {queue.total:,} {letters}.", True, href, "Look at them")
    yield from _rate_concerns(seen)
    if (seen.quota_used or 0) >= _HIGH_QUOTA_USE:
        yield Concern(f"{seen.quota_used:.0%} of SES's 24-hour quota is used.")
    yield from map(Concern, seen.unread)


def _rate_concerns(seen: Overview) -> Iterator[Concern]:
    for window in seen.windows:
        hours = "hour" if window.hours == 1 else f"{window.hours} hours"
        for name, rate, limit in (
            ("bounce", window.bounce_rate, seen.bounce_limit),
            ("complaint", window.complaint_rate, seen.complaint_limit),
        ):
            if rate > limit:
                text = f"The {name} rate of the last {hours} is {rate:.2%}; allowed are {limit:.2%}."
                yield Concern(text, is_bad=True)


def _totals(seen: Overview) -> list[tuple[str, str]]:
    """Return the day's numbers: text and name."""
    day = [
        (sum(counts.emails for counts in seen.flow), "sent"),
        (sum(counts.bounces for counts in seen.flow), "bounced"),
        (sum(counts.complaints for counts in seen.flow), "complaints"),
        (round(sum(seen.failed)), "failed"),
        (round(sum(seen.deferred)), "deferred"),
    ]
    quota = [] if seen.quota_used is None else [(f"{seen.quota_used:.0%}", "of SES's quota used")]
    return [*((f"{count:,}", name) for count, name in day), *quota]


def _ticks(seen: Overview) -> list[str]:
    return [_hour(seen, place).strftime("%H:00") for place in range(0, HOURS, _TICK_HOURS)] + ["now"]


def _hour(seen: Overview, place: int) -> datetime:
    """Return when an hour of the chart starts, on this machine's clock."""
    current = datetime.fromtimestamp(seen.at).astimezone().replace(minute=0, second=0)
    return current - timedelta(hours=HOURS - 1 - place)


def _labels(seen: Overview) -> list[str]:
    return [
        f"{_hour(seen, place):%a %H:%M}: {counts.emails:,} sent, {counts.bounces:,} bounced, "
        f"{counts.complaints:,} complaints"
        for place, counts in enumerate(seen.flow)
    ]


ROUTES: tuple[Route, ...] = (("", show),)
