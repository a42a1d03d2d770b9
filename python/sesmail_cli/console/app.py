"""The console's pages by their paths, and the answers to what goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.console import (
    cancel_actions,
    dead_letters,
    email,
    emails,
    figures,
    held,
    overview,
    producers,
    sending_actions,
    suppression_actions,
    suppressions,
    template_actions,
    templates,
)
from sesmail_cli.console.actions import Action, Actions
from sesmail_cli.console.dead_letter_actions import DeadLetterActions
from sesmail_cli.console.reading import reading_page
from sesmail_cli.console.suppression_import import ImportPages
from sesmail_cli.console.uploads import Uploads
from sesmail_cli.console.view import PAGES, Handler, Place, Route, View, console_pages
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.operator.failures import aws_cause, describe_failure
from sesmail_cli.templates.bucket_reads import MoreToReadError
from sesmail_cli.templates.gallery.pages import FILES as GALLERY_FILES
from sesmail_cli.templates.gallery.pages import PAGES as GALLERY_PAGES
from sesmail_cli.web.server import LocalServer, Request, Response, static_file
from sesmail_layer.domain.errors import TransientError

_FILES = frozenset({"actions.css", "actions.js", "console.css", "console.js"})

# A section: its entry in the navigation, its pages, its actions.
PLACES: tuple[Place, ...] = (
    overview.PLACE,
    emails.PLACE,
    figures.PLACE,
    producers.PLACE,
    suppressions.PLACE,
    dead_letters.PLACE,
    templates.PLACE,
)
_ROUTES: tuple[Route, ...] = (
    *overview.ROUTES,
    *held.ROUTES,
    *emails.ROUTES,
    *email.ROUTES,
    *figures.ROUTES,
    *producers.ROUTES,
    *suppressions.ROUTES,
)
_ACTIONS: tuple[Action, ...] = (
    *sending_actions.ACTIONS,
    *cancel_actions.ACTIONS,
    *suppression_actions.ACTIONS,
)


class ConsoleApp:
    """Answers the console's requests; `base` is the path of its first page. Raises TransientError."""

    def __init__(self, engine: Engine, base: Callable[[], str], templates_folder: Path | None = None) -> None:
        self._engine = engine
        self._base = base
        self._known = set(engine.states.listed_pauses())
        self._pages = console_pages()
        readings = dead_letters.Readings(engine)
        self._templates = templates.TemplatePages(engine, templates_folder)
        self._uploads = Uploads()
        imports = ImportPages(self._uploads)
        on_templates = template_actions.TemplateActions(self._templates)
        actions = Actions([*_ACTIONS, *imports.actions, *DeadLetterActions(readings).actions, *on_templates.actions])
        plans: tuple[Route, ...] = ((r"actions/([a-z-]+)", actions.step),)
        letters = dead_letters.DeadLetterPages(readings).routes
        gets = (*imports.routes, *_ROUTES, *letters, *self._templates.routes, *plans, (r"done/([\w-]+)", actions.done))
        self._routes = {"GET": gets, "POST": (*plans, *self._templates.posts, *imports.posts)}

    def close(self) -> None:
        """End what it has started."""
        self._templates.close()
        self._uploads.close()

    def __call__(self, request: Request) -> Response:
        if request.path in _FILES:
            return static_file(PAGES, request.path)
        if request.path in GALLERY_FILES:
            return static_file(GALLERY_PAGES, request.path)
        view = View(self._engine, request, self._base(), PLACES, self._pages, self._known)
        handler, groups = self._find(request)
        if handler is None:
            return view.page("missing.html", status=HTTPStatus.NOT_FOUND)
        try:
            return handler(view, *groups)
        except MoreToReadError as error:
            return reading_page(view, error)
        except (UsageError, ValueError) as error:
            return view.page("wrong.html", status=HTTPStatus.BAD_REQUEST, text=str(error))
        except (BotoCoreError, ClientError, TransientError) as error:
            return view.page("failed.html", status=HTTPStatus.BAD_GATEWAY, text=self._describe(error))

    def _find(self, request: Request) -> tuple[Handler | None, tuple[str, ...]]:
        for pattern, handler in self._routes.get(request.method, ()):
            if found := re.fullmatch(pattern, request.path):
                return handler, found.groups()
        return None, ()

    def _describe(self, error: Exception) -> str:
        cause = aws_cause(error)
        return describe_failure(cause, self._engine.name) if cause else str(error)


class ConsoleServer(LocalServer):
    """Serves the console, and ends with it what it has started."""

    max_body_bytes = 32 * 1024 * 1024  # of a suppression list

    def __init__(self, engine: Engine, token: str, port: int, templates_folder: Path | None = None) -> None:
        self.console = ConsoleApp(engine, lambda: self.base, templates_folder)
        super().__init__(self.console, port, token)

    def server_close(self) -> None:
        super().server_close()
        self.console.close()


def make_server(engine: Engine, token: str, port: int = 0, templates_folder: Path | None = None) -> LocalServer:
    """Return the console's server, which listens already; a folder's templates can be seen and pushed from it.

    Raises TransientError, and OSError for a taken port.
    """
    return ConsoleServer(engine, token, port, templates_folder)
