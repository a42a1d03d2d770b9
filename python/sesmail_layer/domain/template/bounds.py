"""How much a template may build: bounds on one value, and one budget for everything that a rendering makes.

Values are weighed: a character is 1, an item of a list 8 and what is in it, however often it is in there. So whatever
is later written out, joined or compared is known to end. Jinja2's sandbox has no such bounds:
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

MAX_OUTPUT = 2 * 1024 * 1024
"""Characters of one rendered part. Gmail cuts a message off at 102 KB; this is far from any real email."""
MAX_VALUE = 2 * MAX_OUTPUT
BUDGET = 16 * MAX_OUTPUT
"""Weight of all that one part's expressions make. A character takes up to four bytes."""
MAX_NUMBER = 100_000
"""The largest count, width or repetition that a filter or method is handed."""
_MAX_BITS = 4_096
_MAX_PRODUCT = 8 * MAX_OUTPUT
_PER_ITEM = 8
_WIDEST = 10_000
_MAX_FIELDS = 10_000
_DIGITS = re.compile(r"\d{5,}")
# A conversion of `%` up to its width or precision: what follows is a number of many digits, or a star.
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
    """Gives what is rendered inside a budget of its own."""
    token = _meter.set(_Meter())
    try:
        yield
    finally:
        _meter.reset(token)


def charged(value: T) -> T:
    """Gives a value that a template has made, once it is weighed and paid for. Raises SecurityError."""
    meter = _meter.get()
    cost = weight(value)
    if meter is not None:
        meter.spent += cost
        if meter.spent > BUDGET:
            raise SecurityError("the template builds too much")
    return value


def weight(value: Any) -> int:
    """Weighs a value, and counts no further than it must. Raises SecurityError over MAX_VALUE."""
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
            inner = _inside(item)
            total += _PER_ITEM * len(inner)
            left.extend(inner)
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
    """For what puts one value in many places of another."""
    if _extent(left) * _extent(right) > _MAX_PRODUCT:
        raise SecurityError(f"a value over {_MAX_PRODUCT} characters")


def check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * max(exponent, 0) > _MAX_BITS:
        raise SecurityError(f"**: a number over {_MAX_BITS} bits")


def check_replace(text: str, old: str, new: str) -> None:
    checked(len(text) + text.count(old) * len(new))


def check_percent(text: str, values: Any) -> None:
    """For `%`: no widths from the values, none that are large, and not too many values."""
    if _PERCENT_STAR.search(text) or _PERCENT_HUGE.search(text):
        raise SecurityError(f"%: a width over {_WIDEST}, or one that is not in the text")
    checked(len(text) + text.count("%") * (weight(values) + (_WIDEST if _PERCENT_WIDE.search(text) else 0)))


def check_format(text: str, values: Any) -> None:
    """For `str.format`: the same; a malformed text is the method's own to refuse."""
    if text.count("{") > _MAX_FIELDS:
        raise SecurityError(f"format: more than {_MAX_FIELDS} fields")
    specs = [spec or "" for _, _, spec, _ in Formatter().parse(text)]
    if any("{" in spec or _DIGITS.search(spec) for spec in specs):
        raise SecurityError(f"format: a width over {_WIDEST}, or one that is not in the text")
    wide = any(re.search(r"\d{3,}", spec) for spec in specs)
    checked(len(text) + len(specs) * (weight(values) + (_WIDEST if wide else 0)))


def joinable(items: Any, joint: Any) -> Any:
    """Gives the items of a join as a list, once their sum is known to be bounded."""
    if isinstance(items, str):
        items_weight = len(items)
    else:
        items = list(islice(items, MAX_VALUE))
        items_weight = weight(items)
    checked(items_weight + len(items) * _extent(joint))
    return items


def _inside(value: Any) -> list[Any]:
    """What would be written with the value: its items, its keys and values, its attributes.

    A generator is weighed item by item where it is read, a range only where it is listed.
    """
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset | KeysView | ValuesView | ItemsView):
        return list(value)
    return list(value._Namespace__attrs.values()) if isinstance(value, Namespace) else []


def _extent(value: Any) -> int:
    return abs(value) if isinstance(value, int) else weight(value)
