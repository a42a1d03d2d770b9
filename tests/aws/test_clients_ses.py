"""SES's clients: longer time-outs for larger messages, one attempt, and a body that is written in blocks."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws import clients
from sesmail_layer.aws.clients import SIZE_CLASSES, SesClients, SizeClass, session

MB = 1024 * 1024
SOME_MB = bytes(8 * MB)
ERROR = b"<ErrorResponse><Error><Code>Throttling</Code><Message>no</Message></Error></ErrorResponse>"


@pytest.fixture(autouse=True)
def new_session() -> None:
    session.cache_clear()


@pytest.mark.parametrize(
    ("size", "read_seconds"),
    [(1, 10), (MB, 10), (MB + 1, 15), (10 * MB, 15), (10 * MB + 1, 30), (40 * MB, 30), (41 * MB, 30)],
)
def test_a_larger_message_gives_ses_more_time(size: int, read_seconds: float) -> None:
    config = SesClients("ses", "SendRawEmail")(size).meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, read_seconds)
    assert (config.retries["total_max_attempts"], config.tcp_keepalive) == (1, True)


def test_the_longest_call_is_connecting_writing_and_waiting() -> None:
    ses = SesClients("ses", "SendRawEmail")
    assert [ses.longest_seconds(one.max_bytes) for one in SIZE_CLASSES] == [14, 22, 42]


@pytest.mark.parametrize(
    ("seconds", "limits"),
    [
        (10, [(1, 1, 2.5), (1, 1, 2.5), (1, 1, 2.5)]),
        (20, [(1, 1, 10), (1, 1, 10), (1, 1, 10)]),
        (30, [(2, 2, 10), (2, 5, 12.5), (2, 7.5, 10)]),
        (60, [(2, 2, 10), (2, 5, 15), (2, 10, 30)]),
    ],
)
def test_a_short_function_waits_less_for_ses_and_for_an_answer_ten_seconds_where_it_can(
    seconds: float, limits: list[tuple[float, float, float]]
) -> None:
    ses = SesClients("sesv2", "SendEmail", seconds)
    scaled = [one.within(seconds) for one in SIZE_CLASSES]
    assert [(one.connect_seconds, one.upload_seconds, one.read_seconds) for one in scaled] == limits
    for size_class, (connect_seconds, upload_seconds, read_seconds) in zip(SIZE_CLASSES, limits, strict=True):
        config = ses(size_class.max_bytes).meta.config
        assert (config.connect_timeout, config.read_timeout) == (connect_seconds, read_seconds)
        longest = connect_seconds + upload_seconds + read_seconds
        assert ses.longest_seconds(size_class.max_bytes) == longest <= 0.75 * seconds - 3


def test_messages_of_one_class_share_a_client() -> None:
    ses = SesClients("ses", "SendRawEmail")
    assert ses(1) is ses(2)
    assert ses(1) is not ses(5 * MB)


class SlowServer:
    """Reads a request at a given pace (bytes a second), and answers with an error of SES."""

    def __init__(self, bytes_a_second: float) -> None:
        self.pace = bytes_a_second
        self.received = 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self.listening.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.settimeout(1)
        with connection:
            try:
                while True:
                    got = len(connection.recv(65_536))
                    self.received += got
                    time.sleep(got / self.pace)
                    if self.received > len(SOME_MB):
                        connection.sendall(
                            b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(ERROR) + ERROR
                        )
                        return
            except OSError:
                return


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], SlowServer]]:
    servers: list[SlowServer] = []

    def start(bytes_a_second: float) -> SlowServer:
        servers.append(SlowServer(bytes_a_second))
        monkeypatch.setenv("AWS_ENDPOINT_URL", servers[-1].url)
        return servers[-1]

    yield start
    for server in servers:
        server.listening.close()


def send(read_seconds: float = 3.0, upload_seconds: float = 5.0) -> Exception:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "SIZE_CLASSES", (SizeClass(40 * MB, upload_seconds, read_seconds),))
        client: Any = SesClients("ses", "SendRawEmail")(len(SOME_MB))
        with pytest.raises((BotoCoreError, ClientError)) as caught:
            client.send_raw_email(RawMessage={"Data": SOME_MB})
    return caught.value


def test_a_large_message_may_take_longer_to_write_than_a_connection_to_make(
    slow: Callable[[float], SlowServer],
) -> None:
    """In one piece it would be cut off by the connect time-out, after two seconds."""
    slow(4 * MB)
    started = time.monotonic()
    assert isinstance(send(), ClientError)
    assert time.monotonic() - started > 2


def test_a_message_that_is_not_written_in_time_is_given_up(slow: Callable[[float], SlowServer]) -> None:
    server = slow(MB)
    started = time.monotonic()
    assert isinstance(send(upload_seconds=0.5), BotoCoreError)
    assert time.monotonic() - started < 5
    assert server.received < len(SOME_MB)
