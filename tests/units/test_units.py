"""The unit counter against a table worked by hand from AWS's pages (tools/simulation/units.py names them)."""

from __future__ import annotations

from typing import Any

import pytest

from tools.simulation.tables import Index
from tools.simulation.units import index_writes, item_bytes, read_units, value_bytes, write_units

# Sizes: CapacityUnitCalculations.html. The name's bytes are not in these.
SIZES: list[tuple[dict[str, Any], int]] = [
    ({"S": ""}, 0),
    ({"S": "delivered"}, 9),
    ({"S": "Grüße"}, 7),  # two letters of two bytes each
    ({"S": "😀"}, 4),
    ({"N": "0"}, 1),
    ({"N": "7"}, 2),  # one byte for up to two digits, and one more
    ({"N": "42"}, 2),
    ({"N": "1795516260"}, 6),  # the last zero is trimmed: nine digits
    ({"N": "1000"}, 2),
    ({"N": "0.0010"}, 2),
    ({"N": "1795516260.123456"}, 9),  # sixteen digits
    ({"N": "-42"}, 3),
    ({"N": "12E5"}, 2),
    ({"B": b"\x00\x01\x02"}, 3),
    ({"B": "AAEC"}, 3),  # the same, as the wire has it
    ({"BOOL": False}, 1),
    ({"NULL": True}, 1),
    ({"L": []}, 3),
    ({"L": [{"S": "ab"}, {"N": "1"}]}, 3 + (1 + 2) + (1 + 2)),
    ({"M": {}}, 3),
    ({"M": {"ab": {"S": "c"}}}, 3 + (1 + 2 + 1)),
    ({"M": {"a": {"L": [{"BOOL": True}]}}}, 3 + (1 + 1 + 3 + (1 + 1))),
    ({"SS": ["ab", "c"]}, 3),
]


@pytest.mark.parametrize(("value", "size"), SIZES, ids=[str(value) for value, _ in SIZES])
def test_a_value_has_the_size_that_the_rules_give(value: dict[str, Any], size: int) -> None:
    assert value_bytes(value) == size


def test_names_count_too() -> None:
    assert item_bytes({"emailId": {"S": "order-1"}, "größe": {"N": "1"}}) == 7 + 7 + 7 + 2


def an_item(size: int, **more: Any) -> dict[str, Any]:
    """An item of exactly `size` bytes."""
    rest = {"pk": {"S": "k"}, **more}
    return {**rest, "x": {"S": "x" * (size - item_bytes(rest) - 1)}}


# Writes: read-write-operations.html. One unit for each KB of the larger of both items.
WRITES: list[tuple[int | None, int | None, int]] = [
    (None, 1024, 1),
    (None, 1025, 2),
    (1025, 10, 2),  # an item that shrinks costs its old size
    (10, 2049, 3),
    (300 * 1024, None, 300),  # a deletion
    (None, None, 1),  # a deletion of nothing, or a condition that found no item
]


@pytest.mark.parametrize(("before", "after", "units"), WRITES)
def test_a_write_costs_the_larger_of_the_items(before: int | None, after: int | None, units: int) -> None:
    assert write_units(before and an_item(before), after and an_item(after)) == units  # type: ignore[arg-type]


BY_STATUS = Index("by-status", "pk", ("status", "at"), "INCLUDE", ("subject",))


def indexed(status: str | None = "sent", at: str | None = "1", **more: str) -> dict[str, Any]:
    given = {"pk": "k", "status": status, "at": at, **more}
    return {name: {"S": value} for name, value in given.items() if value is not None}


# Indexes: GSI.html, "Write capacity units". Expected: the writes, as (partition key, units).
INDEX_WRITES: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None, list[tuple[str, int]]]] = {
    "a new item that has the keys is one put": (None, indexed(), [("sent", 1)]),
    "an item that gets the keys is one put": (indexed(status=None), indexed(), [("sent", 1)]),
    "an item without one of the keys is not in the index": (None, indexed(at=None), []),
    "another partition key is a deletion and a put": (indexed(), indexed("opened"), [("sent", 1), ("opened", 1)]),
    "another sort key is a deletion and a put": (indexed(), indexed(at="2"), [("sent", 1), ("sent", 1)]),
    "an item that loses a key is a deletion": (indexed(), indexed(at=None), [("sent", 1)]),
    "a deleted item is a deletion": (indexed(), None, [("sent", 1)]),
    "a projected attribute that changes is one write": (indexed(), indexed(subject="Hello"), [("sent", 1)]),
    "one that is not projected costs nothing": (indexed(), indexed(history="long"), []),
    "the same item again costs nothing": (indexed(), indexed(), []),
    "neither before nor after in the index costs nothing": (indexed(status=None), indexed(at=None), []),
    "an entry of more than a KB costs more": (indexed(), indexed(subject="x" * 1025), [("sent", 2)]),
    "what is not projected does not add to the size": (None, indexed(history="x" * 9_000), [("sent", 1)]),
}


@pytest.mark.parametrize("name", INDEX_WRITES)
def test_an_index_costs_what_changes_in_it(name: str) -> None:
    before, after, writes = INDEX_WRITES[name]
    assert index_writes(BY_STATUS, before, after) == writes


def test_an_index_of_keys_has_no_more_to_change() -> None:
    keys_only = Index("by-status", "pk", ("status", "at"), "KEYS_ONLY")
    assert index_writes(keys_only, indexed(), indexed(subject="Hello")) == []


def test_an_index_of_all_changes_with_everything() -> None:
    whole = Index("by-status", "pk", ("status", "at"), "ALL")
    assert index_writes(whole, indexed(), indexed(history="long")) == [("sent", 1)]


# Reads: 4 KB each; half of that where it need not be consistent, as in every index.
READS: list[tuple[list[int], bool, float]] = [
    ([], True, 1),
    ([], False, 0.5),
    ([4096], True, 1),
    ([4097], True, 2),
    ([3000, 3000], False, 1),  # a Query's items are added up before they are rounded
    ([1024 * 1024], False, 128),
]


@pytest.mark.parametrize(("sizes", "consistent", "units"), READS)
def test_a_query_costs_all_that_it_reads(sizes: list[int], consistent: bool, units: float) -> None:
    assert read_units([an_item(size) for size in sizes], consistent=consistent) == units
