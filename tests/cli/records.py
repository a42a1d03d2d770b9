"""Tracking records for the pure parts of the CLI."""

from __future__ import annotations

from typing import Any

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold

ADA = "ada@example.com"
T0 = "2026-11-24T10:31:00.000Z"


def at(second: int) -> str:
    return f"2026-11-24T10:31:{second:02d}.000Z"


def entry(status: Status | None, second: int = 1, attempt: int = 1, **given: Any) -> Entry:
    key = given.pop("key", f"{status}/{attempt}/{second}")
    return Entry(key=key, at=at(second), attempt=attempt, status=status, **given)


def record(*history: Entry, **given: Any) -> TrackingRecord:
    facts: dict[str, Any] = {
        "email_id": "order-1",
        "status": Status.SENDING,
        "attempt": 1,
        "timestamp": T0,
        "date_partition": T0[:10],
        "ttl": 1_800_000_000,
        "to_email": ADA,
        "template_name": "welcome",
        "original_source": "my.application",
    }
    folded, _ = fold(TrackingRecord(**facts | given), history)
    return folded
