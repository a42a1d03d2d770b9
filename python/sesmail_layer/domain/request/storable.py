"""Find values that JSON can express but no UTF-8 text or float can hold: they cannot be stored, sent or published."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from sesmail_layer.domain.request.refusals import field_name

_HALF_A_PAIR = ("half a surrogate pair", "characters that UTF-8 has")
_NO_NUMBER = ("a number out of range", "numbers up to 1.8e308")
_PERHAPS_TOO_LARGE = re.compile(r"(?<![0-9])[0-9]{309}")
"""Of a JSON text: an integer that a float may not hold has that many digits, and is infinite to most readers."""
_SMALLEST, _LARGEST = 1e-130, 10**38
_PRODUCERS_OWN = ("templateData", "metadata")
"""Keys inside these are content and stay out of messages."""


class Fault(msgspec.Struct, frozen=True):
    """A value that cannot be stored: which field, what was found, what is allowed."""

    field: str
    found: str
    allowed: str


def fault_of(value: Any) -> Fault | None:
    """Return the first fault of a value, or None. The value must not be nested deeper than recursion allows."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
        text.encode()
    except ValueError:
        return next(_faults(value, ""), None)
    return next(_faults(value, ""), None) if _PERHAPS_TOO_LARGE.search(text) else None


def whole(text: str) -> str:
    """Return a text with U+FFFD in place of each lone surrogate."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _faults(value: Any, field: str) -> Iterator[Fault]:
    if isinstance(value, str) and whole(value) != value:
        yield Fault(field, *_HALF_A_PAIR)
    elif isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
        yield Fault(field, *_NO_NUMBER)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if whole(name) != name:
                yield Fault(field or "a name", *_HALF_A_PAIR)
            yield from _faults(inner, _inside(field, f".{field_name(name)}"))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _faults(inner, _inside(field, f"[{index}]"))


def _inside(field: str, step: str) -> str:
    return field if field in _PRODUCERS_OWN else (field + step).removeprefix(".")


def with_storable_numbers(value: Any) -> Any:
    """Return a value whose numbers DynamoDB returns as they are, so that the record and all events have the same.

    Whole numbers of up to 38 digits are integers (`1.0` is `1`), fractions are doubles; a number that DynamoDB cannot
    hold is a text of its digits:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-data-types
    """
    if isinstance(value, Mapping):
        return {name: with_storable_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_storable_numbers(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if value and not _SMALLEST <= abs(value) < _LARGEST:
        return str(value)
    # By its shortest digits: a double's exact ones are not those that were written.
    return int(Decimal(repr(value))) if value == int(value) else value
