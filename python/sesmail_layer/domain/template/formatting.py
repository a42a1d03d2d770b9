"""Template filters for money, numbers and dates in the recipient's language.

Babel's data are large, so it is imported when the first filter runs, and the time zones when one is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Undefined, pass_context
from jinja2.exceptions import FilterArgumentError
from jinja2.runtime import Context

if TYPE_CHECKING:
    from babel import Locale

Length = Literal["short", "medium", "long", "full"]
DEFAULT_LOCALE = "en"
# Digits before or after the point.
_MAX_DIGITS = 30
# Babel computes with the digits before and after the point.
_PRECISION = 2 * _MAX_DIGITS
# Characters of a number or a time; of a locale (BCP 47 has 35 for the longest without extensions).
_LONGEST_TEXT = 100
_LONGEST_LOCALE = 35
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_LENGTHS: dict[str, Length] = {"short": "short", "medium": "medium", "long": "long", "full": "full"}


class FormatError(FilterArgumentError):
    """A value that a filter of this module cannot write. The message does not quote it."""


@pass_context
def money(context: Context, value: Any, currency: str, locale: str | None = None) -> str:
    """`{{ 1234.5 | money('EUR') }}`: €1,234.50 in English, 1.234,50 € in German."""
    if isinstance(value, Undefined):
        return str(value)
    from babel.numbers import format_currency

    if not _CURRENCY.fullmatch(_short_text(currency)):
        raise FormatError("money: the currency is three letters, such as EUR")
    language = _locale(context, locale)
    return _signed(lambda amount: format_currency(amount, currency.upper(), locale=language), _number("money", value))


@pass_context
def number(context: Context, value: Any, digits: int | None = None, locale: str | None = None) -> str:
    """`{{ 1234.5 | number }}`: 1,234.5; `number(2)` always has two digits after the point."""
    if isinstance(value, Undefined):
        return str(value)
    from babel.numbers import format_decimal

    if digits is not None and not isinstance(digits, int):
        raise FormatError("number: the digits are a whole number, such as 2")
    pattern = None if digits is None else "#,##0" + ("." + "0" * min(digits, 20) if digits > 0 else "")
    language = _locale(context, locale)
    return _signed(lambda amount: format_decimal(amount, pattern, locale=language), _number("number", value))


@pass_context
def format_date(
    context: Context, value: Any, length: Length = "long", locale: str | None = None, zone: str | None = None
) -> str:
    """`{{ '2026-11-24' | date }}`: November 24, 2026; `short`, `medium`, `long` or `full`.

    With a zone, a moment is on that zone's day; one without an offset is in UTC. A date without a time stays as it is.
    """
    if isinstance(value, Undefined):
        return str(value)
    from babel import dates

    length, timezone = _length("date", length), _zone("date", zone)
    day = _moment("date", value)
    if timezone and isinstance(day, datetime):
        day = _in_zone("date", day, timezone)
    return dates.format_date(day, length, locale=_locale(context, locale))


@pass_context
def format_time(
    context: Context, value: Any, length: Length = "short", zone: str | None = "UTC", locale: str | None = None
) -> str:
    """`{{ '2026-11-24T10:31:00Z' | time(zone='Europe/Paris') }}`: 11:31 AM."""
    if isinstance(value, Undefined):
        return str(value)
    from babel import dates

    length, timezone = _length("time", length), _zone("time", zone) or UTC
    moment = _moment("time", value)
    if not isinstance(moment, datetime):
        raise FormatError("time: the value is a date without a time")
    moment = _in_zone("time", moment, timezone)
    return dates.format_time(moment, length, tzinfo=timezone, locale=_locale(context, locale))


FILTERS: dict[str, Callable[..., Any]] = {
    "money": money,
    "number": number,
    "date": format_date,
    "time": format_time,
}


def _locale(context: Context, given: str | None) -> Locale:
    """Return the filter's locale, else the email's, else English; an unknown `fr-XX` falls back to `fr`."""
    from babel import Locale, UnknownLocaleError

    for wanted in (given, context.get("locale")):
        name = wanted[:_LONGEST_LOCALE] if isinstance(wanted, str) else ""
        parts = name.replace("_", "-").split("-")
        for count in range(len(parts), 0, -1):
            try:
                return Locale.parse("-".join(parts[:count]), sep="-")
            except (UnknownLocaleError, ValueError):
                continue
    return Locale.parse(DEFAULT_LOCALE)


def _signed(write: Callable[[Decimal], str], value: Decimal) -> str:
    """Write a number, without a minus where it is rounded to zero."""
    with localcontext(prec=_PRECISION):
        zero = write(Decimal(0))
        return zero if write(value.copy_abs()) == zero else write(value)


def _number(name: str, value: Any) -> Decimal:
    """Parse a number from its text, so that 0.1 stays 0.1. Messages do not quote the data."""
    try:
        parsed = Decimal(_short_text(value))
        valid = parsed.is_finite() and abs(parsed.adjusted()) <= _MAX_DIGITS
    except InvalidOperation:
        valid = False
    if not valid:
        raise FormatError(f"{name}: the value is no number")
    return parsed


def _moment(name: str, value: Any) -> date:
    """Parse ISO 8601 text (a date, or a time with or without zone), or Unix seconds."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, date):
            return value
        text = _short_text(value)
        return _bare_date(text) or datetime.fromisoformat(text.upper())
    except (ValueError, OverflowError, OSError) as err:
        raise FormatError(f"{name}: the value is no ISO 8601 time") from err


def _bare_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _in_zone(name: str, moment: datetime, zone: tzinfo) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)
    except OverflowError as err:
        raise FormatError(f"{name}: the value is out of range") from err


def _zone(name: str, zone: Any) -> tzinfo | None:
    """Look up a zone such as Europe/Paris; an absent optional variable gives none."""
    if zone is None or (isinstance(zone, Undefined) and not str(zone)):
        return None
    from zoneinfo import ZoneInfo

    try:
        return UTC if zone == "UTC" else ZoneInfo(zone)
    except (LookupError, ValueError, OSError, TypeError, AttributeError) as err:
        raise FormatError(f"{name}: no such time zone") from err


def _length(name: str, length: Any) -> Length:
    length = _short_text(length)
    if length not in _LENGTHS:
        raise FormatError(f"{name}: the length is one of {', '.join(_LENGTHS)}")
    return _LENGTHS[length]


def _short_text(value: Any) -> str:
    """Return a value's text, empty for one that is too long or no text or number. Raises UndefinedError."""
    if isinstance(value, int) and value.bit_length() > 4 * _LONGEST_TEXT:
        return ""
    text = str(value) if isinstance(value, str | int | float | Decimal | Undefined) else ""
    return text if len(text) <= _LONGEST_TEXT else ""
