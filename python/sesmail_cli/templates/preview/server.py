"""Serve the preview page to this machine only."""

from __future__ import annotations

import contextlib
import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

from sesmail_cli.templates.preview import worker
from sesmail_cli.templates.preview.gallery import Gallery, error_answer

_PAGES = {
    "/": ("gallery.html", "text/html; charset=utf-8"),
    "/gallery.js": ("gallery.js", "text/javascript; charset=utf-8"),
    "/gallery.css": ("gallery.css", "text/css; charset=utf-8"),
}
# The frames with the emails inherit this policy: nothing in them runs or is fetched from the network.
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:"
_MAX_BODY_BYTES = 1024 * 1024


class PreviewServer(ThreadingHTTPServer):
    """Listens on the loopback address; port 0 picks a free one."""

    daemon_threads = True

    def __init__(self, where: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.gallery = Gallery(where)
        self.worker = worker.Worker(where)

    def server_close(self) -> None:
        super().server_close()
        self.worker.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: PreviewServer
    timeout = 60  # seconds for a request to arrive

    def do_GET(self) -> None:
        if not self._is_local():
            return
        if self.path in _PAGES:
            name, content_type = _PAGES[self.path]
            self._send(HTTPStatus.OK, (files(__package__) / name).read_bytes(), content_type)
        elif self.path == "/api/templates":
            self._send_json(self._ask("templates", failed=[]))
        elif self.path == "/api/revision":
            self._send_json(self.server.gallery.revision())
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        if not self._is_local():
            return
        length = self.headers.get("Content-Length") or "0"
        if not (length.isascii() and length.isdecimal()):
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        size = int(length)
        if self.path != "/api/render" or size > _MAX_BODY_BYTES:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            body = json.loads(self.rfile.read(size))
        except (ValueError, RecursionError):
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        failed = error_answer("TMPL012", f"The preview took over {worker.ANSWER_SECONDS:g} s and was ended")
        self._send_json(self._ask("render", body if isinstance(body, dict) else {}, failed=failed))

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing to the user's terminal."""

    def _is_local(self) -> bool:
        """Reject the requests of other sites' pages, and other host names, which could lead here (DNS rebinding)."""
        own = f"127.0.0.1:{self.server.server_port}"
        if (
            self.headers.get("Host") == own
            and self.headers.get("Origin") in (None, f"http://{own}")
            and self.headers.get("Sec-Fetch-Site") in (None, "same-origin", "none")
        ):
            return True
        self.send_error(HTTPStatus.FORBIDDEN)
        return False

    def _ask(self, method: str, *arguments: object, failed: object) -> object:
        """Return the worker's answer, or `failed` if it has none."""
        try:
            return self.server.worker.ask(method, *arguments)
        except worker.WorkerError:
            return failed

    def _send_json(self, value: object) -> None:
        self._send(HTTPStatus.OK, json.dumps(value).encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        # The page aborts a request when it has a newer one.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.end_headers()
            self.wfile.write(content)
