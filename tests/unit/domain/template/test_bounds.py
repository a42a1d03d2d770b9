"""The limits on what a template may build, exact to the character."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jinja2.exceptions import SecurityError
from jinja2.utils import Namespace

from sesmail_layer.domain.template import bounds
from sesmail_layer.domain.template.bounds import BUDGET, MAX_NUMBER, MAX_VALUE

K = 1_024
# K pieces of this many characters have the weight MAX_VALUE.
FULL = 4 * K


def test_the_numbers_of_this_file_fit_the_limit() -> None:
    assert K * FULL == MAX_VALUE


FITS: dict[str, Callable[[], Any]] = {
    "a text": lambda: bounds.weight("x" * MAX_VALUE),
    "texts in a list": lambda: bounds.weight(["x" * (MAX_VALUE - 8)]),
    "bytes in a tuple": lambda: bounds.weight((b"x" * (MAX_VALUE - 8),)),
    "names and values": lambda: bounds.weight({"k" * 8: "x" * (MAX_VALUE - 24)}),
    "a namespace": lambda: bounds.weight(Namespace(a="x" * (MAX_VALUE - 8))),
    "a list in a list": lambda: bounds.weight([["x" * (MAX_VALUE - 16)]]),
    "a large number": lambda: bounds.weight([2**4_096 - 1]),
    "replace": lambda: bounds.check_replace("a" * K, "a", "b" * (FULL - 1)),
    "replace between all letters": lambda: bounds.check_replace("a" * (K - 1), "", "b" * (FULL - 1)),
    "%": lambda: bounds.check_percent("%s" * K, "v" * (FULL - 2)),
    "% with two digits of width": lambda: bounds.check_percent("%99s", "v" * (MAX_VALUE - 4)),
    "% with three": lambda: bounds.check_percent("%100s", "v" * (MAX_VALUE - 10_005)),
    "format": lambda: bounds.check_format("{}" * K, "v" * (FULL - 2)),
    "format with two digits of width": lambda: bounds.check_format("{:99}", "v" * (MAX_VALUE - 5)),
    "format with three": lambda: bounds.check_format("{:100}", "v" * (MAX_VALUE - 10_006)),
    "format with the most fields": lambda: bounds.check_format("{}" * 10_000, ""),
    "join of a list": lambda: bounds.checked_items(["a"] * K, "-" * (FULL - 9)),
    "join of letters": lambda: bounds.checked_items("a" * K, "-" * (FULL - 1)),
    "join with a number": lambda: bounds.checked_items(["a"] * K, FULL - 9),
    "repetition": lambda: bounds.check_repetition("a" * K, FULL),
    "repetition with the number first": lambda: bounds.check_repetition(FULL, "a" * K),
    "repetition by a negative number": lambda: bounds.check_repetition("a" * K, -MAX_VALUE),
    "one value at many places of another": lambda: bounds.check_product("a" * 4 * K, "b" * 4 * K),
    "a power": lambda: bounds.check_power(2, 2_048),
    "a negative power": lambda: bounds.check_power(2**5_000, -2),
    "a count": lambda: bounds.check_numbers("f", [MAX_NUMBER, -MAX_NUMBER, "text"]),
}
TOO_MUCH: dict[str, tuple[Callable[[], Any], str]] = {
    "a text": (lambda: bounds.weight("x" * (MAX_VALUE + 1)), "a value over 4194304 characters"),
    "texts in a list": (lambda: bounds.weight(["x" * (MAX_VALUE - 7)]), "a value over 4194304 characters"),
    "bytes in a tuple": (lambda: bounds.weight((b"x" * (MAX_VALUE - 7),)), "a value over 4194304 characters"),
    "names and values": (
        lambda: bounds.weight({"k" * 8: "x" * (MAX_VALUE - 23)}),
        "a value over 4194304 characters",
    ),
    "a namespace": (lambda: bounds.weight(Namespace(a="x" * (MAX_VALUE - 7))), "a value over 4194304 characters"),
    "a list in a list": (lambda: bounds.weight([["x" * (MAX_VALUE - 15)]]), "a value over 4194304 characters"),
    "a large number": (lambda: bounds.weight([2**4_096]), "a number over 4096 bits"),
    "replace": (
        lambda: bounds.check_replace("a" * K + "z", "a", "b" * (FULL - 1)),
        "a value over 4194304 characters",
    ),
    "replace between all letters": (
        lambda: bounds.check_replace("a" * (K - 1), "", "b" * FULL),
        "a value over 4194304 characters",
    ),
    "%": (lambda: bounds.check_percent("%s" * K + "z", "v" * (FULL - 2)), "a value over 4194304 characters"),
    "% with two digits of width": (
        lambda: bounds.check_percent("%99s", "v" * (MAX_VALUE - 3)),
        "a value over 4194304 characters",
    ),
    "% with three": (
        lambda: bounds.check_percent("%100s", "v" * (MAX_VALUE - 10_004)),
        "a value over 4194304 characters",
    ),
    "% with five": (
        lambda: bounds.check_percent("%10000s", ""),
        "%: a width over 10000, or one that is not in the text",
    ),
    "% with a star": (lambda: bounds.check_percent("%*s", ""), "%: a width over 10000, or one that is not in the text"),
    "format": (lambda: bounds.check_format("{}" * K + "z", "v" * (FULL - 2)), "a value over 4194304 characters"),
    "format with two digits of width": (
        lambda: bounds.check_format("{:99}", "v" * (MAX_VALUE - 4)),
        "a value over 4194304 characters",
    ),
    "format with three": (
        lambda: bounds.check_format("{:100}", "v" * (MAX_VALUE - 10_005)),
        "a value over 4194304 characters",
    ),
    "format with five": (
        lambda: bounds.check_format("{:10000}", ""),
        "format: a width over 10000, or one that is not in the text",
    ),
    "format with a width of its own": (
        lambda: bounds.check_format("{:{}}", ""),
        "format: a width over 10000, or one that is not in the text",
    ),
    "format with more than the most fields": (
        lambda: bounds.check_format("{}" * 10_001, ""),
        "format: more than 10000 fields",
    ),
    "join of a list": (lambda: bounds.checked_items(["a"] * K, "-" * (FULL - 8)), "a value over 4194304 characters"),
    "join of letters": (lambda: bounds.checked_items("a" * K, "-" * FULL), "a value over 4194304 characters"),
    "join with a number": (lambda: bounds.checked_items(["a"] * K, FULL - 8), "a value over 4194304 characters"),
    "repetition": (lambda: bounds.check_repetition("a" * K, FULL + 1), "a value over 4194304 characters"),
    "repetition with the number first": (
        lambda: bounds.check_repetition(FULL + 1, "a" * K),
        "a value over 4194304 characters",
    ),
    "one value at many places of another": (
        lambda: bounds.check_product("a" * (4 * K + 1), "b" * 4 * K),
        "a value over 16777216 characters",
    ),
    "a power": (lambda: bounds.check_power(2, 2_049), "**: a number over 4096 bits"),
    "a count": (lambda: bounds.check_numbers("center", [MAX_NUMBER + 1]), "center: a number over 100000"),
    "a negative count": (lambda: bounds.check_numbers("f", ["a", -MAX_NUMBER - 1]), "f: a number over 100000"),
}


@pytest.mark.parametrize("build", FITS.values(), ids=FITS.keys())
def test_a_value_up_to_the_limit_is_allowed(build: Callable[[], Any]) -> None:
    build()


@pytest.mark.parametrize(("build", "why"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_a_value_above_the_limit_is_rejected(build: Callable[[], Any], why: str) -> None:
    with pytest.raises(SecurityError) as caught:
        build()
    assert caught.value.message == why


def test_the_weight_counts_repeated_contents_every_time() -> None:
    same = "x" * 10

    assert bounds.weight(same) == 10
    assert bounds.weight([same, same]) == 2 * (8 + 10)
    assert bounds.weight({"ab": [1, same]}) == 2 * 8 + 2 + 2 * 8 + 10
    assert bounds.weight({same: same}.items()) == 8 + 2 * 8 + 2 * 10
    assert [bounds.weight(value) for value in (7, None, range(10), iter([same]))] == [0, 0, 0, 0]


def test_everything_that_one_rendering_builds_is_charged_to_one_budget() -> None:
    piece = "x" * (BUDGET // 8)
    with bounds.metered():
        for _ in range(8):
            assert bounds.charged(piece) is piece
        with pytest.raises(SecurityError, match=r"^the template builds too much$"):
            bounds.charged("x")
    with bounds.metered():
        bounds.charged(piece)
    bounds.charged(piece)


def test_the_items_of_a_join_are_returned_unchanged() -> None:
    assert bounds.checked_items(iter(["a", 1]), ", ") == ["a", 1]
    assert bounds.checked_items("ab", "-") == "ab"
