"""The first page: is mail going out, and what needs attention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sesmail_cli.console import dead_letters, held, producers
from sesmail_cli.console.charts import sparkline
from sesmail_cli.console.times import with_local_times
from sesmail_cli.console.traffic import last_day, rate_meters, totals_of
from sesmail_cli.console.view import Place, Route, View
from sesmail_cli.operator.format import describe_pause, describe_rejected_cancellations, duration, scope
from sesmail_cli.operator.health import RETRY_QUEUES
from sesmail_cli.operator.overview import Overview, read_overview
from sesmail_cli.web.server import Response
from sesmail_layer.domain.guards.sending_state import ACCOUNT

PLACE = Place("", "Overview")
_HIGH_QUOTA_USE = 0.9
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
        day=last_day(seen.flow, seen.at),
        totals=_totals(seen),
        meters=rate_meters(view.engine, seen.windows),
        held_href=view.url(held.PATH) if _may_hold_mail(seen) else None,
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
    if seen.rejected_cancellations:
        text = f"{describe_rejected_cancellations(seen.rejected_cancellations)}."
        yield Concern(text, True, view.url(producers.PLACE.path), "Producers")
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
    more = [(f"{round(sum(seen.failed)):,}", "failed"), (f"{round(sum(seen.deferred)):,}", "deferred")]
    quota = [] if seen.quota_used is None else [(f"{seen.quota_used:.0%}", "of SES's quota used")]
    return [*totals_of(seen.flow), *more, *quota]


def _may_hold_mail(seen: Overview) -> bool:
    """Return False where CloudWatch says that nothing waits, and nothing that is paused contradicts it."""
    waiting = [queue.total for queue in seen.queues if queue.name in RETRY_QUEUES]
    return bool(seen.paused) or any(total is None or total > 0 for total in waiting)


ROUTES: tuple[Route, ...] = (("", show),)
