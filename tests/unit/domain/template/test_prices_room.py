"""How much room a filter, a method or a test needs before it runs, exact to the byte."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from jinja2.exceptions import SecurityError

from sesmail_layer.domain.template import bounds, prices

TOO_MUCH = r"^the template builds too much$"
LONG = "x" * 4_096
SEARCHED, SOUGHT = "a" * 16_384, "b" * 4_096  # Together the most steps that a search may take.


def needs(room: int, check: Callable[[], Any]) -> None:
    """Assert that a check passes with so much room, and with no less."""
    with bounds.metered():
        bounds.spend(bounds.BUDGET - room)
        check()
    with bounds.metered():
        bounds.spend(bounds.BUDGET - room + 1)
        with pytest.raises(SecurityError, match=TOO_MUCH):
            check()


@pytest.mark.parametrize(("name", "price"), prices.TEXT_FILTERS.items())
def test_a_filter_of_text_needs_its_price_for_each_byte_of_its_value_and_arguments(name: str, price: int) -> None:
    needs(price * 3, lambda: prices.checked_filter(name, "abc", (), {}))
    needs(price * (3 + 8 + 5), lambda: prices.checked_filter(name, "abc", (1.5, "é€"), {"end": "12345"}))


@pytest.mark.parametrize(("name", "price"), prices.LIST_FILTERS.items())
@pytest.mark.parametrize("items", ["abc", [1, 2, 3]])
def test_a_filter_of_a_list_needs_its_price_for_each_item(name: str, price: int, items: Any) -> None:
    needs(price * 3, lambda: prices.checked_filter(name, items, (), {}))


@pytest.mark.parametrize(
    ("args", "kwargs", "keys"),
    [((), {}, 0), (("a",), {}, 1), (("a,b.c,d",), {}, 3), ((True,), {"attribute": "a,b"}, 2), ((True, False), {}, 0)],
)
def test_a_sort_needs_room_for_each_of_its_keys(args: tuple[Any, ...], kwargs: dict[str, Any], keys: int) -> None:
    needs((300 + 16 * keys) * 2, lambda: prices.checked_filter("sort", [1, 2], args, kwargs))


def test_only_a_sort_needs_room_for_its_keys() -> None:
    needs(260 * 2, lambda: prices.checked_filter("groupby", [1, 2], ("a,b",), {}))


def test_a_join_has_no_separator_unless_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_VALUE", bounds.weight(["ab", "c"]))
    assert prices.checked_filter("join", ["ab", "c"], (), {}) == ["ab", "c"]
    for args, kwargs in ((("-",), {}), ((), {"d": "-"})):
        with pytest.raises(SecurityError, match=r"^a value over "):
            prices.checked_filter("join", ["ab", "c"], args, kwargs)


@pytest.mark.parametrize(("name", "price"), [each for each in prices.TEXT_METHODS.items() if each[1]])
def test_a_method_of_text_needs_its_price_for_each_byte(name: str, price: int) -> None:
    needs(price * 8, lambda: prices.checked_method(name, "é€", (), {}))


@pytest.mark.parametrize("name", ["lower", "upper"])
def test_a_test_of_case_needs_room_for_the_text_of_its_value(name: str) -> None:
    needs(3, lambda: prices.checked_test(name, "abc", ()))
    needs(5 * 9, lambda: prices.checked_test(name, ["a"], ()))


def test_what_is_made_as_an_object_of_jinja_costs_a_thousand_bytes() -> None:
    made = object()
    needs(1_000, lambda: prices.function(made))
    assert prices.function(made) is made


@pytest.mark.parametrize("values", [["a", "b"], {"a": 1, "b": 2}, range(2)])
def test_each_argument_that_is_copied_costs_two_hundred_bytes(values: Any) -> None:
    needs(400, lambda: prices.arguments(values))
    assert prices.arguments(values) is values


def test_arguments_that_are_given_one_by_one_are_read_once() -> None:
    needs(400, lambda: prices.arguments(iter("ab")))
    assert prices.arguments(iter("ab")) == ["a", "b"]
    assert prices.arguments(7) == 7


def test_a_lazy_filter_costs_a_thousand_bytes_and_its_items_as_they_are_read() -> None:
    needs(1_000 + 2 * 2 * bounds.PER_OBJECT, lambda: list(prices.result("map", iter("ab"))))


@pytest.mark.parametrize(("name", "made", "cost"), [("title", "Abc", 3), ("max", 2**64, 16), ("list", [], 256)])
def test_what_a_filter_has_made_is_charged(name: str, made: Any, cost: int) -> None:
    needs(cost, lambda: prices.result(name, made))
    assert prices.result(name, made) is made


@pytest.mark.parametrize("made", [LONG, [LONG], 1.5])
def test_a_filter_that_builds_nothing_costs_nothing(made: Any) -> None:
    with bounds.metered():
        bounds.spend(bounds.BUDGET)
        assert prices.result("first", made) is made


def test_zero_has_no_minus_after_a_filter_of_numbers() -> None:
    assert math.copysign(1, prices.result("round", -0.0)) == 1


@pytest.mark.parametrize(
    ("name", "value", "fits", "exceeds"),
    [
        ("indent", LONG, (4_096,), (4_097,)),
        ("indent", LONG, (LONG,), (LONG + "x",)),
        ("wordwrap", LONG, (79, True, LONG), (79, True, LONG + "x")),
        ("urlize", LONG, (None, False, LONG), (None, False, LONG + "x")),
        ("urlize", LONG, ([LONG[8:]],), ([LONG[7:]],)),
    ],
)
def test_what_a_filter_inserts_at_many_places_is_bounded(
    name: str, value: str, fits: tuple[Any, ...], exceeds: tuple[Any, ...]
) -> None:
    prices.checked_filter(name, value, fits, {})
    with pytest.raises(SecurityError, match=r"^a value over 16777216 bytes$"):
        prices.checked_filter(name, value, exceeds, {})


def test_a_width_is_not_inserted() -> None:
    prices.checked_filter("wordwrap", LONG, (99_999,), {})
    prices.checked_filter("urlize", LONG, (99_999,), {})


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (lambda more: prices.checked_filter("trim", SEARCHED, (SOUGHT + more,), {}), "a search of over 67108864 steps"),
        (lambda more: prices.checked_filter("replace", SEARCHED, (SOUGHT + more, ""), {}), "a search of over 67108864"),
        (lambda more: prices.checked_method("find", SEARCHED, (SOUGHT + more,), {}), "a search of over 67108864 steps"),
        (
            lambda more: prices.checked_method("split", SEARCHED, (), {"sep": SOUGHT + more}),
            "a search of over 67108864",
        ),
        (lambda more: prices.checked_test("in", SOUGHT + more, (SEARCHED,)), "a search of over 67108864 steps"),
        (lambda more: prices.checked_filter("replace", LONG, ("x", "y" * 1_023 + more), {}), "a value over 4194304"),
        (lambda more: prices.checked_method("replace", LONG, ("x", "y" * 1_023 + more), {}), "a value over 4194304"),
        (lambda more: prices.checked_filter("join", LONG, ("y" * 1_023 + more,), {}), "a value over 4194304"),
        (lambda more: prices.checked_filter("join", LONG, (), {"d": "y" * 1_023 + more}), "a value over 4194304"),
        (lambda more: prices.checked_method("join", "y" * 1_023 + more, (LONG,), {}), "a value over 4194304"),
        (lambda more: prices.checked_filter("format", "%s" * 1_024, ("y" * 4_094 + more,), {}), "a value over 4194304"),
        (lambda more: prices.checked_filter("pprint", ["y" * 4_088 + more], (), {}), "a value over 16777216"),
        (lambda more: prices.checked_filter("tojson", [[["y" * 524_264 + more]]], (2,), {}), "a value over 4194304"),
        (lambda more: prices.checked_filter("tojson", [], (16 + len(more),), {}), "tojson: an indent over 16"),
        (lambda more: prices.checked_filter("tojson", [], (), {"indent": 16 + len(more)}), "tojson: an indent over 16"),
        (lambda more: prices.checked_filter("center", "a", (100_000 + len(more),), {}), "center: a number over 100000"),
        (
            lambda more: prices.checked_filter("batch", "a", (1 - len(more),), {}),
            "batch: a size that is no number over 0",
        ),
        (
            lambda more: prices.checked_filter("batch", "a", (), {"linecount": 1 - len(more)}),
            "batch: a size that is no",
        ),
        (lambda more: prices.checked_method("zfill", "a", (100_000 + len(more),), {}), "zfill: a number over 100000"),
        (
            lambda more: prices.checked_filter("map", [], (), {"attribute": "." * 500 + "," * (500 + len(more))}),
            "a path of over 1000 names",
        ),
    ],
)
def test_a_filter_may_do_as_much_as_its_limit_and_no_more(check: Callable[[str], Any], why: str) -> None:
    check("")
    with pytest.raises(SecurityError, match=f"^{why}"):
        check("x")


@pytest.mark.parametrize("value", ["1", [1], None])
@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("round", lambda value: prices.checked_filter("round", value, (), {})),
        ("sum", lambda value: prices.checked_filter("sum", [], ("a", value), {})),
        ("sum", lambda value: prices.checked_filter("sum", [], (), {"start": value})),
        *[
            (name, lambda value, name=name: prices.checked_test(name, value, (2,)))
            for name in ("even", "odd", "divisibleby")
        ],
    ],
)
def test_only_a_number_is_computed_with(name: str, check: Callable[[Any], Any], value: Any) -> None:
    for number in (1, 1.5, True):
        check(number)
    with pytest.raises(SecurityError, match=rf"^{name}: of numbers only$"):
        check(value)


@pytest.mark.parametrize(
    ("name", "value", "args", "expected"),
    [
        ("join", iter("ab"), (), ["a", "b"]),
        ("list", iter("ab"), (), ["a", "b"]),
        ("urlencode", iter([("a", "b")]), (), [("a", "b")]),
        ("format", 7, (), "7"),
        ("replace", 7, ("7", "8"), "7"),
        ("trim", 7, (), "7"),
        ("upper", 7, (), 7),
        ("batch", [1], (), [1]),
        ("first", [1], (), [1]),
    ],
)
def test_a_filter_runs_with_its_value_read_or_written_where_it_has_to_be(
    name: str, value: Any, args: tuple[Any, ...], expected: Any
) -> None:
    assert prices.checked_filter(name, value, args, {}) == expected


def test_a_method_runs_with_its_arguments_and_a_join_with_its_items_read() -> None:
    assert prices.checked_method("join", "-", (iter("ab"), 1), {}) == (["a", "b"], 1)
    assert prices.checked_method("split", "a-b", ("-", 1), {}) == ("-", 1)
    assert prices.checked_method("replace", "ab", ("a", "b", 1), {}) == ("a", "b", 1)
    assert prices.checked_method("replace", "ab", ("a", 7), {}) == ("a", 7)
    assert prices.checked_method("replace", "ab", ("a",), {}) == ("a",)


def test_only_membership_is_a_search_and_only_urlize_looks_for_links() -> None:
    prices.checked_test("sameas", SOUGHT + "x", (SEARCHED,))
    prices.checked_filter("indent", "a" + ")" * 9_000, (2,), {})
    with pytest.raises(SecurityError, match=r"^a search of over 67108864 steps$"):
        prices.checked_filter("urlize", "a" + ")" * 9_000, (), {})
    assert prices.checked_filter("replace", "ab", ("a",), {}) == "ab"
