"""The envelope of a request: EventBridge's event with the engine's notes, as queues and the pending table hold it."""

from __future__ import annotations

import json
import math
import re
import zlib
from typing import Any

import msgspec

from sesmail_layer.domain.request.refusals import Refusal
from sesmail_layer.domain.request.storable import whole

HOP_KB = 4
"""Of a request's size, kept free for the notes of hops and dead letters."""
EVERY_SOURCE = "*"
"""Key of the account's and the default producer's items in the control table."""
_DETAIL = re.compile(r'"detail"\s*:')


class EnvelopeError(ValueError):
    """A queue message is not an EventBridge event; no record can be made for it."""


class Hop(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a message carries through the retry queue, so that a hop that changes nothing needs to write nothing."""

    attempt: int = 1
    noted: str = ""
    """The reason for waiting that the record already has; empty: none."""
    give_up_at: float = 0
    """Unix seconds after which it is not held any longer; 0: not held so far."""
    counted: bool = False
    """True: its producer's caps have counted it."""
    lane: str = ""
    """`bulk`: a policy sent it to the bulk lane."""
    record_id: str = ""
    """The key of its tracking record; empty: not decided yet, or made of the event's id."""
    not_before: float = 0
    """Unix seconds before which a retry is not made; SQS alone cannot delay by more than 15 minutes."""


class RequestEnvelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event with detail-type `Email Request`."""

    id: str
    source: str
    """Chosen by the caller of PutEvents; lone surrogates are replaced by U+FFFD."""
    source_is_whole: bool = True
    """False: the source had half a surrogate pair."""
    detail: Any
    detail_type: str = msgspec.field(name="detail-type")
    time: str = ""
    hop: Hop = msgspec.field(name="sesmailHop", default_factory=Hop)


def open_envelope(body: str) -> RequestEnvelope:
    """Parse a queue message's body. Raises EnvelopeError where it is no EventBridge event."""
    try:
        envelope = _decoded(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as err:
        raise EnvelopeError(str(err)) from err
    if not envelope.id or len(envelope.id) > 100 or whole(envelope.id) != envelope.id or not envelope.source:
        raise EnvelopeError("id or source is missing")
    source = whole(envelope.source)
    return msgspec.structs.replace(envelope, source=source, source_is_whole=source == envelope.source)


def check_envelope(envelope: RequestEnvelope, body: str, max_bytes: int) -> None:
    """Check what the event has around its detail. Raises Refusal."""
    if not envelope.source_is_whole:
        raise Refusal("source: found half a surrogate pair; allowed: characters that UTF-8 has")
    if envelope.source == EVERY_SOURCE:
        raise Refusal("source: found '*', which stands for all sources; allowed: the name of one, such as shop.orders")
    # A hop adds its notes; only what a producer sent is limited.
    if envelope.hop == Hop() and (size := len(body.encode())) > max_bytes:
        raise Refusal(
            f"detail: found a request of {size} bytes with its envelope; allowed: {max_bytes}; send large files by "
            "attachments[].s3Uri"
        )


def _decoded(body: str) -> RequestEnvelope:
    try:
        return msgspec.json.decode(body, type=RequestEnvelope)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        # Python's parser accepts what msgspec does not (a lone surrogate, 1e400), so that it is rejected by name.
        return msgspec.convert(_leniently_read(body), RequestEnvelope)


def _leniently_read(body: str) -> Any:
    try:
        return json.loads(body, parse_int=_integer)
    except RecursionError:
        # EventBridge writes the detail last. One that is too deep to parse is replaced by another that is too deep.
        envelope = json.loads(_DETAIL.split(body, maxsplit=1)[0] + '"detail": {}}')
        return envelope | {"detail": _bottomless()}


def _integer(digits: str) -> float:
    try:
        return int(digits)
    except ValueError:  # Over 4,300 digits.
        return math.inf


def _bottomless() -> dict[str, Any]:
    detail: dict[str, Any] = {}
    for _ in range(300):
        detail = {"": detail}
    return detail


def with_hop(envelope: RequestEnvelope, hop: Hop) -> str:
    """Return the queue message of the next hop."""
    return msgspec.json.encode(msgspec.structs.replace(envelope, hop=hop)).decode()


MAX_PENDING_BYTES = 350 * 1024
"""DynamoDB's items end at 400 KB, names and numbers included."""


class PendingRequest(msgspec.Struct, frozen=True):
    """One kept request."""

    attempt: int
    """The attempt that it was kept at."""
    packed: bytes


def pack_request(envelope: RequestEnvelope, attempt: int, record_id: str = "") -> PendingRequest | None:
    """Pack a request for a retry while its attempt is under way; return None where it is too large."""
    # The caps have counted the email; its hold starts again.
    hop = Hop(attempt=attempt + 1, counted=True, lane=envelope.hop.lane, record_id=record_id)
    packed = zlib.compress(with_hop(envelope, hop).encode())
    return PendingRequest(attempt, packed) if len(packed) <= MAX_PENDING_BYTES else None


def unpack_request(kept: PendingRequest, not_before: float) -> str:
    """Return the queue message of the next attempt, which must not start before a Unix time."""
    try:
        envelope = open_envelope(zlib.decompress(kept.packed).decode())
    except (zlib.error, UnicodeDecodeError) as err:
        raise EnvelopeError("not packed by pack_request") from err
    return with_hop(envelope, msgspec.structs.replace(envelope.hop, not_before=not_before))
