"""The tracking record behind the links of these tests."""

from __future__ import annotations

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord

ADDRESS, SHOP = "ada@example.com", "shop.news"


def record(**fields: object) -> TrackingRecord:
    given: dict[str, object] = {
        "email_id": "news-1",
        "attempt": 1,
        "status": Status.SENT,
        "timestamp": "2026-11-24T10:31:00.000Z",
        "date_partition": "2026-11-24",
        "ttl": 1,
        "to_email": ADDRESS,
        "original_source": SHOP,
    }
    return TrackingRecord(**{**given, **fields})  # type: ignore[arg-type]
