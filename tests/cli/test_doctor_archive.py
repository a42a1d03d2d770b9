"""What an archive was built for, from the end of it alone, as S3 answers a request for a range."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sesmail_cli.doctor import functions

END = 4_000


class Archive(ThreadingHTTPServer):
    """Serves one zip."""

    content = b""
    sent = 0

    def put(self, *names: str) -> str:
        """Store modules of these names behind a large file; return the archive's address."""
        stored = io.BytesIO()
        with zipfile.ZipFile(stored, "w") as archive:
            archive.writestr("python/large", os.urandom(50_000))
            for name in names:
                archive.writestr(f"python/{name}", b"")
        self.content = stored.getvalue()
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    server: Archive

    def do_GET(self) -> None:
        size = int(self.headers["Range"].removeprefix("bytes=-"))
        end = self.server.content[-size:]
        self.server.sent = len(end)
        self.send_response(206)
        self.send_header("Content-Length", str(len(end)))
        self.end_headers()
        self.wfile.write(end)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    monkeypatch.setattr(functions, "_END_BYTES", END)
    server = Archive(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("names", "built"),
    [
        (["msgspec/_core.cpython-313-aarch64-linux-gnu.so"], {("python3.13", "arm64")}),
        (["a.cpython-312-x86_64-linux-gnu.so", "b.py"], {("python3.12", "x86_64")}),
        (
            ["a.cpython-313-x86_64-linux-gnu.so", "b.cpython-313-aarch64-linux-gnu.so"],
            {("python3.13", "x86_64"), ("python3.13", "arm64")},
        ),
        (["handler.py", "a.abi3.so"], set()),
    ],
)
def test_runtime_and_processor_are_those_of_the_compiled_modules(
    archive: Archive, names: list[str], built: set[tuple[str, str]]
) -> None:
    assert functions._built_for(archive.put(*names)) == built
    assert archive.sent == END
