"""Rows of the pending table: what a retry needs is in them, and those that the engine did not write are rejected."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import Any

import pytest

from sesmail_layer.domain.request import envelopes
from sesmail_layer.domain.request.envelopes import (
    EnvelopeError,
    Hop,
    PendingRequest,
    RequestEnvelope,
    pack_request,
    unpack_request,
)

BOMB = zlib.compress(b" " * 100_000_000)


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (b"", "larger than any request, or cut off"),
        (b"xx", "not packed by pack_request"),
        (zlib.compress(b"{}")[:-3], "larger than any request, or cut off"),
        (zlib.compress(b"\xff"), "not packed by pack_request"),
        (zlib.compress(b"null"), "Expected `object`, got `null`"),
        (BOMB, "larger than any request, or cut off"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_a_row_that_holds_no_request_is_refused_in_little_memory(packed: bytes, why: str) -> None:
    tracemalloc.start()
    with pytest.raises(EnvelopeError, match=f"^{why}"):
        unpack_request(PendingRequest(1, packed), 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def envelope(**given: Any) -> RequestEnvelope:
    return RequestEnvelope(**{"id": "e", "source": "s", "detail": {"to": "a"}, "detail_type": "Email Request", **given})


def test_a_kept_request_is_the_next_attempt_at_the_same_email() -> None:
    note = Hop(record_id="one#abc", accepted_at=7, tries=9)
    kept = pack_request(envelope(hop=Hop(attempt=2, lane="bulk", noted="paused", give_up_at=1, tries=3)), 2, note)

    assert kept is not None
    assert kept.attempt == 2
    assert unpack_request(kept, 1_795_516_260) == envelope(
        detail_json=b'{"to":"a"}',
        hop=Hop(attempt=3, lane="bulk", counted=True, record_id="one#abc", not_before=1_795_516_260, accepted_at=7),
    )


def test_a_request_is_kept_if_it_fits_into_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = pack_request(envelope(), 1)
    assert kept is not None
    for limit, fits in ((len(kept.packed), True), (len(kept.packed) - 1, False)):
        monkeypatch.setattr(envelopes, "MAX_PENDING_BYTES", limit)
        assert (pack_request(envelope(), 1) is not None) is fits
