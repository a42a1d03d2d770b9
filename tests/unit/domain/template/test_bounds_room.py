"""What a template has room for: the weights of its operands, and what is made one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import pytest
from jinja2 import ChainableUndefined, UndefinedError
from jinja2.exceptions import SecurityError

from sesmail_layer.domain.template import bounds
from sesmail_layer.domain.template.bounds import BUDGET, MAX_STEPS, PER_CONTAINER, PER_OBJECT
from sesmail_layer.domain.template.undefined import UndefinedName

TOO_MUCH = r"^the template builds too much$"


@pytest.fixture
def ten_bytes_left() -> Iterator[None]:
    with bounds.metered():
        bounds.spend(BUDGET - 10)
        yield


@pytest.mark.parametrize(("text", "size"), [("", 0), ("abc", 3), ("é", 4), ("abcé", 16), ("😀", 4)])
def test_a_text_weighs_one_or_four_bytes_a_character(text: str, size: int) -> None:
    assert bounds.size(text) == bounds.weight(text) == size
    assert bounds.weight([text]) == 8 + size


@pytest.mark.parametrize(("number", "weight"), [(0, 0), (7, 0), (-8, 1), (2**64, 16), (1.5, 0), (True, 0)])
def test_a_number_weighs_about_its_digits(number: float, weight: int) -> None:
    assert bounds.weight([number]) == 8 + weight


@pytest.mark.usefixtures("ten_bytes_left")
def test_what_is_spent_is_gone_and_what_only_needs_room_is_not() -> None:
    bounds.check_room(10)
    bounds.check_room(10)
    bounds.spend(4)
    bounds.check_room(6)
    for more in (bounds.check_room, bounds.spend):
        with pytest.raises(SecurityError, match=TOO_MUCH):
            more(7)
    bounds.spend(6)


def test_without_a_rendering_each_operation_has_the_whole_budget() -> None:
    bounds.spend(BUDGET)
    bounds.check_room(BUDGET)
    with pytest.raises(SecurityError, match=TOO_MUCH):
        bounds.check_room(BUDGET + 1)


@pytest.mark.parametrize(
    ("made", "cost"),
    [
        ("abc", 3),
        (["a", "b"], PER_CONTAINER + 2 * (8 + 1 + PER_OBJECT)),
        ((), PER_CONTAINER),
        ({"a": 1}, PER_CONTAINER + PER_OBJECT + 2 * 8 + 1),
        (range(9), 0),
    ],
)
def test_a_list_that_is_made_costs_an_object_for_each_item(made: Any, cost: int) -> None:
    with bounds.metered():
        bounds.spend(BUDGET - cost)
        assert bounds.charged(made) is made
        with pytest.raises(SecurityError, match=TOO_MUCH):
            bounds.spend(1)


def test_items_that_are_made_one_by_one_are_charged_as_they_are_read() -> None:
    with bounds.metered():
        bounds.spend(BUDGET - 2 * 2 * PER_OBJECT - 24)
        items = bounds.charged_items(iter([1, [1, 2, 3], 4]))
        assert [next(items), next(items)] == [1, [1, 2, 3]]
        with pytest.raises(SecurityError, match=TOO_MUCH):
            next(items)


@pytest.mark.usefixtures("ten_bytes_left")
@pytest.mark.parametrize("items", ["abcde", [1, 2, 3, 4, 5], range(5), {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}])
def test_a_list_needs_room_for_each_item(items: Any) -> None:
    assert bounds.listed(items, 2) is items
    with pytest.raises(SecurityError, match=TOO_MUCH):
        bounds.listed(items, 3)


@pytest.mark.usefixtures("ten_bytes_left")
def test_an_iterator_is_read_no_further_than_there_is_room() -> None:
    assert bounds.listed(iter([1, 2]), 5) == [1, 2]
    numbers = iter(range(9))
    with pytest.raises(SecurityError, match=TOO_MUCH):
        bounds.listed(numbers, 5)
    assert next(numbers) == 3
    assert bounds.listed(7, 5) == 7


@pytest.mark.parametrize(
    ("value", "weight"),
    [("abc", 3), ("é", 4), (["abc"], 5 * 11), ([], 0), (1.5, 0), (2**64, 5 * 16), (None, 0), ({"a": ["b"]}, 5 * 26)],
)
def test_a_value_that_is_written_weighs_what_its_text_does_at_most(value: Any, weight: int) -> None:
    assert bounds.text_weight(value) == weight


def test_a_text_that_is_written_as_python_does_weighs_more() -> None:
    assert bounds.text_weight("abc", as_repr=True) == 15


FOREIGN: list[Any] = [len, object(), iter([]), range(3), {}.keys(), {1}, [len], {"a": [len]}, {"a": {"b": range(1)}}]


@pytest.mark.parametrize("value", FOREIGN, ids=range(len(FOREIGN)))
def test_what_is_no_data_is_not_written(value: Any) -> None:
    for check in (bounds.check_data, bounds.text_weight):
        with pytest.raises(SecurityError, match=r"^a '.* object' is no text$|^a 'builtin_function_or_method object' "):
            check(value)


def test_undefined_values_are_written_as_they_are_alone() -> None:
    bounds.check_data([ChainableUndefined(name="maybe")])
    with pytest.raises(UndefinedError, match="'total' is undefined"):
        bounds.check_data(["a", UndefinedName(name="total")])


@pytest.mark.parametrize(("value", "levels"), [(1, 1), ("ab", 1), ([], 1), ([1], 2), ([1, [2]], 3), ({"a": [[1]]}, 4)])
def test_the_depth_is_that_of_the_deepest_item(value: Any, levels: int) -> None:
    assert bounds.depth(value) == levels


SEARCHES: dict[str, tuple[Callable[[int], None], int]] = {
    "a search": (lambda over: bounds.check_search("a" * 8_192, "b" * (8_192 + over)), MAX_STEPS),
    "a run of brackets": (lambda over: bounds.check_runs("a " + ")" * (8_192 + over) + " b"), MAX_STEPS),
}


@pytest.mark.parametrize("check", [check for check, _ in SEARCHES.values()], ids=SEARCHES.keys())
def test_a_search_has_its_most_steps_and_no_more(check: Callable[[int], None]) -> None:
    check(0)
    with pytest.raises(SecurityError, match=r"^a search of over 67108864 steps$"):
        check(1)


def test_short_runs_and_other_values_are_not_searched() -> None:
    bounds.check_runs(("." * 99 + " ") * 100_000)
    bounds.check_search("a" * MAX_STEPS, None)


@pytest.mark.parametrize(("text", "more"), [("%s" * 10_000, "%"), ("{}" * 10_000, "format")])
def test_a_format_has_ten_thousand_conversions_at_most(text: str, more: str) -> None:
    check = bounds.check_percent if more == "%" else bounds.check_format
    check(text, ())
    with pytest.raises(SecurityError, match=rf"^{more}: more than 10000 "):
        check(text + text[:2], ())


@pytest.mark.parametrize(
    ("text", "values", "weight"),
    [
        ("%s", ("abc",), 3),
        ("%s%s", ("abc", "d"), 2 * 4),
        ("%r", ("abc",), 15),
        ("%a", ("abc",), 15),
        ("%(a)s", {"a": "abc"}, 15),
        ("%s", ["abc"], 55),
        ("%s", "abc", 3),
    ],
)
def test_each_conversion_may_write_every_value(
    text: str, values: Any, weight: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_VALUE", len(text) + weight)
    bounds.check_percent(text, values)
    with pytest.raises(SecurityError, match=r"^a value over "):
        bounds.check_percent(text + "x", values)


def test_each_item_of_a_list_that_is_read_one_by_one_costs_eight_bytes() -> None:
    with bounds.metered():
        bounds.spend(BUDGET - 2 * 2 * PER_OBJECT - 3 * 8)
        assert list(bounds.charged_items(iter([1, [1, 2, 3]]))) == [1, [1, 2, 3]]
        with pytest.raises(SecurityError, match=TOO_MUCH):
            bounds.spend(1)


def test_an_item_that_is_read_is_no_larger_than_any_other_value() -> None:
    with pytest.raises(SecurityError, match=r"^a value over 4194304 bytes$"):
        next(bounds.charged_items(iter([["x" * bounds.MAX_VALUE]])))


def test_the_source_of_a_template_is_known_while_it_is_rendered() -> None:
    assert bounds.source() == ""
    with bounds.metered("{{ a }}"):
        assert bounds.source() == "{{ a }}"
    assert bounds.source() == ""


def test_every_mapping_weighs_its_names_and_values() -> None:
    assert bounds.weight(MappingProxyType({"ab": "c"})) == bounds.weight({"ab": "c"}) == 2 * 8 + 3


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_a_value_has_a_hundred_levels_at_most() -> None:
    assert bounds.weight(nested(100)) == 8 * 99
    with pytest.raises(SecurityError, match=r"^a value nested over 100 levels deep$"):
        bounds.weight(nested(101))


@pytest.mark.parametrize(("value", "written"), [("a", "a"), (-0.0, "0.0"), (0.5, "0.5"), (-1.0, "-1.0"), ([1], "[1]")])
def test_what_an_expression_writes_is_charged(value: Any, written: str) -> None:
    with bounds.metered():
        assert str(bounds.printed(value)) == written
        bounds.spend(BUDGET - (1 if value == "a" else PER_CONTAINER + PER_OBJECT + 8 if value == [1] else 0))
        with pytest.raises(SecurityError, match=TOO_MUCH):
            bounds.spend(1)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (len, "a function that is not called"),
        (iter([]), "a list that was not read (add |list or |join)"),
        (object(), "a 'object object'"),
    ],
)
def test_what_an_expression_may_not_write_is_named_with_its_text(value: Any, kind: str) -> None:
    for text, named in (((), "'an expression'"), (("a.b",), "'a.b'")):
        with pytest.raises(UndefinedError) as caught:
            bounds.printed(value, *text)
        assert caught.value.message == f"{named} is {kind}, not data"
    with pytest.raises(SecurityError, match=r"is no text$"):
        bounds.printed([value])


@pytest.mark.parametrize(
    ("text", "values", "weight"), [("{}", ("abc",), 3), ("{}{}", ("abc", "d"), 2 * 4), ("{!r}", ("abc",), 15)]
)
def test_each_field_of_a_format_may_write_every_value(
    text: str, values: Any, weight: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_VALUE", len(text) + weight)
    bounds.check_format(text, values)
    monkeypatch.setattr(bounds, "MAX_VALUE", len(text) + weight - 1)
    with pytest.raises(SecurityError, match=r"^a value over "):
        bounds.check_format(text, values)


@pytest.mark.parametrize(
    ("items", "weight"), [(["abc", "d"], 2 * 8 + 4), ([["abc"], "d"], (2 * 8 + 8 + 4) + 4 * (8 + 3)), ("abcd", 4)]
)
def test_a_joined_item_that_is_no_text_may_be_five_times_as_long(
    items: Any, weight: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    separators = len(items) * 2
    monkeypatch.setattr(bounds, "MAX_VALUE", weight + separators)
    bounds.checked_items(items, "--")
    monkeypatch.setattr(bounds, "MAX_VALUE", weight + separators - 1)
    with pytest.raises(SecurityError, match=r"^a value over "):
        bounds.checked_items(items, "--")
