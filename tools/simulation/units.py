"""DynamoDB's request units, computed from items: no emulator counts them.

Sizes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
Reads, writes, failed conditions:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
Indexes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import Any

from tools.simulation.tables import Index, Item

_WRITE_BYTES = 1024
_READ_BYTES = 4096
_COLLECTION_BYTES = 3
_ELEMENT_BYTES = 1


def item_bytes(item: Item) -> int:
    """Return an item's size: the lengths of its attributes' names, and the sizes of their values."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def value_bytes(value: Item) -> int:
    """Return the size of a value in DynamoDB's typed JSON, without its attribute's name."""
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_bytes(content)
        case "B":
            return len(base64.b64decode(content) if isinstance(content, str) else content)
        case "BOOL" | "NULL":
            return 1
        case "L":
            return _COLLECTION_BYTES + sum(_ELEMENT_BYTES + value_bytes(inner) for inner in content)
        case "M":
            return _COLLECTION_BYTES + item_bytes(content) + _ELEMENT_BYTES * len(content)
        case "SS" | "NS" | "BS":
            return sum(value_bytes({kind[0]: inner}) for inner in content)
    raise ValueError(f"no type of DynamoDB's: {kind}")


def _number_bytes(digits: str) -> int:
    """One byte for two significant digits, and one more; the sign of a negative number takes another."""
    significant = digits.lower().partition("e")[0].lstrip("+-").replace(".", "").strip("0")
    return 1 + math.ceil(len(significant) / 2) + digits.startswith("-")


def write_units(before: Item | None, after: Item | None) -> int:
    """Return what a write costs in its table: the larger of the item before and after; at least one unit.

    The same for one whose condition failed, with `after` as it would have been.
    """
    sizes = [item_bytes(item) for item in (before, after) if item is not None]
    return max(1, math.ceil(max(sizes, default=0) / _WRITE_BYTES))


def index_writes(index: Index, before: Item | None, after: Item | None) -> list[tuple[str, int]]:
    """Return what a table's write costs in an index: for each write to it, its partition key and its units."""
    old, new = index.entry(before), index.entry(after)
    if old == new:
        return []  # Not in the index, or nothing that is projected changed.
    if old is None or new is None or any(old[key] != new[key] for key in index.keys):
        # Deletions and puts: of another key, one of each.
        return [(_partition(index, entry), write_units(entry, None)) for entry in (old, new) if entry is not None]
    return [(_partition(index, new), write_units(old, new))]


def read_units(items: Iterable[Item], *, consistent: bool) -> float:
    """Return what a Query costs that reads these items (before any filter); at least the smallest read."""
    read = max(1, math.ceil(sum(map(item_bytes, items)) / _READ_BYTES))
    return read if consistent else read / 2


def _partition(index: Index, entry: dict[str, Any]) -> str:
    return str(entry[index.keys[0]]["S"])
