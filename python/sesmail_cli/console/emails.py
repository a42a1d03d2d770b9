"""Search: emails by filters, newest first, page by page; and an id leads to its email."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sesmail_cli.console.times import local_time
from sesmail_cli.console.view import REQUESTS_PER_PAGE, Place, Route, View
from sesmail_cli.operator.arguments import end_of_period, point_in_time, stored_address
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.explaining import find_record
from sesmail_cli.web.server import Response, redirect
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.find import Criteria, CursorError, Page, find

PLACE = Place("emails", "Emails")
PAGE_SIZE = 50
PERIODS = (("1h", "1 hour"), ("1d", "24 hours"), ("7d", "7 days"), ("30d", "30 days"))
DEFAULT_PERIOD = "7d"
_OLDEST = "1970-01-01T00:00:00.000Z"
_WRONG = (Status.FAILED, Status.BOUNCED, Status.SOFT_BOUNCED, Status.COMPLAINED)
_UNDER_WAY = (Status.DEFERRED, Status.SENDING, Status.DELAYED)
STATUSES: Mapping[str, tuple[str, Sequence[Status]]] = {
    "": ("Any status", ()),
    "wrong": ("Anything wrong", _WRONG),
    "waiting": ("Under way", _UNDER_WAY),
    **{status.value: (status.value.replace("_", " ").capitalize(), (status,)) for status in Status},
}
_TEXTS = ("producer", "template", "tag", "topic")


def show(view: View) -> Response:
    """Show the emails that match, or go to the one that has the given id."""
    query = view.request.query
    asked = query.get("q", "").strip()
    if asked and "@" not in asked:
        return _by_id(view, asked)
    filters = _filters(query, asked)
    criteria = _criteria(filters, view.engine.clock.now())
    cursor = query.get("cursor")
    try:
        page = find(
            view.engine.search,
            view.engine.tracking,
            criteria,
            limit=PAGE_SIZE,
            cursor=cursor,
            requests=REQUESTS_PER_PAGE,
        )
    except CursorError as err:
        raise UsageError(f"This link to a further page does not fit: {err}.") from err
    return view.page("emails.html", place=PLACE.path, **_values(view, filters, criteria, page))


def _by_id(view: View, asked: str) -> Response:
    record = find_record(view.engine, asked)
    if record is None:
        return view.page("email-missing.html", place=PLACE.path, status=404, email_id=asked)
    return redirect(view.base + f"emails/{quote(record.email_id, safe='')}")


def _filters(query: Mapping[str, str], asked: str) -> dict[str, str]:
    """Return what the form has, with its defaults: all of it in the addresses of further pages."""
    found = {name: query.get(name, "").strip() for name in (*_TEXTS, "from", "until")}
    status = query.get("status", "")
    period = query.get("since", "")
    known = {value for value, _ in PERIODS} | ({"all"} if asked else set())
    default = "all" if asked else DEFAULT_PERIOD
    return {
        "q": asked,
        **found,
        "status": status if status in STATUSES else "",
        "since": period if period in known else default,
    }


def _criteria(filters: Mapping[str, str], now: float) -> Criteria:
    period = filters["from"] or filters["since"]
    since = _OLDEST if period == "all" else point_in_time(period, now)
    criteria = Criteria(
        since=since,
        until=end_of_period(filters["until"], since, now) if filters["until"] else utc_text(now),
        to=stored_address(filters["q"]) if filters["q"] else None,
        producer=filters["producer"] or None,
        template=filters["template"] or None,
        tag=filters["tag"] or None,
        topic=filters["topic"] or None,
        statuses=tuple(STATUSES[filters["status"]][1]),
    )
    if criteria.since > criteria.until:
        raise UsageError(f"The start ({criteria.since}) is after the end ({criteria.until}).")
    return criteria


def _values(view: View, filters: Mapping[str, str], criteria: Criteria, page: Page) -> dict[str, Any]:
    periods = (*PERIODS, ("all", "All")) if filters["q"] else PERIODS
    given: dict[str, str | None] = dict(filters)
    return {
        "filters": filters,
        "periods": periods,
        "statuses": [(value, text) for value, (text, _) in STATUSES.items()],
        "rows": [_row(view, record) for record in page.records],
        "back_to": local_time(page.searched_back_to) if page.cursor else None,
        "is_continued": bool(view.request.query.get("cursor")),
        "more": view.url(PLACE.path, **given, cursor=page.cursor) if page.cursor else None,
        "wants": PAGE_SIZE,
        "command": view.command("find", *_options(filters, criteria)),
        "is_narrow": any(filters[name] for name in (*_TEXTS, "from", "until")),
    }


def _options(filters: Mapping[str, str], criteria: Criteria) -> Sequence[str]:
    named = {
        "--to": criteria.to,
        "--producer": criteria.producer,
        "--template": criteria.template,
        "--tag": criteria.tag,
        "--topic": criteria.topic,
        "--since": None if criteria.since == _OLDEST else filters["from"] or filters["since"],
        "--until": filters["until"] or None,
    }
    options = [text for option, value in named.items() if value for text in (option, value)]
    return [*options, *(text for status in criteria.statuses for text in ("--status", status.value))]


def _row(view: View, record: TrackingRecord) -> dict[str, str]:
    return {
        "href": view.base + f"emails/{quote(record.email_id, safe='')}",
        "time": local_time(record.timestamp),
        "to": record.to_email or "no address",
        "subject": record.subject or "",
        "status": record.status,
        "template": record.template_name or "–",
        "producer": record.original_source or "–",
        "email_id": record.email_id,
        "why": (record.error_type or record.defer_reason or record.bounce_type or "").replace("_", " "),
    }


ROUTES: tuple[Route, ...] = ((PLACE.path, show),)
