"""The inbox's pages."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from localcloud.emulator import Emulator
from localcloud.inbox.message import OpenedMail
from localcloud.inbox.records import Records, steps_of
from localcloud.inbox.store import Store, Summary
from localcloud.paths import LocalCloudError
from sesmail_cli.web.pages import environment
from sesmail_cli.web.server import NOT_FOUND, LocalServer, Request, Response, redirect, static_file
from sesmail_cli.web.text import visible

PAGES = Path(__file__).parent / "pages"
PAGE_SIZE = 50
# Characters of a text or a source that the page shows; the rest is in the download.
SHOWN_CHARACTERS = 200_000
VIEWS = ("html", "text", "source", "headers", "attachments")
# Nothing in a mail runs, is sent, or replaces the page around it.
_FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:{images}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_PATH = re.compile(r"mail/([^/]+)(?:/(frame|story|raw|attachments/[0-9]{1,4}))?")


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    mail: Summary
    status: str
    href: str
    time: str


class InboxApp:
    """Answers the inbox's requests; `base` is the path of its first page."""

    def __init__(self, emulator: Emulator, tracking_table: str, base: Callable[[], str]) -> None:
        self._store = Store(emulator)
        self._records = Records(emulator, tracking_table)
        self._base = base
        self._pages = environment(PAGES)

    def __call__(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except (LocalCloudError, OSError):
            return self._page("offline.html", status=503)

    def _answer(self, request: Request) -> Response:
        if request.method == "POST":
            return self._clear() if request.path == "clear" else NOT_FOUND
        if request.path in ("", "rows"):
            return self._list(request)
        if request.path in ("inbox.css", "inbox.js"):
            return static_file(PAGES, request.path)
        path = _PATH.fullmatch(request.path)
        self._store.refresh()
        summary = self._store.get(path[1]) if path else None
        if path is None or summary is None:
            return self._page("missing.html", status=404)
        return self._mail(request, summary, path[2])

    def _page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        rendered = self._pages.get_template(template).render(product="Inbox", base=self._base(), **values)
        return Response(rendered, status=status)

    # --- the list ----------------------------------------------------------------------------------------------

    def _list(self, request: Request) -> Response:
        """Show a page of the list, or only its rows for the page that is open."""
        self._store.refresh()
        text = request.query.get("q", "")
        found = self._store.find(text)
        start = _start(found, request.query.get("from", ""))
        values: dict[str, Any] = {
            "rows": self._rows(found[start : start + PAGE_SIZE], request.query),
            "first": start + 1,
            "total": len(found),
            "text": text,
            "newer": self._list_url(text, found[max(start - PAGE_SIZE, 0)], start <= PAGE_SIZE) if start else None,
            "older": self._list_url(text, found[start + PAGE_SIZE]) if len(found) > start + PAGE_SIZE else None,
            "is_newest": start == 0,
        }
        if request.path == "":
            return self._page("list.html", **values)
        rows = self._page("rows.html", **values).content
        return Response(json.dumps({"html": rows, "total": len(found)}), "application/json")

    def _rows(self, mails: Sequence[Summary], query: Mapping[str, str]) -> list[Row]:
        records = self._records.get_many([mail.record_id for mail in mails])
        back = _back(query)
        return [
            Row(
                mail,
                records[mail.record_id].status if mail.record_id in records else "not tracked",
                f"{self._base()}mail/{quote(mail.message_id, safe='')}{back}",
                _time(mail.accepted_at),
            )
            for mail in mails
        ]

    def _list_url(self, text: str, first: Summary, is_newest: bool = False) -> str:
        query = _back({"q": text, "from": "" if is_newest else str(first.number)})
        return self._base() + query

    def _clear(self) -> Response:
        self._store.clear()
        return redirect(self._base())

    # --- one mail ----------------------------------------------------------------------------------------------

    def _mail(self, request: Request, summary: Summary, part: str | None) -> Response:
        if part == "story":
            return self._page("story.html", **self._story(summary))
        mail = self._store.open(summary)
        if part is None:
            return self._view_or_source(request, summary, mail)
        if part == "frame":
            return _frame(mail, request.query)
        if part == "raw":
            return _download(f"{summary.message_id}.eml", mail.mail.raw)
        number = int(part.removeprefix("attachments/"))
        if not 1 <= number <= len(mail.attachments):
            return NOT_FOUND
        attachment = mail.attachments[number - 1]
        return _download(attachment.name, attachment.content)

    def _view_or_source(self, request: Request, summary: Summary, mail: OpenedMail) -> Response:
        try:
            return self._view(request, summary, mail)
        except (LocalCloudError, OSError):
            raise
        except Exception:
            # As in the list (`store.py`).
            raw = f"{self._base()}mail/{quote(summary.message_id, safe='')}/raw"
            return self._page("unreadable.html", raw=raw)

    def _view(self, request: Request, summary: Summary, mail: OpenedMail) -> Response:
        view = request.query.get("view", "")
        if view not in VIEWS:
            view = "html" if mail.html else "text"
        newer, older = self._neighbours(summary, request.query.get("q", ""))
        back = _back(request.query)
        own = f"{self._base()}mail/{quote(summary.message_id, safe='')}"
        return self._page(
            "mail.html",
            mail=mail,
            summary=summary,
            view=view,
            own=own,
            tabs=self._tabs(own, view, mail, back),
            back=f"{self._base()}{back}#m-{summary.number}",
            newer=f"{self._base()}mail/{newer.message_id}{back}" if newer else None,
            older=f"{self._base()}mail/{older.message_id}{back}" if older else None,
            time=_time(summary.accepted_at, whole=True),
            shown_characters=SHOWN_CHARACTERS,
            **self._story(summary),
        )

    def _tabs(self, own: str, view: str, mail: OpenedMail, back: str) -> list[tuple[str, str, int | None, bool]]:
        names = {"html": "HTML", "text": "Text", "source": "Source", "headers": "Headers", "attachments": "Attachments"}
        counts = {"headers": len(mail.headers), "attachments": len(mail.attachments)}
        rest = back.replace("?", "&", 1)
        return [(f"{own}?view={one}{rest}", names[one], counts.get(one), one == view) for one in VIEWS]

    def _neighbours(self, summary: Summary, text: str) -> tuple[Summary | None, Summary | None]:
        found = self._store.find(text)
        if summary not in found:
            return None, None
        place = found.index(summary)
        return found[place - 1] if place else None, found[place + 1] if place + 1 < len(found) else None

    def _story(self, summary: Summary) -> dict[str, Any]:
        record = self._records.get_many([summary.record_id]).get(summary.record_id)
        return {
            "record": record,
            "steps": steps_of(record) if record else [],
            "command": f"sesmail explain {shlex.quote(visible(summary.record_id))}",
        }


def make_server(emulator: Emulator, tracking_table: str, token: str, port: int = 0) -> LocalServer:
    """Return the inbox's server, which listens already."""
    server = LocalServer(lambda request: app(request), port, token)
    app = InboxApp(emulator, tracking_table, lambda: server.base)
    return server


def _start(found: Sequence[Summary], number: str) -> int:
    """Return the place of the newest mail that is as old as the numbered one: new mail moves no page."""
    if not (number.isascii() and number.isdecimal()):
        return 0
    return next((place for place, mail in enumerate(found) if mail.number <= int(number[:12])), 0)


def _back(query: Mapping[str, str]) -> str:
    """Return the part of a URL that leads back to the same search and page."""
    kept = {name: query[name] for name in ("q", "from") if query.get(name)}
    return f"?{urlencode(kept)}" if kept else ""


def _time(at: float, *, whole: bool = False) -> str:
    moment = datetime.fromtimestamp(at).astimezone()
    if whole:
        return moment.strftime("%d %B %Y, %H:%M:%S").lstrip("0")
    is_today = moment.date() == datetime.now().astimezone().date()
    return moment.strftime("%H:%M:%S" if is_today else "%d %b, %H:%M").lstrip("0" if not is_today else "")


def _frame(mail: OpenedMail, query: Mapping[str, str]) -> Response:
    images = " https: http:" if query.get("images") == "1" else ""
    mode = "dark" if query.get("mode") == "dark" else "light"
    headers = {
        "Content-Security-Policy": _FRAME_POLICY.format(images=images),
        "Referrer-Policy": "no-referrer",
    }
    return Response(mail.framed_html(mode), headers=headers)


def _download(name: str, content: bytes) -> Response:
    """Answer with a file that the browser saves and never shows."""
    safe = re.sub(r"[\\/\x00-\x1f\x7f]", "_", visible(name))[:200].strip(". ") or "attachment"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", safe)
    headers = {
        # https://www.rfc-editor.org/rfc/rfc6266#section-4.3
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(content, "application/octet-stream", headers=headers)
