"""Serve the gallery of a folder to this machine only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment

from sesmail_cli.operator.command import UsageError
from sesmail_cli.templates.gallery.pages import FILES, PAGES, GalleryPages
from sesmail_cli.templates.gallery.shelf import FolderShelf
from sesmail_cli.web.pages import environment
from sesmail_cli.web.server import NOT_FOUND, LocalServer, Request, Response, redirect, static_file

_PATH = "templates"


@dataclass(frozen=True)
class _Site:
    """Nothing but the gallery."""

    request: Request
    base: str
    pages: Environment

    def page(self, template: str, *, place: str | None = None, status: int = 200, **values: Any) -> Response:
        text = self.pages.get_template(template).render(product="Templates", base=self.base, place=place, **values)
        return Response(text, status=status)

    def url(self, path: str, /, **query: str | None) -> str:
        given = {name: value for name, value in query.items() if value}
        return self.base + quote(path) + (f"?{urlencode(given)}" if given else "")


class PreviewServer(LocalServer):
    """Listens on the loopback address; port 0 picks a free one. It shows files and changes none: it asks no token."""

    def __init__(self, where: str, port: int) -> None:
        super().__init__(self._answer, port)
        self.gallery = GalleryPages(FolderShelf(where), path=_PATH, layout="shell.html")
        self._pages = environment(PAGES)

    def server_close(self) -> None:
        super().server_close()
        self.gallery.close()

    def _answer(self, request: Request) -> Response:
        if request.path in FILES:
            return static_file(PAGES, request.path)
        site = _Site(request, self.base, self._pages)
        if request.path == "":
            return redirect(site.url(_PATH))
        routes = {"GET": self.gallery.routes, "POST": self.gallery.posts}
        for pattern, handler in routes.get(request.method, ()):
            if found := re.fullmatch(pattern, request.path):
                try:
                    return handler(site, *found.groups())
                except (UsageError, ValueError) as error:
                    wrong = {"text": str(error), "layout": "shell.html", "gallery": site.url(_PATH)}
                    return site.page("gallery-wrong.html", status=HTTPStatus.NOT_FOUND, **wrong)
        return NOT_FOUND
