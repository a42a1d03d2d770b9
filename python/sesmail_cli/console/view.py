"""What a page of the console works with: the engine, the request, and the way to an answer."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment
from markupsafe import Markup, escape

from sesmail_cli.operator.engine import Engine
from sesmail_cli.templates.gallery.pages import PAGES as GALLERY_PAGES
from sesmail_cli.web.pages import environment
from sesmail_cli.web.server import Request, Response
from sesmail_cli.web.text import visible

PAGES = Path(__file__).parent / "pages"
REQUESTS_PER_PAGE = 3
"""A page asks AWS so often at most, however many records there are."""


@dataclass(frozen=True)
class Place:
    """A page that the navigation leads to."""

    path: str
    name: str


@dataclass(frozen=True)
class View:
    """One request for a page."""

    engine: Engine
    request: Request
    base: str
    """The path of the first page."""
    places: Sequence[Place]
    pages: Environment
    known: set[str] = field(default_factory=set)
    """The producers that were seen paused while the console runs: their states are read with the account's."""

    def page(self, template: str, *, place: str | None = None, status: int = 200, **values: Any) -> Response:
        """Render a page; `place` is the path of its entry in the navigation."""
        nav = [(self.url(one.path), one.name, one.path == place) for one in self.places]
        text = self.pages.get_template(template).render(
            product="Console", base=self.base, nav=nav, engine=self.engine, url=self.url, **values
        )
        return Response(text, status=status)

    def url(self, path: str, /, **query: str | None) -> str:
        """Return the address of a page; what is None or empty is left out of its query."""
        given = {name: value for name, value in query.items() if value}
        return self.base + quote(path) + (f"?{urlencode(given)}" if given else "")

    def command(self, *arguments: str, value: str = "") -> str:
        """Return the command line that does the same for this engine.

        `value` is an id or an address, which stands before the options; after `--` where it looks like one.
        """
        words = list(arguments)
        if value.startswith("-"):
            words += ["--", value]
        elif value:
            first_option = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
            words.insert(first_option, value)
        return shlex.join(["sesmail", *self.engine.options, *words])


def console_pages() -> Environment:
    """Return the environment of the console's templates."""
    made = environment(PAGES, GALLERY_PAGES)
    made.filters["with_commands"] = with_commands
    return made


Handler = Callable[..., Response]
"""Takes the view, and what the groups of the route's pattern matched."""
Route = tuple[str, Handler]
"""A pattern of whole paths, and the page for them."""


def with_commands(text: str) -> Markup:
    """Show what stands between backticks as code; all of it is escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(visible(text))
    shown = [escape(visible(part)) for part in parts]
    marked = [Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(shown)]
    return Markup("").join(marked)


def chosen(pairs: Sequence[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    """Group the values of a query or a form by their names; empty values are left out."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if value:
            found.setdefault(name, []).append(value)
    return found
