"""The status events, one class for each status. Generated from docs/schemas by `make docs`: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEventFields:
    """What every status event has."""

    email_id: str
    record_id: str
    to_email: str | None = field(default=None, repr=False)
    recipient_type: Literal["cc", "bcc"] | None = None
    timestamp: datetime
    original_source: str | None = None
    template_name: str | None = None
    subject: str | None = field(default=None, repr=False)
    ses_message_id: str | None = None
    metadata: Mapping[str, Any] | None = field(default=None, repr=False)
    tags: list[str] | None = None
    topic: str | None = None
    attempt: int
    event_id: str
    previous_status: str | None = None
    sink: bool | None = None
    redirected_to: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailDeferred(StatusEventFields):
    """An event with the status `deferred`."""

    status: Literal["deferred"] = "deferred"
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSent(StatusEventFields):
    """An event with the status `sent`."""

    status: Literal["sent"] = "sent"
    unknown_fields: list[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailDelayed(StatusEventFields):
    """An event with the status `delayed`."""

    status: Literal["delayed"] = "delayed"
    diagnostic_code: str | None = field(default=None, repr=False)
    reason: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailFailed(StatusEventFields):
    """An event with the status `failed`."""

    status: Literal["failed"] = "failed"
    error_type: str
    error_message: str
    conflicts_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSoftBounced(StatusEventFields):
    """An event with the status `soft_bounced`."""

    status: Literal["soft_bounced"] = "soft_bounced"
    bounce_type: str | None = None
    bounce_sub_type: str | None = None
    bounce_reason: str | None = None
    diagnostic_code: str | None = field(default=None, repr=False)
    bounce_class: Literal["hard", "message_fault", "not_attempted", "sender_fault", "soft"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailDelivered(StatusEventFields):
    """An event with the status `delivered`."""

    status: Literal["delivered"] = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailOpened(StatusEventFields):
    """An event with the status `opened`."""

    status: Literal["opened"] = "opened"
    machine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailClicked(StatusEventFields):
    """An event with the status `clicked`."""

    status: Literal["clicked"] = "clicked"
    link: str | None = field(default=None, repr=False)
    machine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailBounced(StatusEventFields):
    """An event with the status `bounced`."""

    status: Literal["bounced"] = "bounced"
    bounce_type: str | None = None
    bounce_sub_type: str | None = None
    bounce_reason: str | None = None
    diagnostic_code: str | None = field(default=None, repr=False)
    bounce_class: Literal["hard", "message_fault", "not_attempted", "sender_fault", "soft"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailComplained(StatusEventFields):
    """An event with the status `complained`."""

    status: Literal["complained"] = "complained"
    complaint_feedback_type: str | None = None


StatusEvent = (
    EmailDeferred
    | EmailSent
    | EmailDelayed
    | EmailFailed
    | EmailSoftBounced
    | EmailDelivered
    | EmailOpened
    | EmailClicked
    | EmailBounced
    | EmailComplained
)
Status = Literal[
    "deferred", "sent", "delayed", "failed", "soft_bounced", "delivered", "opened", "clicked", "bounced", "complained"
]

CLASSES: Mapping[str, type[StatusEvent]] = {
    "deferred": EmailDeferred,
    "sent": EmailSent,
    "delayed": EmailDelayed,
    "failed": EmailFailed,
    "soft_bounced": EmailSoftBounced,
    "delivered": EmailDelivered,
    "opened": EmailOpened,
    "clicked": EmailClicked,
    "bounced": EmailBounced,
    "complained": EmailComplained,
}
