"""Serve pages to the user of this machine only.

A `LocalServer` listens on the loopback address. It answers requests that name it by its own address (another name may
have been pointed here: DNS rebinding), that come from no other origin, and that know the token in the URL. The token is
part of the path: a cookie would go to every server on this machine, whatever its port.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sesmail_cli.web.pages import DESIGN

# No inline script or style, nothing from elsewhere, no frame around the page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not `no-referrer`: with it a form's own POST has the origin `null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
MAX_BODY_BYTES = 1024 * 1024
_REFUSED = {
    HTTPStatus.FORBIDDEN: "This page opens only by the whole URL that the command printed.",
    HTTPStatus.NOT_FOUND: "There is no such page.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "This page failed because of a bug. The terminal shows where.",
}


@dataclass(frozen=True)
class Request:
    """A request that passed the checks."""

    method: str
    path: str
    """What follows the token: `` for the first page, `mail/1`, …"""
    query: Mapping[str, str] = field(default_factory=dict)
    """The parameters of the URL; of a repeated one, the last value."""
    body: bytes = b""
    pairs: Sequence[tuple[str, str]] = ()
    """The parameters of the URL, as often as they were given."""

    def form(self) -> Sequence[tuple[str, str]]:
        """Parse the body of a form. Raises ValueError."""
        return parse_qsl(self.body.decode(), keep_blank_values=True)


@dataclass(frozen=True)
class Response:
    """An answer; its headers replace those that every answer has."""

    content: bytes | str = b""
    content_type: str = _TYPES[".html"]
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


App = Callable[[Request], Response]
NOT_FOUND = Response(_REFUSED[HTTPStatus.NOT_FOUND], "text/plain; charset=utf-8", HTTPStatus.NOT_FOUND)


def static_file(folder: Path, name: str) -> Response:
    """Answer with a file of a folder, if it is a file for browsers."""
    path = folder / name
    if path.parent != folder or path.suffix not in _TYPES or not path.is_file():
        return NOT_FOUND
    return Response(path.read_bytes(), _TYPES[path.suffix])


def redirect(url: str) -> Response:
    """Send the browser to another page of this server."""
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": url})


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return secrets.token_urlsafe(24)


class LocalServer(ThreadingHTTPServer):
    """Serves an app below a token on the loopback address; port 0 picks a free one. An empty token: none is asked."""

    daemon_threads = True
    request_queue_size = 64
    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, app: App, port: int = 0, token: str = "") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.app = app
        self.token = token

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def base(self) -> str:
        """The path of the first page."""
        return f"/{self.token}/" if self.token else "/"

    @property
    def url(self) -> str:
        return self.origin + self.base


class _Handler(BaseHTTPRequestHandler):
    server: LocalServer
    timeout = 60  # seconds for a request to arrive

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the token is in every path."""

    def _answer(self) -> None:
        try:
            query = urlsplit(self.path).query
        except ValueError:  # `http://[`
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        path = self._own_path()
        if path is None or not self._is_local():
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        body = self._body()
        if body is None:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        pairs = parse_qsl(query)
        if path.startswith("design/"):
            self._send(static_file(DESIGN, path.removeprefix("design/")))
            return
        try:
            response = self.server.app(Request(self.command, path, dict(pairs), body, pairs))
        except Exception:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
            raise
        self._send(response)

    def _own_path(self) -> str | None:
        """Return what follows the token in the path; None without the token."""
        path = urlsplit(self.path).path
        if not self.server.token:
            return unquote(path.removeprefix("/"))
        token, separator, rest = path.removeprefix("/").partition("/")
        known = hmac.compare_digest(token.encode(), self.server.token.encode())
        return unquote(rest) if known and separator else None

    def _is_local(self) -> bool:
        """Whether it names this server by its address and comes from no other origin; a POST must say from which."""
        if self.headers.get("Host") != self.server.origin.removeprefix("http://"):
            return False
        origin = self.headers.get("Origin")
        if origin != self.server.origin and (origin is not None or (self.server.token and self.command == "POST")):
            return False
        return self.headers.get("Sec-Fetch-Site") in (None, "same-origin", "none")

    def _body(self) -> bytes | None:
        """Return the request's body; None if it is too large, or of no known length."""
        length = self.headers.get("Content-Length") or "0"
        if not (length.isascii() and length.isdecimal()) or int(length) > self.server.max_body_bytes:
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: HTTPStatus) -> None:
        text = _REFUSED.get(status, status.description)
        self._send(Response(text, "text/plain; charset=utf-8", status))

    def _send(self, response: Response) -> None:
        content = response.content.encode() if isinstance(response.content, str) else response.content
        self.send_response(response.status)
        lengths = {"Content-Type": response.content_type, "Content-Length": str(len(content))}
        for name, value in {**_HEADERS, **lengths, **response.headers}.items():
            self.send_header(name, value)
        # The page aborts a request when it has a newer one.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.end_headers()
            self.wfile.write(content)
