"""Arguments as operators type them, parsed into the engine's forms."""

from __future__ import annotations

import re
import time

from sesmail_cli.operator.command import CommandContext, UsageError
from sesmail_layer.domain.guards.suppression import source_key, split_source_key, topic_key
from sesmail_layer.domain.request.addresses import AddressError, address_key, parse_address
from sesmail_layer.domain.times import utc_seconds, utc_text

_SPAN = re.compile(r"(\d+)([dhm])")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_UNIT_SECONDS = {"d": 86_400, "h": 3_600, "m": 60}


def new_address(text: str) -> str:
    """Return the key of an address in tables and indexes. Raises UsageError."""
    try:
        return address_key(parse_address(text))
    except AddressError as err:
        raise UsageError(f"'{text}' is no email address: {err}") from err


def stored_address(text: str) -> str:
    """Return the key of an address that may have been stored under older, laxer rules. Raises UsageError.

    `ADDRESS#TOPIC` is the key of a topic that the address has unsubscribed from, `ADDRESS#*SOURCE` of all
    bulk mail of a source.
    """
    if left := split_source_key(text):
        return source_key(stored_address(left[0]), left[1])
    address, mark, topic = text.rpartition("#")
    if mark and "@" in address and "@" not in topic:
        return topic_key(stored_address(address), topic)
    try:
        return new_address(text)
    except UsageError:
        if "@" not in text:
            raise
        return address_key(text)


def point_in_time(text: str, now: float) -> str:
    """Parse a date, an RFC 3339 time, a span back from now (`7d`, `24h`, `30m`), or a time of day. Raises UsageError.

    A time of day is the last one that this machine's clock has shown.
    """
    if span := _SPAN.fullmatch(text):
        return utc_text(now - int(span[1]) * _UNIT_SECONDS[span[2]])
    if clock := _CLOCK.fullmatch(text):
        return utc_text(_last_shown(int(clock[1]), int(clock[2]), now))
    try:
        return utc_text(utc_seconds(f"{text}T00:00:00Z" if len(text) == len("2026-11-24") else text))
    except ValueError as err:
        raise UsageError(
            f"'{text}' is no time: give a date (2026-11-24), a time (2026-11-24T10:31:00Z), a time of day on this "
            "machine's clock (10:31) or a span (7d, 24h)."
        ) from err


def end_of_period(text: str, since: str, now: float) -> str:
    """Parse the end of a period that begins at `since`, like `point_in_time`. Raises UsageError.

    A time of day that this machine's clock has not shown since then is still to come: the period ends now.
    """
    end = point_in_time(text, now)
    return utc_text(now) if end < since and _CLOCK.fullmatch(text) else end


def note_yesterday(context: CommandContext, option: str, text: str | None, used: str) -> None:
    """Note that the time which an option's time of day was taken for is yesterday's, on this machine's clock."""
    if text and _CLOCK.fullmatch(text):
        days = [time.localtime(at)[:3] for at in (utc_seconds(used), context.engine.clock.now())]
        if days[0] != days[1]:
            context.note(f"{option} {text} is yesterday's ({used}): it is not {text} yet today.")


def _last_shown(hour: int, minute: int, now: float) -> float:
    today = time.localtime(now)
    for days_ago in (0, 1):
        # mktime takes the day before the month's first, and says itself whether summer time is in force.
        at = time.mktime((today.tm_year, today.tm_mon, today.tm_mday - days_ago, hour, minute, 0, 0, 0, -1))
        if at <= now:
            break
    return at
