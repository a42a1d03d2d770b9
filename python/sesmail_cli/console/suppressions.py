"""Suppressions: the list by type and filters, and one address with what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sesmail_cli.console import emails
from sesmail_cli.console.times import local_time
from sesmail_cli.console.view import REQUESTS_PER_PAGE, Place, Route, View
from sesmail_cli.operator.arguments import stored_address
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.format import SUPPRESSION_REASONS
from sesmail_cli.operator.suppressing import LARGEST_NOTE, look_up
from sesmail_cli.operator.suppression_filter import parse_where
from sesmail_cli.operator.suppression_list import TYPES
from sesmail_cli.operator.suppression_pages import SuppressionPage, read_page
from sesmail_cli.web.server import Response, redirect
from sesmail_layer.domain.guards.suppression import TOMBSTONE_PREFIX, Suppression, SuppressionReason

PLACE = Place("suppressions", "Suppressions")
PAGE_SIZE = 50
_OTHER = "other"
_TABS = {"bounce": "Bounces", "complaint": "Complaints", "unsubscribe": "Unsubscribes", "manual": "By hand"}
_FILTERS = {
    "domain": ("Domain", "example.com"),
    "source": ("Written by", "sesmail.cli"),
    "diagnostic": ("The other server's answer", "user unknown"),
    "note": ("Note", "ticket 4711"),
    "since": ("From", "2026-11-24 or 7d"),
    "until": ("Until", "1h"),
}
NO_MAIL = "gets no mail from this engine"
NO_BULK_MAIL = "gets no bulk mail from this engine, only transactional mail"


def show(view: View) -> Response:
    """Show the list, or go to the address that was given."""
    query = view.request.query
    if asked := query.get("q", "").strip():
        return redirect(view.url(f"{PLACE.path}/{stored_address(asked)}"))
    only = query.get("type", "")
    only = only if only in (*TYPES, _OTHER) else TYPES[0]
    filters = {name: query.get(name, "").strip() for name in _FILTERS}
    conditions = [f"{name}={value}" for name, value in filters.items() if value]
    where = parse_where(conditions, view.engine.clock.now())
    if where.since and where.until and where.since > where.until:
        raise UsageError(f"The start ({where.since}) is after the end ({where.until}).")
    page = read_page(
        view.engine,
        None if only == _OTHER else only,
        where,
        limit=PAGE_SIZE,
        cursor=query.get("cursor"),
        requests=REQUESTS_PER_PAGE,
    )
    return view.page("suppressions.html", place=PLACE.path, **_values(view, only, filters, page))


def _values(view: View, only: str, filters: Mapping[str, str], page: SuppressionPage) -> dict[str, Any]:
    given: dict[str, str | None] = {"type": only, **filters}
    return {
        "only": only,
        "tabs": [
            (view.url(PLACE.path, **{**given, "type": name}), text, None, name == only)
            for name, text in (*_TABS.items(), (_OTHER, "Of other programs"))
        ],
        "fields": [(name, text, hint, filters[name]) for name, (text, hint) in _FILTERS.items()],
        "is_narrow": any(filters.values()),
        "rows": [_row(view, entry) for entry in page.entries],
        "more": view.url(PLACE.path, **given, cursor=page.cursor) if page.cursor else None,
        "back_to": local_time(page.searched_back_to) if page.searched_back_to else None,
        "rows_read": page.rows_read,
        "is_continued": bool(view.request.query.get("cursor")),
        "wants": PAGE_SIZE,
        "commands": _commands(view, only, filters),
    }


def _commands(view: View, only: str, filters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what lists the same, and what removes all that match."""
    of_type = [] if only == _OTHER else ["--type", only]
    since = ["--since", filters["since"]] if filters["since"] else []
    conditions = [f"{name}={value}" for name, value in filters.items() if value]
    conditions += [] if only == _OTHER else [f"type={only}"]
    where = [text for condition in conditions for text in ("--where", condition)]
    commands = [("The list as a command", view.command("suppression", "list", *of_type, *since))]
    if any(filters.values()):
        commands.append(
            ("Remove all that match, however many: shows them and asks", view.command("suppression", "remove", *where))
        )
    return commands


def _row(view: View, entry: Suppression) -> dict[str, str | None]:
    return {
        "key": entry.email,
        "href": view.url(f"{PLACE.path}/{entry.email}") if is_readable(entry.email) else None,
        "name": display(entry.email),
        "reason": entry.reason,
        "about": entry.diagnostic_code or entry.note,
        "since": local_time(entry.added_to_suppression_date),
        "until": local_time(entry.expires_at) if entry.expires_at else "never",
        "source": entry.source,
    }


def is_readable(key: str) -> bool:
    """Return False for the key of an erased address."""
    return not key.startswith(TOMBSTONE_PREFIX)


def display(key: str) -> str:
    """Return an entry's key for people: an erased address has a hash, of which a part is enough."""
    return key if is_readable(key) else f"{key[: len(TOMBSTONE_PREFIX) + 12]}… (erased)"


def blocks(reason: SuppressionReason) -> str:
    """Return what an entry does to an address."""
    return NO_BULK_MAIL if reason is SuppressionReason.UNSUBSCRIBE else NO_MAIL


def show_address(view: View, typed: str) -> Response:
    """Show an address; one with capitals, which only another program writes, with its folded one."""
    key = typed if "#" in typed.rpartition("@")[2] else stored_address(typed)
    state = look_up(view.engine, key, typed=typed)
    entry = state.suppression
    return view.page(
        "suppression.html",
        place=PLACE.path,
        key=key,
        state=state,
        entry=entry,
        effect=blocks(entry.reason) if entry else None,
        capitals_key=typed if state.with_capitals else None,
        why=SUPPRESSION_REASONS.get(entry.reason) if entry else None,
        facts_of_entry=_facts(shown) if (shown := entry or state.with_capitals) else [],
        email_href=view.url(f"{emails.PLACE.path}/{entry.email_id}") if entry and entry.email_id else None,
        mail_href=view.url(emails.PLACE.path, q=key.partition("#")[0], since="all"),
        command=view.command("suppression", "show", value=key),
    )


def _facts(entry: Suppression) -> list[tuple[str, str]]:
    facts = [
        ("Suppressed since", local_time(entry.added_to_suppression_date, seconds=True)),
        ("Until", local_time(entry.expires_at) if entry.expires_at else "never ends"),
        ("Written by", entry.source),
        ("Note", entry.note),
        ("The other server's answer", entry.diagnostic_code),
        ("Kind of bounce", entry.bounce_sub_type),
        ("SES message id", entry.ses_message_id),
    ]
    return [(name, value) for name, value in facts if value]


def show_addition(view: View) -> Response:
    """Show the form that adds an address."""
    return view.page(
        "suppression-add.html",
        place=PLACE.path,
        address=view.request.query.get("address", ""),
        reasons=[(reason.value, text) for reason, text in SUPPRESSION_REASONS.items()],
        chosen_reason=SuppressionReason.MANUAL.value,
        longest_note=LARGEST_NOTE,
        no_bulk=SuppressionReason.UNSUBSCRIBE.value,
    )


ROUTES: tuple[Route, ...] = (
    (PLACE.path, show),
    (f"{PLACE.path}/add", show_addition),
    (rf"(?s){PLACE.path}/(.+@.+)", show_address),
)
