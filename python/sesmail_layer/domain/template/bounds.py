"""Limits on what a template may build: per value, and in total for each rendering.

The weight of a value is 1 for a character, and 8 for an item of a list plus the item's own weight, also where an item
is repeated. This bounds every later output, join or comparison. Jinja2's sandbox has no such limits:
https://jinja.palletsprojects.com/en/stable/sandbox/#security-considerations
"""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from string import Formatter
from typing import Any, TypeVar

from jinja2.exceptions import SecurityError
from jinja2.utils import Namespace

T = TypeVar("T")

# Characters of one rendered part, far more than a real email: Gmail cuts a message off at 102 KB.
MAX_OUTPUT = 2 * 1024 * 1024
MAX_VALUE = 2 * MAX_OUTPUT
# The total weight of the values that one part's expressions make. A character takes up to four bytes.
BUDGET = 16 * MAX_OUTPUT
# The largest count, width or repetition that a filter or method accepts.
MAX_NUMBER = 100_000
_MAX_BITS = 4_096
_MAX_PRODUCT = 8 * MAX_OUTPUT
_PER_ITEM = 8
_WIDEST = 10_000
_MAX_FIELDS = 10_000
_DIGITS = re.compile(r"\d{5,}")
# A `%` conversion up to its width or precision, which is a long number or a star.
_WIDTH = r"%(?:\([^)]{0,100}\))?[-+ #0]{0,10}(?:\d*\.)?"
_PERCENT_STAR = re.compile(_WIDTH + r"\*")
_PERCENT_HUGE = re.compile(_WIDTH + r"\d{5,}")
_PERCENT_WIDE = re.compile(_WIDTH + r"\d{3,}")


@dataclass(slots=True)
class _Meter:
    spent: int = 0


_meter: ContextVar[_Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[None]:
    """Give the rendering inside a budget of its own."""
    token = _meter.set(_Meter())
    try:
        yield
    finally:
        _meter.reset(token)


def charged(value: T) -> T:
    """Charge a value that a template has made to the budget, and return it. Raises SecurityError."""
    meter = _meter.get()
    cost = weight(value)
    if meter is not None:
        meter.spent += cost
        if meter.spent > BUDGET:
            raise SecurityError("the template builds too much")
    return value


def weight(value: Any) -> int:
    """Return the weight of a value. Raises SecurityError as soon as it is over MAX_VALUE."""
    if isinstance(value, str):
        return checked(len(value))
    total, left = 0, [value]
    while left:
        item = left.pop()
        if isinstance(item, str | bytes):
            total += len(item)
        elif isinstance(item, int) and item.bit_length() > _MAX_BITS:
            raise SecurityError(f"a number over {_MAX_BITS} bits")
        else:
            contents = _contents(item)
            total += _PER_ITEM * len(contents)
            left.extend(contents)
        checked(total)
    return total


def checked(size: int) -> int:
    if size > MAX_VALUE:
        raise SecurityError(f"a value over {MAX_VALUE} characters")
    return size


def check_numbers(name: str, operands: Iterable[Any]) -> None:
    for operand in operands:
        if isinstance(operand, int) and abs(operand) > MAX_NUMBER:
            raise SecurityError(f"{name}: a number over {MAX_NUMBER}")


def check_repetition(left: Any, right: Any) -> None:
    for value, times in ((left, right), (right, left)):
        if isinstance(times, int) and isinstance(value, str | list | tuple):
            checked(weight(value) * max(times, 0))


def check_product(left: Any, right: Any) -> None:
    """Check a filter that inserts one value at many places of another."""
    if _extent(left) * _extent(right) > _MAX_PRODUCT:
        raise SecurityError(f"a value over {_MAX_PRODUCT} characters")


def check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * max(exponent, 0) > _MAX_BITS:
        raise SecurityError(f"**: a number over {_MAX_BITS} bits")


def check_replace(text: str, old: str, new: str) -> None:
    checked(len(text) + text.count(old) * len(new))


def check_percent(text: str, values: Any) -> None:
    """Check `%`: no widths from the values, no large widths, not too many values."""
    if _PERCENT_STAR.search(text) or _PERCENT_HUGE.search(text):
        raise SecurityError(f"%: a width over {_WIDEST}, or one that is not in the text")
    checked(len(text) + text.count("%") * (weight(values) + (_WIDEST if _PERCENT_WIDE.search(text) else 0)))


def check_format(text: str, values: Any) -> None:
    """Check `str.format` likewise; the method itself rejects malformed text."""
    if text.count("{") > _MAX_FIELDS:
        raise SecurityError(f"format: more than {_MAX_FIELDS} fields")
    specs = [spec or "" for _, _, spec, _ in Formatter().parse(text)]
    if any("{" in spec or _DIGITS.search(spec) for spec in specs):
        raise SecurityError(f"format: a width over {_WIDEST}, or one that is not in the text")
    wide = any(re.search(r"\d{3,}", spec) for spec in specs)
    checked(len(text) + len(specs) * (weight(values) + (_WIDEST if wide else 0)))


def checked_items(items: Any, separator: Any) -> Any:
    """Return the items of a join as a list, if the joined text is bounded."""
    if isinstance(items, str):
        items_weight = len(items)
    else:
        items = list(islice(items, MAX_VALUE))
        items_weight = weight(items)
    checked(items_weight + len(items) * _extent(separator))
    return items


def _contents(value: Any) -> list[Any]:
    """Return what is output with the value: its items, keys and values, or attributes.

    A generator is weighed item by item when it is read, a range when it is listed.
    """
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset | KeysView | ValuesView | ItemsView):
        return list(value)
    return list(value._Namespace__attrs.values()) if isinstance(value, Namespace) else []


def _extent(value: Any) -> int:
    return abs(value) if isinstance(value, int) else weight(value)
