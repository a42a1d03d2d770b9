"""Held mail by reason, counted in steps of three requests: a page of its own, which the overview fetches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sesmail_cli.console import emails
from sesmail_cli.console.times import local_time
from sesmail_cli.console.view import REQUESTS_PER_PAGE, Route, View
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.health import held_criteria
from sesmail_cli.operator.timeline import DEFER_REASONS
from sesmail_cli.web.server import Response
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.usecases.find import LARGEST_PAGE, CursorError, find

PATH = "held"
_COUNTED = "n-"
_REASON = re.compile(r"[a-z_]{1,40}")
_UNKNOWN = "unknown"


class Held(NamedTuple):
    """Emails with the status `deferred`, by what they wait for: text and number, the most first."""

    rows: Sequence[tuple[str, int]]
    look: str
    again: str
    back_to: str
    more: str | None
    """Where the count goes on; None: all were counted."""
    clock: str


def show(view: View) -> Response:
    """Count a further step; the address has what was counted before."""
    now = view.engine.clock.now()
    query = view.request.query
    try:
        page = find(
            view.engine.search,
            view.engine.tracking,
            held_criteria(view.engine),
            limit=LARGEST_PAGE,
            cursor=query.get("cursor"),
            requests=REQUESTS_PER_PAGE,
        )
    except CursorError as err:
        raise UsageError(f"This link to a further step does not fit: {err}.") from err
    counts = Counter(_counted_before(query))
    counts.update(_reason(record.defer_reason) for record in page.records)
    so_far = {f"{_COUNTED}{reason}": str(count) for reason, count in counts.items()}
    held = Held(
        rows=[(DEFER_REASONS.get(reason, "another reason"), count) for reason, count in counts.most_common()],
        look=view.url(emails.PLACE.path, status=Status.DEFERRED.value, since="30d"),
        again=view.url(PATH),
        back_to=local_time(page.searched_back_to),
        more=view.url(PATH, cursor=page.cursor, **so_far) if page.cursor else None,
        clock=f"{datetime.fromtimestamp(now).astimezone():%H:%M}",
    )
    return view.page("held.html", place="", held=held)


def _reason(text: str | None) -> str:
    return text if text and _REASON.fullmatch(text) else _UNKNOWN


def _counted_before(query: Mapping[str, str]) -> Mapping[str, int]:
    """Read the counts in an address; what is no count is left out."""
    return {
        _reason(name.removeprefix(_COUNTED)): int(text)
        for name, text in query.items()
        if name.startswith(_COUNTED) and text.isascii() and text.isdecimal() and len(text) < 12
    }


ROUTES: tuple[Route, ...] = ((PATH, show),)
