"""What operators type, read into what the engine takes."""

from __future__ import annotations

import re

from sesmail_cli.operator.command import UsageError
from sesmail_layer.domain.request.addresses import AddressError, address_key, parse_address
from sesmail_layer.domain.times import utc_seconds, utc_text

_SPAN = re.compile(r"(\d+)([dhm])")
_UNIT_SECONDS = {"d": 86_400, "h": 3_600, "m": 60}


def address(text: str) -> str:
    """Gives the form under which an address is listed and tracked; raises UsageError."""
    try:
        return address_key(parse_address(text))
    except AddressError as err:
        raise UsageError(f"'{text}' is no email address: {err}") from err


def listed_address(text: str) -> str:
    """Gives the form of an address that may stand on a list for long, from before today's rules."""
    try:
        return address(text)
    except UsageError:
        if "@" not in text:
            raise
        return address_key(text)


def point_in_time(text: str, now: float) -> str:
    """Reads a date, an RFC 3339 time, or a span back from now (`7d`, `24h`, `30m`); raises UsageError."""
    span = _SPAN.fullmatch(text)
    if span:
        return utc_text(now - int(span[1]) * _UNIT_SECONDS[span[2]])
    try:
        return utc_text(utc_seconds(f"{text}T00:00:00Z" if len(text) == len("2026-11-24") else text))
    except ValueError as err:
        raise UsageError(
            f"'{text}' is no time: give a date (2026-11-24), a time (2026-11-24T10:31:00Z) or a span (7d, 24h)."
        ) from err
