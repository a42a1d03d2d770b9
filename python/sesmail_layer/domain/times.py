"""Times as fixed-width UTC strings, so that they sort as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII
)


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


def rfc3339_seconds(text: str) -> float:
    """Return a time as RFC 3339 has it, and nothing else of ISO 8601, as a Unix time. Raises ValueError.

    `t`, `z` and a space for `T` are allowed, and second 60 at the end of a month in UTC:
    https://www.rfc-editor.org/rfc/rfc3339#section-5.6
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 time")
    year, month, day, hour, minute, second = (int(digits) for digits in match.groups()[:6])
    fraction, sign, hours, minutes = match.groups()[6:]
    is_leap = second == 60
    local = datetime(year, month, day, hour, minute, 59 if is_leap else second, tzinfo=UTC).timestamp()
    offset = int(hours or 0) * 3600 + int(minutes or 0) * 60
    whole = local + is_leap + (offset if sign == "-" else -offset)
    if is_leap and not _starts_a_month(whole):
        raise ValueError("second 60 is the last of a month in UTC")
    return whole + float(fraction or 0)


def _starts_a_month(seconds: float) -> bool:
    moment = datetime.fromtimestamp(seconds, UTC)
    return (moment.day, moment.hour, moment.minute, moment.second) == (1, 0, 0, 0)
