"""Rows of the pending table that the engine did not write."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest

from sesmail_layer.domain.request.envelopes import EnvelopeError, PendingRequest, unpack_request

BOMB = zlib.compress(b" " * 100_000_000)


@pytest.mark.parametrize("packed", [b"", b"x", zlib.compress(b"{}")[:-3], zlib.compress(b"null"), BOMB])
def test_a_row_that_holds_no_request_is_refused_in_little_memory(packed: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(EnvelopeError):
        unpack_request(PendingRequest(1, packed), 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
