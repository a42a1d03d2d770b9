"""The events that producers get when a recipient unsubscribes (`Email Unsubscribed`) or comes back."""

from __future__ import annotations

import uuid
from typing import Any, Literal

import msgspec

from sesmail_layer.domain.record.tracking import TrackingRecord

UNSUBSCRIBED = "Email Unsubscribed"
RESUBSCRIBED = "Email Resubscribed"

By = Literal["one-click", "page", "producer"]
"""A mail client's button (RFC 8058); the engine's page; an event `Email Unsubscribe Requested`."""

_NAMESPACE = uuid.UUID("5b0f3c62-5a8e-5d0b-9b1c-3a3f8d4e7a10")


class UnsubscribeEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What subscribers receive as `detail`; a republished event has the same `event_id`."""

    detail_type: str
    to_email: str
    topic: str | None = None
    """Absent: all bulk mail of the source."""
    original_source: str
    by: By
    timestamp: str
    event_id: str
    email_id: str | None = None
    """The email of the link or id that was used, as requested."""
    record_id: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def detail(self) -> bytes:
        """The event as JSON, without its detail-type."""
        fields = msgspec.to_builtins(self)
        del fields["detailType"]
        return msgspec.json.encode(fields)


def unsubscribe_event(
    detail_type: str,
    *,
    address: str,
    topic: str | None,
    source: str,
    by: By,
    at: str,
    record: TrackingRecord | None,
    left_at: str | None = None,
) -> UnsubscribeEvent:
    """Return the event of a change made at a time (`at`, UTC text).

    Its id is the same for each repetition: it is made of `at`, or of `left_at`, the time of the entry that is undone.
    """
    name = "\n".join((detail_type, source, address, topic or "", left_at or at))
    return UnsubscribeEvent(
        detail_type=detail_type,
        to_email=address,
        topic=topic,
        original_source=source,
        by=by,
        timestamp=at,
        event_id=str(uuid.uuid5(_NAMESPACE, name)),
        email_id=record.requested_email_id or record.email_id if record else None,
        record_id=record.email_id if record else None,
        metadata=record.metadata if record else None,
    )
