"""What SES says of an email, read without trusting a single field of it.

Two dialects say the same: events of a configuration set (`eventType`, with our tags) and notifications of an identity
(`notificationType`, without). SES may add fields and types at any time; whatever is not as expected reads as absent.
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

import msgspec

from sesmail_layer.domain.request.addresses import address_key
from sesmail_layer.domain.ses.tags import decode_tag
from sesmail_layer.domain.times import utc_seconds, utc_text

UNKNOWN_TIME = "1970-01-01T00:00:00.000Z"
_YEARS = range(2000, 2100)
_TEXT_BYTES = 500
# C0, DEL, C1 and the controls of bidirectional text: a remote server's words reach terminals. Line ends part words.
_LINE_ENDS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ADDRESS_BYTES = 512
_EMAIL_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_ATTEMPT = re.compile(r"[1-9][0-9]{0,2}")

# Each type with the key of its payload; `renderingfailure` is the one whose key differs.
_PAYLOADS = {
    "send": "send",
    "delivery": "delivery",
    "bounce": "bounce",
    "complaint": "complaint",
    "reject": "reject",
    "open": "open",
    "click": "click",
    "deliverydelay": "deliveryDelay",
    "renderingfailure": "failure",
    "subscription": "subscription",
}


class SesEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One SES event, reduced to what is of use; every text is bounded and can be stored."""

    kind: str
    """`bounce`, `deliverydelay`, …; empty where the type is none that we know."""
    type_name: str
    """What SES calls the type."""
    at: str
    """When it happened; UNKNOWN_TIME where SES does not say."""
    accepted_at: str
    """When SES accepted the message."""
    ses_message_id: str | None = None
    email_id: str | None = None
    """From our tag; identity notifications have none."""
    attempt: int | None = None
    source: str | None = None
    destinations: tuple[str, ...] = ()
    """All recipients of the message, case-folded."""
    payload: dict[str, Any] = {}


def read_event(document: object) -> SesEvent:
    """Reads any JSON document as an SES event; never fails."""
    event = mapping(document)
    mail = mapping(event.get("mail"))
    type_name = text(event.get("eventType")) or text(event.get("notificationType")) or ""
    kind = type_name.casefold().replace(" ", "")
    kind = kind if kind in _PAYLOADS else ""
    payload = mapping(event.get(_PAYLOADS[kind])) if kind else {}
    tags = mapping(mail.get("tags"))
    accepted_at = time(mail.get("timestamp")) or UNKNOWN_TIME
    attempt = _tag(tags, "attempt", _ATTEMPT)
    return SesEvent(
        kind=kind,
        type_name=type_name,
        at=time(payload.get("timestamp")) or accepted_at,
        accepted_at=accepted_at,
        ses_message_id=text(mail.get("messageId")),
        email_id=_tag(tags, "emailId", _EMAIL_ID),
        attempt=int(attempt) if attempt else None,
        source=_tag(tags, "source"),
        destinations=tuple(found for item in items(mail.get("destination")) if (found := address(item))),
        payload=dict(payload),
    )


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: object, limit: int = _TEXT_BYTES) -> str | None:
    """Gives a non-empty text without control characters and white space around it, cut to what is worth keeping.

    Half a surrogate pair (JSON allows it) becomes `?`.
    """
    if not isinstance(value, str):
        return None
    clean = _CONTROLS.sub("", _LINE_ENDS.sub(" ", value)).strip()
    return clean.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore") or None


def time(value: object) -> str | None:
    """Gives a time in the engine's form; None where it is none, or out of all proportion."""
    try:
        written = utc_text(utc_seconds(value)) if isinstance(value, str) else ""
    except (ValueError, OverflowError, OSError):
        return None
    return written if written[:4].isdecimal() and int(written[:4]) in _YEARS else None


def address(value: object) -> str | None:
    """Gives the bare case-folded address: SES has it as sent or, for a bounce, as the other side's report has it."""
    written = text(value)
    if written is None or "@" not in written:
        return None
    bare = parseaddr(written)[1] or written.rpartition(";")[2]
    key = address_key(bare.strip())
    return key if len(key.encode()) <= _ADDRESS_BYTES else None


def _tag(tags: Mapping[str, Any], name: str, allowed: re.Pattern[str] | None = None) -> str | None:
    encoded = text(next(iter(items(tags.get(name))), None))
    value = text(decode_tag(encoded)) if encoded else None
    return value if value and (allowed is None or allowed.fullmatch(value)) else None
