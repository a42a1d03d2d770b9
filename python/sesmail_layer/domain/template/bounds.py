"""Limits on what a template may build: per value, and in total for each rendering.

Weights are bytes of memory. A text weighs 1 for a character, and 4 where it is not ASCII; an item of a list weighs 8
plus its own weight, also where it is repeated. This bounds every later output, join or comparison. A list or dict that
was made costs 256 more, and 64 for each item, which may be an object of its own. Jinja2's sandbox has no such limits:
https://jinja.palletsprojects.com/en/stable/sandbox/#security-considerations
"""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, Sized, ValuesView
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from string import Formatter
from typing import Any, TypeVar

import msgspec
from jinja2 import Undefined, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.utils import Namespace, object_type_repr

T = TypeVar("T")

# Characters of one rendered part, far more than a real email: Gmail cuts a message off at 102 KB.
MAX_OUTPUT = 2 * 1024 * 1024
MAX_VALUE = 2 * MAX_OUTPUT
# The total weight of the values that one part's expressions make, with what the last of them needs while it runs.
BUDGET = 16 * MAX_OUTPUT
# The largest count, width or repetition that a filter or method accepts.
MAX_NUMBER = 100_000
# Comparisons of two characters in one search: some 50 ms. No signal stops a search.
MAX_STEPS = 64 * 1024 * 1024
# Lists in lists: each new level is weighed with all below it, so many levels would take the square of their number.
MAX_LEVELS = 100
PER_OBJECT = 64
PER_CONTAINER = 256
_PER_JOINED = 128
_MAX_BITS = 4_096
_MAX_PRODUCT = 8 * MAX_OUTPUT
_PER_ITEM = 8
_WIDEST = 10_000
_MAX_FIELDS = 10_000
# `repr` writes up to ten characters for one of weight 4 (`\U000e0001`), and up to four for one of weight 1 (`\x00`).
_REPR = 5
_DIGITS = re.compile(r"\d{5,}")
# A `%` conversion up to its width or precision, which is a long number or a star.
_WIDTH = r"%(?:\([^)]{0,100}\))?[-+ #0]{0,10}(?:\d*\.)?"
_AFTER_LINKS = re.compile(r"[)>.,]{100,}")
_PERCENT_STAR = re.compile(_WIDTH + r"\*")
_PERCENT_HUGE = re.compile(_WIDTH + r"\d{5,}")
_PERCENT_WIDE = re.compile(_WIDTH + r"\d{3,}")
# What data are made of; `repr` of anything else is Python's own.
_DATA = (str, int, float, Decimal, type(None), list, tuple, Mapping)


class _Meter(msgspec.Struct):
    source: str
    spent: int = 0


_meter: ContextVar[_Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(source: str = "") -> Iterator[None]:
    """Give the rendering inside a budget of its own; it renders this source."""
    token = _meter.set(_Meter(source))
    try:
        yield
    finally:
        _meter.reset(token)


def source() -> str:
    """Return the source of the template that is rendered."""
    meter = _meter.get()
    return meter.source if meter else ""


def spend(cost: int) -> None:
    """Charge the budget. Raises SecurityError when it is used up."""
    check_room(cost)
    meter = _meter.get()
    if meter is not None:
        meter.spent += cost


def check_room(cost: int) -> None:
    """Check that the budget has room for what an operation needs while it runs. Raises SecurityError."""
    meter = _meter.get()
    if (meter.spent if meter else 0) + cost > BUDGET:
        raise SecurityError("the template builds too much")


def charged(value: T) -> T:
    """Charge a value that a template has made to the budget, and return it. Raises SecurityError."""
    cost = weight(value)
    if isinstance(value, list | tuple | Mapping):
        cost += PER_CONTAINER + PER_OBJECT * len(value)
    spend(cost)
    return value


def charged_items(items: Iterator[T]) -> Iterator[T]:
    """Charge items that are made one by one, as they are read; what they hold is charged where it is made."""
    for item in items:
        if isinstance(item, list | tuple):
            weight(item)
            spend(_PER_ITEM * len(item))
        spend(2 * PER_OBJECT)
        yield item


def listed(items: Any, price: int) -> Any:
    """Return items whose number is known, if there is room for `price` bytes for each; an iterator as a list."""
    if isinstance(items, Sized):
        check_room(price * len(items))
    elif isinstance(items, Iterable):
        collected = []
        for item in items:
            collected.append(item)
            check_room(price * len(collected))
        return collected
    return items


def size(text: str | bytes) -> int:
    return len(text) if text.isascii() else 4 * len(text)


def weight(value: Any) -> int:
    """Return the weight of a value. Raises SecurityError as soon as it is over MAX_VALUE."""
    if isinstance(value, str):
        return checked(size(value))
    total, level = 0, [value]
    for _ in range(MAX_LEVELS):
        below: list[Any] = []
        for item in level:
            total += _own_weight(item, below)
            checked(total)
        if not below:
            return total
        level = below
    raise SecurityError(f"a value nested over {MAX_LEVELS} levels deep")


def _own_weight(item: Any, below: list[Any]) -> int:
    """Return the weight of an item without its contents, which are added to those of the level below."""
    kind = type(item)
    if issubclass(kind, str | bytes):
        return size(item)
    if issubclass(kind, int):
        return _digits(item)
    contents = _contents(item)
    below.extend(contents)
    return _PER_ITEM * len(contents)


def text_weight(value: Any, *, as_repr: bool = False) -> int:
    """Return the weight of the text that a value becomes, at most. Raises SecurityError for what is no data."""
    if isinstance(value, str) and not as_repr:
        return weight(value)
    total = _REPR * weight(value)
    check_data(value)
    return total


def printed(value: Any, text: str = "an expression") -> Any:
    """Return what `{{ … }}` writes. Raises UndefinedError for what is no data, such as a macro or a method."""
    if not isinstance(value, (*_DATA, Undefined)):
        raise UndefinedError(f"{text!r} is {_kind(value)}, not data")
    if not isinstance(value, str):
        check_data(value)
    return charged(unsigned_zero(value))


def unsigned_zero(value: Any) -> Any:
    """Return 0.0 for -0.0, as people write it."""
    return 0.0 if isinstance(value, float) and value == 0 else value


def check_data(value: Any) -> None:
    """Check that a value holds nothing but data, so that no Python object is written into an email."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, Undefined):
            str(item)
        elif not isinstance(item, _DATA):
            raise SecurityError(f"a {object_type_repr(item)!r} is no text")
        elif not isinstance(item, str):
            left.extend(_contents(item))


def checked(size: int) -> int:
    if size > MAX_VALUE:
        raise SecurityError(f"a value over {MAX_VALUE} bytes")
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
        raise SecurityError(f"a value over {_MAX_PRODUCT} bytes")


def check_search(text: str, part: Any) -> None:
    """Check a search, which may compare each character of one text with each of the other."""
    if isinstance(part, str) and len(text) * len(part) > MAX_STEPS:
        raise SecurityError(f"a search of over {MAX_STEPS} steps")


def check_runs(text: str) -> None:
    """Check a text in which links are sought: a run of what may follow a link takes the square of its length."""
    if sum(len(run) ** 2 for run in _AFTER_LINKS.findall(text)) > MAX_STEPS:
        raise SecurityError(f"a search of over {MAX_STEPS} steps")


def check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * max(exponent, 0) > _MAX_BITS:
        raise SecurityError(f"**: a number over {_MAX_BITS} bits")


def check_replace(text: str, old: str, new: str) -> None:
    check_search(text, old)
    checked(size(text) + text.count(old) * size(new))


def check_percent(text: str, values: Any) -> None:
    """Check `%`: no widths from the values, no large widths, not too many values."""
    if text.count("%") > _MAX_FIELDS:
        raise SecurityError(f"%: more than {_MAX_FIELDS} conversions")
    if _PERCENT_STAR.search(text) or _PERCENT_HUGE.search(text):
        raise SecurityError(f"%: a width over {_WIDEST}, or one that is not in the text")
    wide = _WIDEST if _PERCENT_WIDE.search(text) else 0
    checked(size(text) + text.count("%") * (_values_weight(values, as_repr="r" in text or "a" in text) + wide))


def check_format(text: str, values: Any) -> None:
    """Check `str.format` likewise; the method itself rejects malformed text."""
    if text.count("{") > _MAX_FIELDS:
        raise SecurityError(f"format: more than {_MAX_FIELDS} fields")
    specs = [spec or "" for _, _, spec, _ in Formatter().parse(text)]
    if any("{" in spec or _DIGITS.search(spec) for spec in specs):
        raise SecurityError(f"format: a width over {_WIDEST}, or one that is not in the text")
    wide = _WIDEST if any(re.search(r"\d{3,}", spec) for spec in specs) else 0
    checked(size(text) + len(specs) * (_values_weight(values, as_repr="!" in text) + wide))


def checked_items(items: Any, separator: Any) -> Any:
    """Return the items of a join as a list, if the joined text is bounded."""
    items = listed(items, _PER_JOINED)
    if isinstance(items, str):
        items_weight = size(items)
    else:
        items = list(items)
        items_weight = weight(items) + sum((_REPR - 1) * weight(item) for item in items if not isinstance(item, str))
        check_data(items)
    checked(items_weight + len(items) * _extent(separator))
    return items


def depth(value: Any) -> int:
    """Return how many levels of lists and dicts a value has."""
    levels, level = 0, [value]
    while level:
        levels, level = levels + 1, [inner for item in level for inner in _contents(item)]
    return levels


def _kind(value: Any) -> str:
    if callable(value):
        return "a function that is not called"
    if isinstance(value, Iterator):
        return "a list that was not read (add |list or |join)"
    return f"a {object_type_repr(value)!r}"


def _values_weight(values: Any, *, as_repr: bool) -> int:
    """Return the weight of the texts of a tuple's or dict's values, or of one value."""
    if isinstance(values, Mapping):
        values = tuple(values.values())
    if not isinstance(values, tuple):
        values = (values,)
    return sum(text_weight(value, as_repr=as_repr) for value in values)


def _digits(number: int) -> int:
    bits = number.bit_length()
    if bits > _MAX_BITS:
        raise SecurityError(f"a number over {_MAX_BITS} bits")
    return bits // 4


def _contents(value: Any) -> list[Any]:
    """Return what is output with the value: its items, keys and values, or attributes.

    A generator is weighed item by item when it is read, a range when it is listed.
    """
    kind = type(value)  # First, since it is quick: each attribute of a Namespace, `__class__` included, is looked up.
    if kind is Namespace:
        return list(value._Namespace__attrs.values())
    if kind is dict or isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset | KeysView | ValuesView | ItemsView):
        return list(value)
    return []


def _extent(value: Any) -> int:
    return abs(value) if isinstance(value, int) else weight(value)
