"""How long a producer waits for an EventBridge that does not answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.config import Config

from sesmail_client import SESMailClient, client
from sesmail_client.testing import StatusQueue


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_MAX_ATTEMPTS", raising=False)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What was put on a bus that does not answer two calls."""
    calls: list[bytes] = []
    ended = threading.Event()

    class Bus(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(self.rfile.read(int(self.headers["Content-Length"])))
            if len(calls) < 3:
                ended.wait(5)
                return
            body = json.dumps({"Entries": [{"EventId": "7e1c"}], "FailedEntryCount": 0}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Bus) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield calls
        ended.set()
        server.shutdown()


def test_the_clients_own_clients_have_limits() -> None:
    events: Any = SESMailClient("shop.orders")._events.meta.config
    sqs: Any = StatusQueue("https://queue")._sqs.meta.config
    assert (events.connect_timeout, events.read_timeout) == (2, 5)
    # A poll of SQS takes up to 20 s.
    assert (sqs.connect_timeout, sqs.read_timeout) == (2, 25)
    assert events.retries == sqs.retries == {"mode": "standard"}


def test_a_call_without_an_answer_is_repeated_with_the_same_email(
    put: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_LIMITS", client._LIMITS.merge(Config(read_timeout=0.2)))
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    SESMailClient("shop.orders").send(to="john@example.com", template_name="welcome")
    assert len(put) == 3
    assert len(set(put)) == 1
