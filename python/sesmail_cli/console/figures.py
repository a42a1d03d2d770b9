"""Figures of one day: what was sent and what became of it, by producer, template, tag or topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sesmail_cli.console.view import Place, Route, View
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.figures import MOST_DAYS
from sesmail_cli.web.server import Response
from sesmail_layer.domain.figures import OTHER, DayFigures, Figures, Kind

PLACE = Place("figures", "Figures")
DAYS_READ = 2
"""The day and the one before it. More would take more requests than a page may."""
SORTS = {"sent": "Sent", "bounced": "Bounce rate", "complained": "Complaint rate"}


class Row(NamedTuple):
    """One name's line."""

    name: str
    found: Figures
    before: int
    """Sent the day before."""
    share: float
    """Of the largest number of the table, in hundredths."""
    href: str | None
    """The emails, where the search knows the name."""


def show(view: View) -> Response:
    query = view.request.query
    kind = Kind(query["by"]) if query.get("by") in list(Kind) else Kind.PRODUCER
    sort = query.get("sort", "")
    sort = sort if sort in SORTS else "sent"
    today = datetime.fromtimestamp(view.engine.clock.now(), UTC).date()
    day = _day(query.get("day", ""), today)
    days = [(day - timedelta(days=ago)).isoformat() for ago in range(DAYS_READ)]
    read = view.engine.figures.read(days)
    found, before = read[days[0]], read[days[1]]
    return view.page(
        "figures.html",
        place=PLACE.path,
        kind=kind.value,
        kinds=[(view.url(PLACE.path, by=one.value, day=query.get("day"), sort=query.get("sort")), one) for one in Kind],
        sorts=[(view.url(PLACE.path, by=kind.value, day=query.get("day"), sort=one), one, sort) for one in SORTS],
        day=f"{day.day} {day:%B %Y}",
        is_today=day == today,
        earlier=view.url(PLACE.path, by=kind.value, day=days[1], sort=query.get("sort")),
        later=view.url(PLACE.path, by=kind.value, day=(day + timedelta(days=1)).isoformat(), sort=query.get("sort"))
        if day < today
        else None,
        total=found.total,
        total_before=before.total,
        rows=_rows(view, kind, day.isoformat(), found, before, sort),
        limits=_limits(view),
        command=view.command("report", "--by", kind.value, "--since", day.isoformat()),
    )


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError as err:
        raise UsageError(f"'{text}' is no day: give one such as 2026-11-24.") from err
    if not today - timedelta(days=MOST_DAYS) <= day <= today:
        raise UsageError(f"The engine keeps the figures of {MOST_DAYS} days: {text} is not one of them.")
    return day


def _rows(view: View, kind: Kind, day: str, found: DayFigures, before: DayFigures, sort: str) -> Sequence[Row]:
    of_kind = {name: each for name, each in found.by_name.items() if name.kind is kind and each != Figures()}
    most = max((each.sent for each in of_kind.values()), default=0) or 1
    rows = [
        Row(
            name=name.name,
            found=each,
            before=before.by_name.get(name, Figures()).sent,
            share=round(100 * each.sent / most, 1),
            href=_emails(view, kind, name.name, day),
        )
        for name, each in of_kind.items()
    ]
    keys = {
        "sent": lambda row: row.found.sent,
        "bounced": lambda row: row.found.bounce_rate,
        "complained": lambda row: row.found.complaint_rate,
    }
    return sorted(sorted(rows, key=lambda row: row.name), key=keys[sort], reverse=True)


def _emails(view: View, kind: Kind, name: str, day: str) -> str | None:
    if kind not in (Kind.PRODUCER, Kind.TEMPLATE) or name == OTHER:
        return None
    given: Mapping[str, str | None] = {kind.value: name, "from": day, "until": f"{day}T23:59:59.999Z"}
    return view.url("emails", **given)


def _limits(view: View) -> tuple[float, float]:
    return (
        float(view.engine.setting("SESMAIL_BOUNCE_RATE_PAUSE_THRESHOLD", "0.05")),
        float(view.engine.setting("SESMAIL_COMPLAINT_RATE_PAUSE_THRESHOLD", "0.001")),
    )


ROUTES: tuple[Route, ...] = ((PLACE.path, show),)
