"""SES's events: unwrapped from SNS's notifications, and read without trusting any field.

There are two formats: events of a configuration set (`eventType`, with our tags) and notifications of an identity
(`notificationType`, without). SES may add fields and types at any time; a field of another type counts as absent.
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

import msgspec

from sesmail_layer.domain.plain_text import CONTROLS, LINE_ENDS
from sesmail_layer.domain.request.addresses import address_key
from sesmail_layer.domain.ses.tags import decode_tags
from sesmail_layer.domain.times import utc_seconds, utc_text

UNKNOWN_TIME = "1970-01-01T00:00:00.000Z"
_YEARS = range(2000, 2100)
_TEXT_BYTES = 500
_ADDRESS_BYTES = 512
_EMAIL_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}(#[0-9a-f]{16})?")
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

# SES sends these once, when a topic is configured for events, or for an identity's notifications.
_TOPIC_VALIDATED = "Successfully validated SNS topic"
_TOPIC_SUBSCRIBED = "AmazonSnsSubscriptionSucceeded"


class NotificationError(ValueError):
    """A queue message cannot be read."""


class Notification(msgspec.Struct, frozen=True):
    """What a topic delivers. https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html"""

    topic_arn: str | None
    """None where the subscription delivers raw: such a message does not name its topic."""
    text: str

    def is_topic_validation(self) -> bool:
        """True for SES's own test messages, which belong to no email."""
        return self.text.startswith(_TOPIC_VALIDATED) or (_TOPIC_SUBSCRIBED in self.text and self._is_subscribed())

    def document(self) -> dict[str, Any]:
        """Read the JSON object in it. Raises NotificationError."""
        return _object(self.text)

    def _is_subscribed(self) -> bool:
        try:
            return self.document().get("notificationType") == _TOPIC_SUBSCRIBED
        except NotificationError:
            return False


def open_notification(body: str) -> Notification:
    """Unwrap SNS's envelope, if there is one. Raises NotificationError where the body is no JSON object."""
    if body.startswith(_TOPIC_VALIDATED):
        return Notification(None, body)
    outer = _object(body)
    topic_arn, message = outer.get("TopicArn"), outer.get("Message")
    if isinstance(topic_arn, str) and isinstance(message, str):
        return Notification(topic_arn, message)
    return Notification(None, body)


class SesEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One SES event, reduced to what the engine uses; every text is bounded and can be stored."""

    kind: str
    """`bounce`, `deliverydelay`, …; empty for an unknown type."""
    type_name: str
    """The type as SES spells it."""
    at: str
    """When it happened; UNKNOWN_TIME if SES does not say."""
    accepted_at: str
    """When SES accepted the message."""
    ses_message_id: str | None = None
    email_id: str | None = None
    """From our tag; identity notifications have none."""
    foreign: bool = False
    """True where SES returns tags and ours is not among them: another sender uses the configuration set."""
    attempt: int | None = None
    source: str | None = None
    redirected: bool = False
    """True where the email went to the mailbox of the delivery mode `redirect`: the event says nothing of others."""
    destinations: tuple[str, ...] = ()
    """All recipients of the message, case-folded."""
    payload: dict[str, Any] = {}


def read_event(document: object) -> SesEvent:
    """Read any JSON document as an SES event; never fails."""
    event = mapping(document)
    mail = mapping(event.get("mail"))
    type_name = text(event.get("eventType")) or text(event.get("notificationType")) or ""
    kind = type_name.casefold().replace(" ", "")
    kind = kind if kind in _PAYLOADS else ""
    payload = mapping(event.get(_PAYLOADS[kind])) if kind else {}
    all_tags = mapping(mail.get("tags"))
    tags = decode_tags(all_tags)
    accepted_at = time(mail.get("timestamp")) or UNKNOWN_TIME
    email_id, attempt = text(tags.get("emailId")), tags.get("attempt", "")
    if not (email_id and _EMAIL_ID.fullmatch(email_id)):
        email_id = None
    return SesEvent(
        kind=kind,
        type_name=type_name,
        at=time(payload.get("timestamp")) or accepted_at,
        accepted_at=accepted_at,
        ses_message_id=text(mail.get("messageId")),
        email_id=email_id,
        foreign=bool(all_tags) and email_id is None and text(event.get("eventType")) is not None,
        attempt=int(attempt) if _ATTEMPT.fullmatch(attempt) else None,
        source=text(tags.get("source")),
        redirected="redirected" in tags,
        destinations=tuple(found for item in items(mail.get("destination")) if (found := address(item))),
        payload=dict(payload),
    )


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: object, limit: int = _TEXT_BYTES) -> str | None:
    """Return a non-empty text without control characters and white space around it, cut to `limit` bytes.

    Half a surrogate pair (JSON allows it) becomes `?`.
    """
    if not isinstance(value, str):
        return None
    clean = CONTROLS.sub("", LINE_ENDS.sub(" ", value)).strip()
    return clean.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore") or None


def time(value: object) -> str | None:
    """Return a time in the engine's format; None if it is no time, or not in this century."""
    try:
        written = utc_text(utc_seconds(value)) if isinstance(value, str) else ""
    except (ValueError, OverflowError, OSError):
        return None
    return written if written[:4].isdecimal() and int(written[:4]) in _YEARS else None


def address(value: object) -> str | None:
    """Return the case-folded address without a display name; None if it is no address, or too long."""
    written = text(value)
    if written is None or "@" not in written:
        return None
    key = address_key(_without_name(written))
    return key if len(key.encode()) <= _ADDRESS_BYTES else None


@lru_cache(maxsize=1024)
def _without_name(written: str) -> str:
    """An email's events name its recipients several times, and parseaddr is slow."""
    # A receiving server may report a bounced address as `rfc822;user@example.com`, which parseaddr cannot read.
    return (parseaddr(written)[1] or written.rpartition(";")[2]).strip()


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise NotificationError("no JSON") from err
    if not isinstance(document, dict):
        raise NotificationError("JSON, but no object")
    return document
