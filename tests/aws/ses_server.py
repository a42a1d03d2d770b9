"""An SES over HTTP with given answers, and SES's clients as the mailers take them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Generic, TypeVar

Client = TypeVar("Client")


class OneClient(Generic[Client]):
    """The same client for every size of message."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, size: int) -> Client:
        return self._client

    def longest_seconds(self, size: int) -> float:
        return 14.0


class Server:
    """An SES with given answers, which counts and keeps its calls."""

    def __init__(self, act: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.asked = 0
        self.bodies: list[bytes] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.asked += 1
                server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                act(self)

            def log_message(self, *_: object) -> None: ...

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
