"""The gallery's pages, for `sesmail template preview` and for the console: all templates, and one as an email.

An email is rendered when its page is asked for, and kept for the page's frames, which show it under a policy of their
own: nothing in it runs, and its images come from it alone, from anywhere, or not at all. Where rendering fails, the
last email that worked stays, next to the error.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sesmail_cli.operator.command import UsageError
from sesmail_cli.templates.bucket_reads import MoreToReadError
from sesmail_cli.templates.gallery.form import as_json, escape_surrogates, fields_of, parse_data, with_fields
from sesmail_cli.templates.gallery.inbox_row import inbox_row
from sesmail_cli.templates.gallery.remote_images import remote_images
from sesmail_cli.templates.gallery.shelf import Card, Shelf, digest
from sesmail_cli.templates.lint.linter import CLIPPED_BYTES
from sesmail_cli.web.server import Request, Response, redirect

PAGES = Path(__file__).parent / "pages"
FILES = frozenset({"gallery.css", "gallery.js"})
PARTS = {"html": "Email", "text": "Text", "source": "Source", "lint": "Lint"}
WIDTHS = ("both", "desktop", "phone")
MODES = ("light", "dark")
IMAGES = {"on": "img-src data:", "remote": "img-src data: https: http:", "off": "img-src 'none'"}
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; {images}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)")
_LONGEST_DATA = 200_000
_KEPT = 60
_FIELD = "field."
_KIND = "kind."


class Site(Protocol):
    """What the pages are part of: the console, or the preview."""

    @property
    def request(self) -> Request:
        """The request to answer."""

    def page(self, template: str, *, place: str | None = None, status: int = 200, **values: Any) -> Response:
        """Render a page in the site's frame."""

    def url(self, path: str, /, **query: str | None) -> str:
        """Return the address of a page."""


class Shown(NamedTuple):
    """What a request for one template's page chose."""

    locale: str
    sample: str
    """Empty: the data was entered."""
    data: str
    """JSON text."""
    data_id: str
    part: str
    width: str
    mode: str
    images: str


class GalleryPages:
    """The pages of one shelf, below `path`; `layout` is the page around them."""

    def __init__(self, shelf: Shelf, *, path: str = "templates", layout: str, place: str | None = None) -> None:
        self.shelf = shelf
        self.path = path
        self._layout = layout
        self._place = place
        self._data: OrderedDict[str, str] = OrderedDict()
        self._emails: OrderedDict[str, str] = OrderedDict()
        self._last_good: OrderedDict[tuple[str, str], Mapping[str, Any]] = OrderedDict()

    @property
    def routes(self) -> tuple[tuple[str, Callable[..., Response]], ...]:
        one = rf"{self.path}/([^/]+)"
        return (
            (self.path, self.show_all),
            (f"{self.path}-revision", self.revision),
            (one, self.show),
            (rf"{one}/thumbnail", self.thumbnail),
            (rf"{one}/email/([0-9a-f]{{32}})", self.email),
        )

    @property
    def posts(self) -> tuple[tuple[str, Callable[..., Response]], ...]:
        return ((rf"{self.path}/([^/]+)", self.keep_data),)

    def close(self) -> None:
        self.shelf.close()

    def show_all(self, site: Site) -> Response:
        """Show all templates as thumbnails."""
        cards, more = self.shelf.cards(site.request.query.get("after"))
        return site.page(
            "gallery-all.html",
            place=self._place,
            layout=self._layout,
            title=self.shelf.title,
            cards=[self._card(site, card) for card in cards],
            more=site.url(self.path, after=more) if more else None,
            watch=self._watch(site),
            **self.tools_for_all(site),
        )

    def show(self, site: Site, name: str) -> Response:
        """Show one template with a sample's data, or with what was entered."""
        query = site.request.query
        part = _one_of(PARTS, query.get("part"))
        try:
            about = self.shelf.open(name, query.get("locale"), self.shelf.watched or part == "lint")
        except MoreToReadError:
            # A browser ends a long chain of redirects: only what one email needs is read in it.
            if part == "lint":
                raise
            return redirect(site.url(f"{self.path}/{name}", **dict(query.items())))
        shown = self._shown(query, about, part)
        answer = self.shelf.render(name, shown.data, shown.locale or None)
        error = answer["error"]
        email = self._last_good.get((name, shown.locale)) if error else answer
        if not error:
            _keep(self._last_good, (name, shown.locale), answer)
        return site.page(
            "gallery-one.html",
            place=self._place,
            layout=self._layout,
            gallery=site.url(self.path),
            action=site.url(f"{self.path}/{name}"),
            about=about,
            shown=shown,
            parts=self._tabs(site, name, shown, about),
            widths=WIDTHS,
            modes=MODES,
            error=error,
            email=email and self._email(site, name, shown, email),
            fields=self._fields(about, shown.data),
            watch=self._watch(site),
            **self.tools(site, about, shown),
        )

    def keep_data(self, site: Site, name: str) -> Response:
        """Keep data that was entered, as JSON or in the form, and show the template with it."""
        fields = dict(site.request.form())
        text = fields.get("data", "")
        given = {key.removeprefix(_FIELD): value for key, value in fields.items() if key.startswith(_FIELD)}
        base = parse_data(text) if given else None
        if base is not None:
            required = fields.get("required", "").split(",")
            kinds = {key.removeprefix(_KIND): value for key, value in fields.items() if key.startswith(_KIND)}
            text = as_json(with_fields(base, given, required, kinds))
        if len(text) > _LONGEST_DATA:
            raise UsageError(f"The data has {len(text):,} characters; allowed: {_LONGEST_DATA:,}.")
        data_id = secrets.token_urlsafe(9)
        _keep(self._data, data_id, text)
        chosen = {key: fields.get(key) for key in ("locale", "part", "width", "mode", "images")}
        return redirect(site.url(f"{self.path}/{name}", **chosen, data=data_id))

    def email(self, site: Site, _name: str, email_id: str) -> Response:
        """Answer with a rendered email, for a frame."""
        html = self._emails.get(email_id)
        if html is None:
            return _framed(site.page("gallery-gone.html", error=None), "on")
        mode = _one_of(MODES, site.request.query.get("mode"))
        images = _one_of(IMAGES, site.request.query.get("images"))
        return _framed(Response(_in_mode(html, mode)), images)

    def thumbnail(self, site: Site, name: str) -> Response:
        """Answer with a template's email, with its sample, for a frame of the list."""
        try:
            answer = self.shelf.render_sample(name)
        except MoreToReadError:
            return redirect(site.url(f"{self.path}/{name}/thumbnail"))
        if answer["error"]:
            return _framed(site.page("gallery-gone.html", error=answer["error"]), "on")
        return _framed(Response(_in_mode(answer["html"], "light")), "on")

    def revision(self, _site: Site) -> Response:
        """Answer with a value that changes when a file changes."""
        return Response(self.shelf.revision(), "text/plain; charset=utf-8")

    def data_of(self, data_id: str) -> str | None:
        """Return data that was entered, as long as it is kept."""
        return self._data.get(data_id)

    def tools(self, _site: Site, _about: Mapping[str, Any], _shown: Shown) -> Mapping[str, Any]:
        """Return what a page about one template offers besides the email; the console has more."""
        return {"tools": (), "send": None, "command": None}

    def tools_for_all(self, _site: Site) -> Mapping[str, Any]:
        """Return what the list of all offers."""
        return {"shelves": (), "command": None}

    def _shown(self, query: Mapping[str, str], about: Mapping[str, Any], part: str) -> Shown:
        samples, locale = about["samples"], query.get("locale", "")
        data_id = query.get("data", "") if query.get("data", "") in self._data else ""
        sample = query.get("sample", "")
        sample = sample if sample in samples else "" if data_id else next(iter(samples))
        return Shown(
            locale=locale if locale in about["locales"] else "",
            sample=sample,
            data=escape_surrogates(samples[sample]) if sample else self._data[data_id],
            data_id="" if sample else data_id,
            part=part,
            width=_one_of(WIDTHS, query.get("width")),
            mode=_one_of(MODES, query.get("mode")),
            images=_one_of(IMAGES, query.get("images")),
        )

    def _tabs(self, site: Site, name: str, shown: Shown, about: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        counts = {"lint": None if about["findings"] is None else len(about["findings"])}
        return [
            (self._url(site, name, shown, part=part), text, counts.get(part), part == shown.part)
            for part, text in PARTS.items()
        ]

    def _url(self, site: Site, name: str, shown: Shown, **changes: str) -> str:
        chosen: dict[str, str | None] = {
            "locale": shown.locale,
            "sample": shown.sample,
            "data": shown.data_id,
            "part": shown.part,
            "width": shown.width,
            "mode": shown.mode,
            "images": shown.images,
        }
        return site.url(f"{self.path}/{name}", **{**chosen, **changes})

    def _email(self, site: Site, name: str, shown: Shown, email: Mapping[str, Any]) -> Mapping[str, Any]:
        html = email["html"]
        email_id = digest(html)
        _keep(self._emails, email_id, html)
        widths = ("desktop", "phone") if shown.width == "both" else (shown.width,)
        frame = site.url(f"{self.path}/{name}/email/{email_id}", mode=shown.mode, images=shown.images)
        remote = len(remote_images(html)) if shown.images == "on" else 0
        return {
            "frames": [(width, frame) for width in widths],
            "row": inbox_row(email["headers"], html, email["text"]),
            "html": html,
            "text": email["text"],
            "headers": email["headers"],
            "bytes": len(html.encode()),
            "most_bytes": CLIPPED_BYTES,
            "message_bytes": email["size"],
            "remote": remote,
            "load": self._url(site, name, shown, images="remote"),
        }

    def _fields(self, about: Mapping[str, Any], text: str) -> Any:
        data = parse_data(text)
        if data is None:
            return None
        samples = [sample for text in about["samples"].values() if (sample := parse_data(text))]
        fields = fields_of(about["required"], about["optional"], data, samples)
        return [field for field in fields if field.required], [field for field in fields if not field.required]

    def _card(self, site: Site, card: Card) -> Mapping[str, Any]:
        path = f"{self.path}/{card.name}"
        changed = datetime.fromtimestamp(card.changed).astimezone() if card.changed else None
        return {
            "name": card.name,
            "href": site.url(path),
            "thumbnail": site.url(f"{path}/thumbnail"),
            "locales": ", ".join(["default", *card.locales]) if card.locales else "",
            "changed": f"{changed:%d %b %Y, %H:%M}" if changed else "",
        }

    def _watch(self, site: Site) -> str | None:
        return site.url(f"{self.path}-revision") if self.shelf.watched else None


def _framed(answer: Response, images: str) -> Response:
    headers = {
        "Content-Security-Policy": _POLICY.format(images=IMAGES[images]),
        "Referrer-Policy": "no-referrer",
        # Browsers look up the host names of links in advance, whatever the policy says.
        "X-DNS-Prefetch-Control": "off",
    }
    return Response(answer.content, headers=headers)


def _in_mode(html: str, mode: str) -> str:
    """Replace the question for the colour scheme: browsers differ on whether a frame follows the page around it."""
    return _SCHEME.sub(lambda found: "(min-width: 0px)" if found[1] == mode else "(max-width: 0px)", html)


def _one_of(allowed: Any, given: str | None) -> str:
    """Return what was given if it is allowed, else the first that is."""
    return given if given is not None and given in allowed else str(next(iter(allowed)))


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    """Keep the newest values."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _KEPT:
        kept.popitem(last=False)
