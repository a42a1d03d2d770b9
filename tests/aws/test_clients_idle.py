"""No call goes out on a connection that its server may have closed while Lambda had the container stopped."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from sesmail_layer.aws.clients import SesClients, client, session
from sesmail_layer.aws.ses_mailer import SesMailer, SesV2Mailer

ANSWERS = {
    "ses": b"<SendRawEmailResponse><SendRawEmailResult><MessageId>m-1</MessageId></SendRawEmailResult>"
    b"</SendRawEmailResponse>",
    "sesv2": json.dumps({"MessageId": "m-1"}).encode(),
    "dynamodb": b"{}",
}
AT_ONCE = 3


class ForgetfulServer:
    """Keeps connections, but resets one that was idle for more than `idle_seconds` only when it is used again.

    Its FIN was lost, as where Lambda had the container stopped.
    """

    def __init__(self, answer: bytes, idle_seconds: float = 20.0) -> None:
        self.answer = answer
        self.idle_seconds = idle_seconds
        self.connections = self.resets = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.waiting = threading.Semaphore(0)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        used = time.time()
        with connection, connection.makefile("rb") as incoming:
            while connection.recv(1, socket.MSG_PEEK):
                if time.time() - used > self.idle_seconds:
                    self.resets += 1
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                headers = dict(
                    line.lower().split(b": ", 1) for line in iter(incoming.readline, b"\r\n") if b": " in line
                )
                incoming.read(int(headers[b"content-length"]))
                self.waiting.release()
                self.may_answer.wait(5)
                used = time.time()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.answer) + self.answer)


class Caller:
    """A client's calls to a ForgetfulServer, one after the other or at once."""

    def __init__(self, service: str, server: ForgetfulServer) -> None:
        self.server = server
        if service == "dynamodb":
            dynamodb: Any = client("dynamodb")
            self.call: Callable[[], Any] = lambda: dynamodb.get_item(TableName="t", Key={"id": {"S": "1"}})
            return
        mailer: Any = (
            SesMailer(SesClients("ses", "SendRawEmail"), "")
            if service == "ses"
            else SesV2Mailer(SesClients("sesv2", "SendEmail"), "")
        )
        self.call = lambda: mailer.send(b"From: a@b.c\r\n\r\nhi", sender="a@b.c", recipients=["x@y.z"], tags={})

    def call_at_once(self) -> None:
        """Make some calls, each on a connection of its own."""
        self.server.may_answer.clear()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            calls = [pool.submit(self.call) for _ in range(AT_ONCE)]
            for _ in calls:
                # A call that fails is not waited for.
                self.server.waiting.acquire(timeout=2)
            self.server.may_answer.set()
        for call in calls:
            call.result()


class Clock:
    """time.time(), which a test can set forward."""

    def __init__(self) -> None:
        self._real = time.time
        self.ahead_seconds = 0.0

    def __call__(self) -> float:
        return self._real() + self.ahead_seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


@pytest.fixture(params=["ses", "sesv2", "dynamodb"])
def caller(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    session.cache_clear()
    server = ForgetfulServer(ANSWERS[request.param])
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    yield Caller(request.param, server)
    server.listening.close()


def test_a_connection_is_used_again_within_twenty_seconds_and_no_later(caller: Caller, clock: Clock) -> None:
    caller.call()
    for _ in range(2):
        clock.ahead_seconds += 19
        caller.call()
    assert caller.server.connections == 1
    clock.ahead_seconds += 21
    caller.call()
    assert (caller.server.connections, caller.server.resets) == (2, 0)


def test_none_of_a_batch_s_connections_is_used_after_a_pause(caller: Caller, clock: Clock) -> None:
    caller.call_at_once()
    assert caller.server.connections == AT_ONCE
    clock.ahead_seconds += 21
    caller.call_at_once()
    assert (caller.server.connections, caller.server.resets) == (2 * AT_ONCE, 0)


def test_those_that_single_emails_left_idle_after_a_batch_are_not_used_by_the_next_batch(
    caller: Caller, clock: Clock
) -> None:
    caller.call_at_once()
    for _ in range(2):
        clock.ahead_seconds += 15
        caller.call()
    caller.call_at_once()
    assert caller.server.resets == 0


def test_a_call_under_way_is_not_disturbed_where_the_others_are_closed(caller: Caller, clock: Clock) -> None:
    caller.server.may_answer.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(caller.call)
        assert caller.server.waiting.acquire(timeout=2)
        clock.ahead_seconds += 21
        second = pool.submit(caller.call)
        assert caller.server.waiting.acquire(timeout=2)
        caller.server.may_answer.set()
        assert [bool(call.result()) for call in (first, second)] == [True, True]
    caller.call()
    assert (caller.server.connections, caller.server.resets) == (2, 0)
