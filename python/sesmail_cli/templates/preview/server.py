"""Serve the preview page to this machine only."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path

from sesmail_cli.templates.preview import worker
from sesmail_cli.templates.preview.gallery import Gallery, error_answer
from sesmail_cli.web.server import NOT_FOUND, LocalServer, Request, Response, static_file

_HERE = Path(__file__).parent
_FILES = {"": "gallery.html", "gallery.js": "gallery.js", "gallery.css": "gallery.css"}
# The frames with the emails inherit this policy: nothing in them runs or is fetched from the network.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class PreviewServer(LocalServer):
    """Listens on the loopback address; port 0 picks a free one. It shows files and changes none: it asks no token."""

    def __init__(self, where: str, port: int) -> None:
        super().__init__(self._answer, port)
        self.gallery = Gallery(where)
        self.worker = worker.Worker(where)

    def server_close(self) -> None:
        super().server_close()
        self.worker.close()

    def _answer(self, request: Request) -> Response:
        match request.method, request.path:
            case "GET", path if path in _FILES:
                page = static_file(_HERE, _FILES[path])
                return Response(page.content, page.content_type, headers={"Content-Security-Policy": _POLICY})
            case "GET", "api/templates":
                return _json(self._ask("templates", failed=[]))
            case "GET", "api/revision":
                return _json(self.gallery.revision())
            case "POST", "api/render":
                return self._render(request.body)
        return NOT_FOUND

    def _render(self, given: bytes) -> Response:
        try:
            body = json.loads(given)
        except (ValueError, RecursionError):
            return Response("The body is not JSON.", "text/plain; charset=utf-8", HTTPStatus.BAD_REQUEST)
        failed = error_answer("TMPL012", f"The preview took over {worker.ANSWER_SECONDS:g} s and was ended")
        return _json(self._ask("render", body if isinstance(body, dict) else {}, failed=failed))

    def _ask(self, method: str, *arguments: object, failed: object) -> object:
        """Return the worker's answer, or `failed` if it has none."""
        try:
            return self.worker.ask(method, *arguments)
        except worker.WorkerError:
            return failed


def _json(value: object) -> Response:
    return Response(json.dumps(value), "application/json")
