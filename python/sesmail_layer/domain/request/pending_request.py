"""A request as it is kept for a soft bounce's retry: the queue message of the next attempt, compressed."""

from __future__ import annotations

import zlib

import msgspec

from sesmail_layer.domain.request.envelopes import Hop, RequestEnvelope, open_envelope, with_hop

MAX_BYTES = 350 * 1024
"""DynamoDB's items end at 400 KB, names and numbers included."""


class PendingRequest(msgspec.Struct, frozen=True):
    """One kept request."""

    attempt: int
    """The attempt that it was kept at."""
    packed: bytes


def pack(envelope: RequestEnvelope, attempt: int) -> PendingRequest | None:
    """Makes what is kept of a request while its attempt is under way; None where it is too large to be kept."""
    # The caps have counted the email; its hold begins anew.
    hop = Hop(attempt=attempt + 1, counted=True, lane=envelope.hop.lane)
    packed = zlib.compress(with_hop(envelope, hop).encode())
    return PendingRequest(attempt, packed) if len(packed) <= MAX_BYTES else None


def unpack(kept: PendingRequest, not_before: float) -> str:
    """Gives the queue message of the next attempt, which is not to be made before a Unix time."""
    envelope = open_envelope(zlib.decompress(kept.packed).decode())
    return with_hop(envelope, msgspec.structs.replace(envelope.hop, not_before=not_before))
