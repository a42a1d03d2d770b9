"""Times as fixed-width UTC strings, so that they sort as text."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_text(seconds: float) -> str:
    """Return a Unix time as `2026-11-24T10:31:00.000Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def utc_seconds(text: str) -> float:
    """Return an RFC 3339 time (SES writes both `…Z` and `…+00:00`) as a Unix time. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset from UTC, such as Z")
    return moment.timestamp()
