"""A producer's server, as the tests of webhooks need it: it keeps what it gets, and fails on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SILENT = 0
DRIPPING = -1
DRIPPING_HEADERS = -2
_ANSWER = b"HTTP/1.1 204 No Content\r\n"
_DRIPS = {DRIPPING: (b"", _ANSWER * 100), DRIPPING_HEADERS: (_ANSWER, b"x: y\r\n" * 400)}


@dataclass(frozen=True)
class Call:
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    """`answer`: the status for a call; SILENT keeps the caller waiting, DRIPPING answers a byte at a time.

    DRIPPING_HEADERS says 204 at once, and its headers never end.
    """

    port: int
    answer: Callable[[Call], int]
    calls: list[Call] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def receiving(answer: Callable[[Call], int] = lambda _: 204) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            call = Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.calls.append(call)
            status = receiver.answer(call)
            if status == SILENT:
                receiver.closed.wait(60)
            elif status in _DRIPS:
                self._drip(*_DRIPS[status])
            else:
                self.send_response(status)
                if 300 <= status <= 399:
                    self.send_header("Location", f"{receiver.url}/elsewhere")
                self.end_headers()

        def _drip(self, at_once: bytes, content: bytes) -> None:
            self.wfile.write(at_once)
            with suppress(ConnectionError):
                for byte in content:
                    if receiver.closed.wait(0.05):
                        return
                    self.wfile.write(bytes([byte]))

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(server.server_port, answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closed.set()
        server.shutdown()
        server.server_close()
        thread.join()
