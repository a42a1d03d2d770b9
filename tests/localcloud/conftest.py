"""A local cloud without an engine, and its inbox."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from localcloud.emulator import Emulator, start_ministack
from localcloud.inbox.app import make_server
from sesmail_cli.web.server import LocalServer
from tests.browser.local_mail import TABLE, LocalMail


@pytest.fixture(scope="module")
def plain_emulator() -> Iterator[Emulator]:
    started = start_ministack()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def local_mail(plain_emulator: Emulator) -> LocalMail:
    made = LocalMail(plain_emulator)
    assert made.table
    return made


@pytest.fixture
def inbox(local_mail: LocalMail) -> Iterator[LocalServer]:
    """An inbox of a local cloud without mail."""
    local_mail.forget()
    server = make_server(local_mail.emulator, TABLE, "the-token")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
