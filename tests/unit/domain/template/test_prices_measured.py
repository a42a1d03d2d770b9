"""What filters and methods need while they run: never more than their price."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from sesmail_layer.domain.template import bounds, prices
from sesmail_layer.domain.template.sandbox import BoundedEnvironment

# Words, lines, markup, entities, links, brackets, letters of every width, and what grows when it is escaped or folded.
PATTERNS = [
    "a", "a ", "ab ", "\n", "ab\n", "<", "<a>", "a<b>",
    '"', "\x00", "&a", "&amp;", "😀", "😀 ", "ß", "ŉ", "é ", "-", "a-",
    ".", ")", "a@b.co ", "www.a ", "\u3000", "\U000e0001", "%",
]  # fmt: skip
WEIGHT = 40_000
# Objects that every filter makes, whatever its operand.
SLACK = 24_000
_ENVIRONMENT = BoundedEnvironment(autoescape=True)


def text_of(pattern: str) -> str:
    """Return a text of that weight, in words of some length at most."""
    word = pattern * (WEIGHT // bounds.size(pattern) // 32)
    return " ".join([word] * 32)


def peak(expression: str, **data: Any) -> int:
    """Evaluate an expression twice; return the highest traced memory of the second time."""
    template = _ENVIRONMENT.from_string("{% set result = " + expression + " %}")
    for _ in range(2):
        tracemalloc.start()
        try:
            template.render(data)
            highest = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    return highest


def worst(expression: str) -> float:
    """Return the most bytes that an expression needs for each byte of the text `x`."""
    return max((peak(expression, x=text) - SLACK) / bounds.size(text) for text in map(text_of, PATTERNS))


ARGUMENTS = {"replace": "('a', 'b')", "trim": "('a')"}


@pytest.mark.parametrize("name", sorted(prices.TEXT_FILTERS.keys() - {"format", "xmlattr"}))
def test_a_filter_of_text_needs_no_more_than_its_price(name: str) -> None:
    assert worst(f"x|{name}{ARGUMENTS.get(name, '')}") <= prices.TEXT_FILTERS[name]


def test_attributes_need_no_more_than_their_price() -> None:
    assert worst("{'a': x}|xmlattr") <= prices.TEXT_FILTERS["xmlattr"]


@pytest.mark.parametrize("name", sorted(prices.LIST_FILTERS.keys() - {"dictsort", "reverse"}))
def test_a_filter_of_a_list_needs_no_more_than_its_price(name: str) -> None:
    expression = {"slice": "x|slice(3)|list", "groupby": "x|groupby(0)"}.get(name, f"x|{name}")
    needed = max((peak(expression, x=text) - SLACK) / len(text) for text in map(text_of, ("a", "ß", "😀")))
    assert needed <= prices.LIST_FILTERS[name]


METHODS = {
    "split": ["split()", "split('a')", "split(' ')"],
    "rsplit": ["rsplit()", "rsplit('a')"],
    "splitlines": ["splitlines()", "splitlines(true)"],
    **{name: [f"{name}('a')"] for name in ("partition", "rpartition", "strip", "lstrip", "rstrip", "find", "rfind")},
    **{name: [f"{name}('a')"] for name in ("count", "startswith", "endswith", "removeprefix", "removesuffix")},
    **{name: [f"{name}(9)"] for name in ("center", "ljust", "rjust", "zfill")},
    "replace": ["replace('a', 'b')"],
}
# They raise for what is not there, join what is weighed by itself, or are limited by check_format.
OTHERS = {"index", "rindex", "join", "format", "format_map"}


@pytest.mark.parametrize("name", sorted(prices.TEXT_METHODS.keys() - OTHERS))
def test_a_method_of_text_needs_no_more_than_its_price(name: str) -> None:
    text = "(x|safe)" if name in ("striptags", "unescape") else "x"
    for call in METHODS.get(name, [f"{name}()"]):
        assert worst(f"{text}.{call}") <= prices.TEXT_METHODS[name] + (text != "x")
