"""The emulator leaves it to its clients to close a connection."""

from __future__ import annotations

import http.client
import time
from contextlib import closing
from urllib.parse import urlsplit

from localcloud.emulator import start_ministack

# MiniStack's own limit is 75 s, and Go's clients keep a connection for 90 s.
_IDLE_SECONDS = 92


def test_a_connection_that_was_idle_for_as_long_as_terraform_keeps_one_is_answered() -> None:
    emulator = start_ministack()
    try:
        with closing(http.client.HTTPConnection(urlsplit(emulator.url).netloc)) as connection:
            connection.connect()
            connection.auto_open = False
            for wait in (_IDLE_SECONDS, 0):
                connection.request("GET", "/_ministack/ready")
                assert connection.getresponse().read()
                time.sleep(wait)
    finally:
        emulator.stop()
