"""Records that this engine did not write, such as those of the seed's product: finished emails without a history.

A record is computed from its history, so such a record is given one from its own attributes. SES's events about the
email can then be folded into it as into any other.
"""

from __future__ import annotations

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord

FOREIGN_REVISION = 0
"""The revision of a record that has none: no write of this engine made it."""


def is_foreign(record: TrackingRecord) -> bool:
    return record.revision == FOREIGN_REVISION


def with_history(record: TrackingRecord) -> TrackingRecord:
    """Return the record with a history built from its attributes."""
    sent_at = record.sent_at or (record.timestamp if record.ses_message_id else None)
    bounce_status = Status.SOFT_BOUNCED if record.status is Status.SOFT_BOUNCED else Status.BOUNCED
    bounce = {
        "bounceType": record.bounce_type,
        "bounceSubType": record.bounce_sub_type,
        "bounceReason": record.bounce_reason,
    }
    complaint = {"complaintFeedbackType": record.complaint_feedback_type}
    candidates: list[tuple[Status, str | None, dict[str, str | None]]] = [
        (Status.SENT, sent_at, {"sesMessageId": record.ses_message_id}),
        (Status.DELIVERED, record.delivered_at, {}),
        (Status.OPENED, record.opened_at, {}),
        (Status.CLICKED, record.clicked_at, {}),
        (bounce_status, record.bounced_at, bounce),
        (Status.COMPLAINED, record.complained_at, complaint),
    ]
    entries = {status: _entry(record, status, at, detail) for status, at, detail in candidates if at}
    error = {"errorType": record.error_type, "errorMessage": record.error_message}
    entries.setdefault(record.status, _entry(record, record.status, record.timestamp, error))
    return msgspec.structs.replace(record, history=sorted(entries.values(), key=lambda entry: (entry.at, entry.key)))


def _entry(record: TrackingRecord, status: Status, at: str, detail: dict[str, str | None]) -> Entry:
    given = {name: value for name, value in detail.items() if value is not None}
    return Entry(f"foreign/{status}", at, record.attempt, status, detail=given)
