"""Template filters for money, numbers and dates in the recipient's language.

Babel's data are large, so it is imported when the first filter runs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
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
_LENGTHS: dict[str, Length] = {"short": "short", "medium": "medium", "long": "long", "full": "full"}


@pass_context
def money(context: Context, value: Any, currency: str, locale: str | None = None) -> str:
    """`{{ 1234.5 | money('EUR') }}`: €1,234.50 in English, 1.234,50 € in German."""
    if isinstance(value, Undefined):
        return str(value)
    from babel.numbers import format_currency

    with localcontext(prec=_PRECISION):
        return format_currency(_number("money", value), currency.upper(), locale=_locale(context, locale))


@pass_context
def number(context: Context, value: Any, digits: int | None = None, locale: str | None = None) -> str:
    """`{{ 1234.5 | number }}`: 1,234.5; `number(2)` always has two digits after the point."""
    if isinstance(value, Undefined):
        return str(value)
    from babel.numbers import format_decimal

    pattern = None if digits is None else "#,##0" + ("." + "0" * min(digits, 20) if digits > 0 else "")
    with localcontext(prec=_PRECISION):
        return format_decimal(_number("number", value), pattern, locale=_locale(context, locale))


@pass_context
def format_date(context: Context, value: Any, length: Length = "long", locale: str | None = None) -> str:
    """`{{ '2026-11-24' | date }}`: November 24, 2026; `short`, `medium`, `long` or `full`."""
    if isinstance(value, Undefined):
        return str(value)
    from babel import dates

    return dates.format_date(_moment("date", value), _length("date", length), locale=_locale(context, locale))


@pass_context
def format_time(
    context: Context, value: Any, length: Length = "short", zone: str = "UTC", locale: str | None = None
) -> str:
    """`{{ '2026-11-24T10:31:00Z' | time(zone='Europe/Paris') }}`: 11:31 AM."""
    if isinstance(value, Undefined):
        return str(value)
    from babel import dates

    try:
        timezone = dates.get_timezone(zone)
    except LookupError as err:
        raise FilterArgumentError("time: no such time zone") from err
    moment = _moment("time", value)
    return dates.format_time(moment, _length("time", length), tzinfo=timezone, locale=_locale(context, locale))


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
        parts = wanted.replace("_", "-").split("-") if isinstance(wanted, str) else []
        for count in range(len(parts), 0, -1):
            try:
                return Locale.parse("-".join(parts[:count]), sep="-")
            except (UnknownLocaleError, ValueError):
                continue
    return Locale.parse(DEFAULT_LOCALE)


def _number(name: str, value: Any) -> Decimal:
    """Parse a number from its text, so that 0.1 stays 0.1. Messages do not quote the data."""
    try:
        parsed = Decimal(str(value))
        valid = parsed.is_finite() and abs(parsed.adjusted()) <= _MAX_DIGITS
    except InvalidOperation:
        valid = False
    if not valid:
        raise FilterArgumentError(f"{name}: the value is no number")
    return parsed


def _moment(name: str, value: Any) -> datetime:
    """Parse ISO 8601 text (a date, or a time with or without zone), or Unix seconds."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, datetime):
            return value
        return datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError) as err:
        raise FilterArgumentError(f"{name}: the value is no ISO 8601 time") from err


def _length(name: str, length: str) -> Length:
    if length not in _LENGTHS:
        raise FilterArgumentError(f"{name}: the length is one of {', '.join(_LENGTHS)}")
    return _LENGTHS[length]
