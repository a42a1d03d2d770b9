"""What filters, tests and methods need while they run, checked before they do: no signal stops them in the middle.

Prices are bytes of memory at the peak, measured with the worst input for each: for a filter of text for each byte of
the text that it is given, for a filter of a list for each item, where the characters of a text are items too. A filter
or method without a price does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import Any, TypeVar

from jinja2 import Undefined
from jinja2.exceptions import SecurityError

from sesmail_layer.domain.template import bounds

T = TypeVar("T")

# Filters of one text, or that write a value as text.
TEXT_FILTERS = {
    **dict.fromkeys(("center", "format", "replace", "safe", "string", "trim", "truncate"), 2),
    **dict.fromkeys(("lower", "upper"), 4),
    **dict.fromkeys(("e", "escape", "forceescape"), 10),
    "urlencode": 13,
    "tojson": 12,
    "capitalize": 13,
    "xmlattr": 15,
    "wordcount": 20,
    "striptags": 32,
    "indent": 40,
    "wordwrap": 40,
    "title": 64,
    "pprint": 72,
    "urlize": 180,
}
# Filters that list their items, or the characters of a text.
LIST_FILTERS = {"reverse": 8, "list": 90, "slice": 90, "dictsort": 200, "groupby": 260, "sort": 300}
_PER_SORT_KEY = 16
# Filters that give their items one by one, and pay for each.
LAZY_FILTERS = frozenset({"batch", "items", "map", "reject", "rejectattr", "select", "selectattr", "unique"})
# Filters that build nothing.
FREE_FILTERS = frozenset(
    "abs attr count d default filesizeformat first float int last length max min random round sum".split()
)
FILTERS = frozenset({*TEXT_FILTERS, *LIST_FILTERS, *LAZY_FILTERS, *FREE_FILTERS, "join"})
# Methods of text, by what they need for each byte of it. Not: translate, expandtabs, maketrans and encode.
TEXT_METHODS = {
    **dict.fromkeys("count endswith find index rfind rindex startswith".split(), 0),
    **dict.fromkeys("isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric".split(), 0),
    **dict.fromkeys("isprintable isspace istitle isupper".split(), 0),
    **dict.fromkeys("center format format_map join ljust lstrip partition removeprefix removesuffix".split(), 2),
    **dict.fromkeys("replace rjust rpartition rstrip strip zfill".split(), 2),
    **dict.fromkeys("casefold lower upper".split(), 4),
    **dict.fromkeys("capitalize swapcase title".split(), 13),
    **dict.fromkeys("rsplit split splitlines".split(), 26),
    **dict.fromkeys("striptags unescape".split(), 32),
}
# Methods that may compare each character of a text with each of another.
_SEARCHES = frozenset(
    "count find index lstrip partition replace rfind rindex rpartition rsplit rstrip split strip".split()
)
# Tests that compute something.
TESTS = ("divisibleby", "even", "in", "lower", "odd", "upper")
# What takes a count or a width besides its value.
_COUNTING = frozenset("batch center indent ljust rjust round slice truncate wordwrap zfill".split())
_INSERTING = frozenset({"indent", "urlize", "wordwrap"})
_BY_ATTRIBUTE = frozenset("groupby join map max min rejectattr selectattr sort sum unique".split())
_MAX_JSON_INDENT = 16
_MAX_NAMES = 1_000
_PER_ARGUMENT = 200
# A macro with its closure, a cycler, a lazy list.
_PER_FUNCTION = 1_000


def checked_filter(name: str, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Check a filter before it runs; return its value, ready to use. Raises SecurityError."""
    given = (*args, *kwargs.values())
    if name in _COUNTING:
        bounds.check_numbers(name, given)
    if name in _BY_ATTRIBUTE:
        _check_names(given)
    if name == "join":
        return bounds.checked_items(value, kwargs.get("d", args[0] if args else ""))
    if name in LIST_FILTERS:
        return bounds.listed(value, LIST_FILTERS[name] + (_sort_keys(given) if name == "sort" else 0))
    if name in TEXT_FILTERS:
        return _checked_text_filter(name, value, given)
    if name == "round":
        _check_number(name, value)
    if name == "batch":
        _check_batch(kwargs.get("linecount", args[0] if args else 1))
    if name == "sum" and not isinstance(kwargs.get("start", args[1] if len(args) > 1 else 0), int | float):
        raise SecurityError("sum: of numbers only")
    return value


def result(name: str, made: Any) -> Any:
    """Charge what a filter has made, and return it."""
    if name in FREE_FILTERS:
        return bounds.charged(made) if isinstance(made, int) else bounds.unsigned_zero(made)
    if hasattr(made, "__next__"):
        bounds.spend(_PER_FUNCTION)
        return bounds.charged_items(made)
    return bounds.charged(made)


def checked_method(name: str, text: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Check a method of a text before it runs; return its arguments, ready to use. Raises SecurityError."""
    given = (*args, *kwargs.values())
    bounds.check_room(TEXT_METHODS[name] * bounds.weight(text))
    if name in _COUNTING:
        bounds.check_numbers(name, given)
    if name in _SEARCHES and given:
        bounds.check_search(text, given[0])
    if name == "join" and args:
        return (bounds.checked_items(args[0], text), *args[1:])
    if name == "replace" and len(args) > 1 and all(isinstance(arg, str) for arg in args[:2]):
        bounds.check_replace(text, args[0], args[1])
    return args


def checked_test(name: str, value: Any, args: tuple[Any, ...]) -> None:
    """Check a test before it runs. Raises SecurityError."""
    if name in ("lower", "upper"):
        bounds.check_room(bounds.text_weight(value))
    elif name in ("divisibleby", "even", "odd"):
        _check_number(name, value)
    elif name == "in" and args:
        check_membership(value, args[0])


def check_membership(value: Any, container: Any) -> None:
    """Check `value in container`. Raises SecurityError."""
    if isinstance(container, str):
        bounds.check_search(container, value)


def arguments(values: Any) -> Any:
    """Charge the values of `*values`, `**values` or `dict(values)`, which are copied, and return them."""
    values = bounds.listed(values, _PER_ARGUMENT)
    if isinstance(values, Sized):
        bounds.spend(_PER_ARGUMENT * len(values))
    return values


def function(made: T) -> T:
    """Charge a macro, or another object of Jinja2's own, and return it."""
    bounds.spend(_PER_FUNCTION)
    return made


def _checked_text_filter(name: str, value: Any, given: tuple[Any, ...]) -> Any:
    if name == "urlencode" and hasattr(value, "__next__"):
        value = bounds.listed(value, LIST_FILTERS["list"])
    bounds.check_room(TEXT_FILTERS[name] * sum(bounds.text_weight(operand) for operand in (value, *given)))
    if name in ("format", "replace", "trim") and not isinstance(value, str):
        value = str(value)
    if name == "format":
        bounds.check_percent(value, given)
    elif name == "replace" and len(given) > 1:
        bounds.check_replace(value, str(given[0]), str(given[1]))
    elif name == "trim" and given:
        bounds.check_search(value, given[0])
    elif name == "tojson" and given:
        _check_indented(value, given[0])
    elif name == "pprint" and not isinstance(value, str):
        bounds.check_product(value, value)
    elif name in _INSERTING:
        _check_insertion(name, value, given)
    return value


def _check_insertion(name: str, value: Any, given: tuple[Any, ...]) -> None:
    for other in given:
        if isinstance(other, str | list | tuple | Mapping) or (name == "indent" and isinstance(other, int)):
            bounds.check_product(value, other)
    if name == "urlize" and isinstance(value, str):
        bounds.check_runs(value)


def _check_indented(value: Any, indent: Any) -> None:
    """Check JSON of which each level is indented further."""
    if isinstance(indent, str) or (isinstance(indent, int) and indent > _MAX_JSON_INDENT):
        raise SecurityError(f"tojson: an indent over {_MAX_JSON_INDENT}")
    bounds.checked(2 * bounds.depth(value) * bounds.weight(value))


def _check_number(name: str, value: Any) -> None:
    """Check what is multiplied or divided: a text would be repeated, or be a format for `%`."""
    if not isinstance(value, int | float | Undefined):
        raise SecurityError(f"{name}: of numbers only")


def _check_batch(size: Any) -> None:
    """Check the size of a batch: one that is never reached is a list of all items."""
    if not isinstance(size, int) or size < 1:
        raise SecurityError("batch: a size that is no number over 0")


def _check_names(given: Iterable[Any]) -> None:
    """Check the paths of attributes: each name in one is looked up in each item."""
    for path in given:
        if isinstance(path, str) and path.count(".") + path.count(",") > _MAX_NAMES:
            raise SecurityError(f"a path of over {_MAX_NAMES} names")


def _sort_keys(given: Iterable[Any]) -> int:
    return _PER_SORT_KEY * sum(path.count(",") + 1 for path in given if isinstance(path, str))
