"""The envelope of a request: EventBridge's event with the engine's notes, as queues and the pending table hold it."""

from __future__ import annotations

import json
import math
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec

from sesmail_layer.domain.queue_message import WRAPPED, unwrapped
from sesmail_layer.domain.request.refusals import Refusal, field_name
from sesmail_layer.domain.times import utc_seconds

HOP_KB = 4
"""Of a request's size, kept free for the notes of hops, and for the attributes that EventBridge gives a dead letter
(the ARNs of rule and target, the error): https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
CANCEL_REQUESTED = "Email Cancel Requested"
"""Detail-type of a producer's event that cancels emails."""
UNSUBSCRIBE_REQUESTED = "Email Unsubscribe Requested"
"""Detail-type of a producer's event about a recipient who left; every other one is an `Email Request`."""
EVERY_SOURCE = "*"
"""Key of the account's and the default producer's items in the control table."""
TEST_SOURCE = "sesmail.send-test"
"""The source of a test from the command line or the console."""
_DETAIL = re.compile(r'"detail"\s*:')
_TOO_DEEP: dict[str, Any] = json.loads('{"":' * 300 + "{}" + "}" * 300)


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
    contacts_counted: bool = False
    """True: the cap of first contacts has counted it, and the day's cap had no room."""
    lane: str = ""
    """`bulk`: a policy sent it to the bulk lane."""
    record_id: str = ""
    """The key of its tracking record; empty: not decided yet, or made of the event's id."""
    not_before: float = 0
    """Unix seconds before which a retry is not made; SQS alone cannot delay by more than 15 minutes."""
    pause_hops: int = 0
    """How often in a row it waited for a pause."""
    tries: int = 0
    """How often in a row it met an error that another try may get past, whatever unpublished waits came in between."""
    refused: int = 0
    """How many of these tries SES refused."""
    failing_since: float = 0
    """Unix seconds of the first of these tries, later by what it was held for in between; 0: none."""
    held_since: float = 0
    """Unix seconds of the first wait after the latest of these tries; 0: none."""
    unsent: tuple[float, ...] = ()
    """Leases of its newest claims that may have been written, and under which nothing was sent."""
    accepted_at: float = 0
    """Unix seconds at which the request reached the engine: SQS knows it of the first hop alone."""


class RequestEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """One event with detail-type `Email Request`, or one of the two above."""

    id: str
    source: str
    """Chosen by the caller of PutEvents; lone surrogates are replaced by U+FFFD."""
    source_is_whole: bool = True
    """False: the source had half a surrogate pair."""
    detail: Any
    detail_json: bytes = b""
    """The detail as it was written; empty where it could be read only leniently."""
    detail_type: str = msgspec.field(name="detail-type")
    time: str = ""
    hop: Hop = msgspec.field(name="sesmailHop", default_factory=Hop)

    @property
    def asked_at(self) -> float:
        """The event's time in Unix seconds, as EventBridge or the producer set it; 0: none that can be read."""
        with suppress(ValueError):
            return utc_seconds(self.time)
        return 0.0


class RawEnvelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The same as JSON. The detail is passed on as it was written: `1e15` would be four times as long."""

    id: str
    source: str
    detail: msgspec.Raw
    detail_type: str = msgspec.field(name="detail-type")
    time: str = ""
    hop: Hop = msgspec.field(name="sesmailHop", default_factory=Hop)


def open_envelope(body: str) -> RequestEnvelope:
    """Parse a queue message's body. Raises EnvelopeError where it is no EventBridge event."""
    try:
        if body.startswith(WRAPPED):
            body, hop = unwrapped(body, Hop)
            envelope = msgspec.structs.replace(_decoded(body), hop=hop)
        else:
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
    notes = 0 if envelope.hop == Hop() else len(WRAPPED) + len(msgspec.json.encode(envelope.hop))
    if (size := len(body.encode()) - notes) > max_bytes:
        raise Refusal(
            f"detail: found a request of {size} bytes with its envelope; allowed: {max_bytes}; send large files by "
            "attachments[].s3Uri"
        )


def _decoded(body: str) -> RequestEnvelope:
    try:
        message = msgspec.json.decode(body, type=RawEnvelope)
        return RequestEnvelope(
            id=message.id,
            source=message.source,
            detail=msgspec.json.decode(message.detail),
            detail_json=bytes(message.detail),
            detail_type=message.detail_type,
            time=message.time,
            hop=message.hop,
        )
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        # Python's parser accepts what msgspec does not (a lone surrogate, 1e400), so that it is rejected by name.
        return msgspec.convert(_leniently_read(body), RequestEnvelope)


def _leniently_read(body: str) -> Any:
    try:
        return json.loads(body, parse_int=_integer)
    except RecursionError:
        # EventBridge writes the detail last. One that is too deep to parse is replaced by another that is too deep.
        envelope = json.loads(_DETAIL.split(body, maxsplit=1)[0] + '"detail": {}}')
        return envelope | {"detail": _TOO_DEEP}


def _integer(digits: str) -> float:
    try:
        return int(digits)
    except ValueError:  # Over 4,300 digits.
        return math.inf


def asks_for_bulk(envelope: RequestEnvelope) -> bool:
    """Return True where the request, or a policy that it has met, puts an email into the bulk lane."""
    detail = envelope.detail
    return envelope.hop.lane == "bulk" or (isinstance(detail, dict) and detail.get("priority") == "bulk")


def with_hop(envelope: RequestEnvelope, hop: Hop) -> str:
    """Return the queue message of the next hop."""
    message = RawEnvelope(
        id=envelope.id,
        source=envelope.source,
        detail=msgspec.Raw(envelope.detail_json or msgspec.json.encode(envelope.detail)),
        detail_type=envelope.detail_type,
        time=envelope.time,
        hop=hop,
    )
    return msgspec.json.encode(message).decode()


_NEW = Hop()
MAX_PENDING_BYTES = 350 * 1024
"""DynamoDB's items end at 400 KB, names and numbers included."""
_MAX_UNPACKED_BYTES = 2 * 1024 * 1024
"""More than SQS's largest message; what somebody else wrote could unpack to a thousand times its size."""


class PendingRequest(msgspec.Struct, frozen=True):
    """One kept request."""

    attempt: int
    """The attempt that it was kept at."""
    packed: bytes


def pack_request(envelope: RequestEnvelope, attempt: int, hop: Hop = _NEW) -> PendingRequest | None:
    """Pack a request for a retry while its attempt is under way; return None where it is too large."""
    # The caps have counted the email; its hold starts again.
    lane, record_id, accepted_at = envelope.hop.lane, hop.record_id, hop.accepted_at
    hop = Hop(attempt=attempt + 1, counted=True, lane=lane, record_id=record_id, accepted_at=accepted_at)
    packed = zlib.compress(with_hop(envelope, hop).encode())
    return PendingRequest(attempt, packed) if len(packed) <= MAX_PENDING_BYTES else None


def unpack_request(kept: PendingRequest, not_before: float) -> RequestEnvelope:
    """Return the envelope of the next attempt, which must not start before a Unix time. Raises EnvelopeError."""
    try:
        unpacking = zlib.decompressobj()
        body = unpacking.decompress(kept.packed, _MAX_UNPACKED_BYTES)
        if not unpacking.eof:
            raise EnvelopeError("larger than any request, or cut off")
        envelope = open_envelope(body.decode())
    except (zlib.error, UnicodeDecodeError) as err:
        raise EnvelopeError("not packed by pack_request") from err
    return msgspec.structs.replace(envelope, hop=msgspec.structs.replace(envelope.hop, not_before=not_before))


# --- values that JSON can express, and that no UTF-8 text or float can hold: they cannot be stored or published -------

_HALF_A_PAIR = ("half a surrogate pair", "characters that UTF-8 has")
_NO_NUMBER = ("a number out of range", "numbers up to 1.8e308")
_PERHAPS_TOO_LARGE = re.compile(r"(?<![0-9])[0-9]{309}")
"""Of a JSON text: an integer that a float may not hold has that many digits, and is infinite to most readers."""
_SMALLEST, _LARGEST = 1e-130, 10**38
PRODUCERS_OWN = ("templateData", "metadata")
"""Fields of the request whose keys and values are content: nulls stay in them, and keys stay out of messages."""


class Fault(msgspec.Struct, frozen=True):
    """A value that cannot be stored: which field, what was found, what is allowed."""

    field: str
    found: str
    allowed: str


def fault_of(value: Any) -> Fault | None:
    """Return the first fault of a value, or None. The value must not be nested deeper than recursion allows."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
        text.encode()
    except ValueError:
        return next(_faults(value, ""), None)
    return next(_faults(value, ""), None) if _PERHAPS_TOO_LARGE.search(text) else None


def whole(text: str) -> str:
    """Return a text with U+FFFD in place of each lone surrogate."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _faults(value: Any, field: str) -> Iterator[Fault]:
    if isinstance(value, str) and whole(value) != value:
        yield Fault(field, *_HALF_A_PAIR)
    elif isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
        yield Fault(field, *_NO_NUMBER)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if whole(name) != name:
                yield Fault(field or "a name", *_HALF_A_PAIR)
            yield from _faults(inner, _inside(field, f".{field_name(name)}"))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _faults(inner, _inside(field, f"[{index}]"))


def _inside(field: str, step: str) -> str:
    return field if field in PRODUCERS_OWN else (field + step).removeprefix(".")


def with_storable_numbers(value: Any) -> Any:
    """Return a value whose numbers DynamoDB returns as they are, so that the record and all events have the same.

    Whole numbers of up to 38 digits are integers (`1.0` is `1`), fractions are doubles; a number that DynamoDB cannot
    hold is a text of its digits:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-data-types
    """
    if isinstance(value, Mapping):
        return {name: with_storable_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_storable_numbers(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if value and not _SMALLEST <= abs(value) < _LARGEST:
        return str(value)
    # By its shortest digits: a double's exact ones are not those that were written.
    return int(Decimal(repr(value))) if value == int(value) else value
