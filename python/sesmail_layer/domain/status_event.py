"""The events that subscribers get for transitions (detail-type `Email Status Changed`), and a batch's outbox."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import msgspec

from sesmail_layer.domain.record.tracking import REDIRECTED_TO, SINK, TrackingRecord, Transition

_NAMESPACE = uuid.UUID("6f2f7d1e-3c1a-5f5b-9a57-0b6f8d1f2c11")


class StatusEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What subscribers receive as `detail`; a republished event has the same `event_id`."""

    email_id: str
    """As requested."""
    record_id: str
    """The key of the tracking record."""
    status: str
    to_email: str | None = None
    recipient_type: str | None = None
    """`cc` or `bcc`, where the event is about one of those; absent for `to`."""
    timestamp: str
    original_source: str | None = None
    template_name: str | None = None
    subject: str | None = None
    ses_message_id: str | None = None
    metadata: dict[str, Any] | None = None
    tags: list[str] | None = None
    topic: str | None = None
    attempt: int
    event_id: str
    previous_status: str | None = None
    bounce_type: str | None = None
    bounce_sub_type: str | None = None
    bounce_reason: str | None = None
    diagnostic_code: str | None = None
    bounce_class: str | None = None
    complaint_feedback_type: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    reason: str | None = None
    until: str | None = None
    link: str | None = None
    machine: bool | None = None
    unknown_fields: list[str] | None = None
    conflicts_with: str | None = None
    sink: bool | None = None
    """True in the delivery modes where the email was not sent, but recorded as sent and delivered."""
    redirected_to: str | None = None
    """The mailbox that got the email in place of its recipients: the status is that mailbox's."""


_DETAILS = (
    "bounceType",
    "bounceSubType",
    "bounceReason",
    "diagnosticCode",
    "bounceClass",
    "complaintFeedbackType",
    "errorType",
    "errorMessage",
    "reason",
    "until",
    "link",
    "machine",
)


def status_event(record: TrackingRecord, transition: Transition) -> StatusEvent | None:
    """Return the event for a transition; None for the engine's own first entry, `sending`, which is not published."""
    entry = transition.entry
    if entry.status is None or entry.status == "sending":
        return None
    other = record.recipients.get(entry.recipient or "")
    # Without a call for each event: what a claim says is mostly nothing.
    claims = (e.detail for e in reversed(record.history) if e.status == "sending" and e.attempt == entry.attempt)
    claim = next(claims, {})
    details = {name: entry.detail[name] for name in _DETAILS if name in entry.detail}
    return msgspec.convert(
        {
            **details,
            "emailId": record.requested_email_id or record.email_id,
            "recordId": record.email_id,
            "status": entry.status,
            "toEmail": entry.recipient if other else record.to_email,
            "recipientType": other.type if other else None,
            "timestamp": entry.at,
            "originalSource": record.original_source,
            "templateName": record.template_name,
            "subject": record.subject,
            "sesMessageId": record.ses_message_id,
            "metadata": record.metadata,
            "tags": record.tags or None,
            "topic": record.topic,
            "attempt": entry.attempt,
            "eventId": str(uuid.uuid5(_NAMESPACE, f"{record.email_id}\n{entry.key}")),
            "previousStatus": transition.previous,
            "unknownFields": record.unknown_fields or None if entry.status == "sent" else None,
            "conflictsWith": record.conflicts_with,
            "sink": claim.get(SINK),
            "redirectedTo": claim.get(REDIRECTED_TO),
        },
        StatusEvent,
    )


class Outbox:
    """The status events that a batch has to publish at its end, each with the SQS messages that wait for it.

    An event is added only after its transition is stored, so a crash before publishing loses nothing: the redelivered
    message finds the transition and adds the same event under the same id.
    """

    def __init__(self) -> None:
        self.events: dict[str, StatusEvent] = {}
        self.message_ids: dict[str, set[str]] = {}

    def add(self, record: TrackingRecord, transitions: Iterable[Transition], message_ids: Iterable[str]) -> None:
        for transition in transitions:
            event = status_event(record, transition)
            if event is not None:
                self.events.setdefault(event.event_id, event)
                self.message_ids.setdefault(event.event_id, set()).update(message_ids)

    def take(self) -> list[StatusEvent]:
        """Return the events that were added since the last call."""
        events = list(self.events.values())
        self.events.clear()
        return events
