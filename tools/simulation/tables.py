"""The DynamoDB tables as Terraform declares them: whoever makes a table or an index for a test makes these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_MAIN = Path(__file__).resolve().parents[2] / "modules/tables/main.tf"
_TABLE = re.compile(r'^resource "aws_dynamodb_table" "\w+" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_INDEX = re.compile(r"^  global_secondary_index \{\n(.*?)^  \}\n", re.MULTILINE | re.DOTALL)

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Index:
    """A global secondary index."""

    name: str
    table_key: str
    keys: tuple[str, ...]
    projection: str
    attributes: tuple[str, ...] = ()
    """With INCLUDE: the attributes that are projected next to the keys."""

    def entry(self, item: Item | None) -> dict[str, Any] | None:
        """Return what the index holds of an item; None where it lacks one of the index's keys."""
        if item is None or not all(key in item for key in self.keys):
            return None
        if self.projection == "ALL":
            return dict(item)
        names = {self.table_key, *self.keys, *self.attributes}
        return {name: value for name, value in item.items() if name in names}


@dataclass(frozen=True)
class Table:
    """A table, by the last part of its name."""

    name: str
    key: str
    indexes: tuple[Index, ...]

    def index(self, name: str) -> Index:
        return next(index for index in self.indexes if index.name == name)

    def creation(self, table_name: str) -> dict[str, Any]:
        """Return CreateTable's parameters."""
        names = sorted({self.key, *(key for index in self.indexes for key in index.keys)})
        indexes = [
            {
                "IndexName": index.name,
                "KeySchema": _schema(*index.keys),
                "Projection": {"ProjectionType": index.projection}
                | ({"NonKeyAttributes": list(index.attributes)} if index.attributes else {}),
            }
            for index in self.indexes
        ]
        return {
            "TableName": table_name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
            "KeySchema": _schema(self.key),
        } | ({"GlobalSecondaryIndexes": indexes} if indexes else {})


@cache
def tables() -> Mapping[str, Table]:
    """Read the tables of modules/tables."""
    found = [_table(block) for block in _TABLE.findall(_MAIN.read_text())]
    return {table.name: table for table in found}


def _table(block: str) -> Table:
    [name] = re.findall(r'^  name += "\$\{var\.name\}-(\w+)"$', block, re.MULTILINE)
    [key] = re.findall(r'^  hash_key += "(\w+)"$', block, re.MULTILINE)
    return Table(name, key, tuple(_index(one, key) for one in _INDEX.findall(block)))


def _index(block: str, table_key: str) -> Index:
    keys = [_value(block, key) for key in ("hash_key", "range_key")]
    included = re.findall(r"non_key_attributes += \[(.*?)\]", block, re.DOTALL)
    return Index(
        name=_value(block, "name"),
        table_key=table_key,
        keys=tuple(key for key in keys if key),
        projection=_value(block, "projection_type"),
        attributes=tuple(re.findall(r'"(\w+)"', "".join(included))),
    )


def _value(block: str, name: str) -> str:
    return "".join(re.findall(rf'^ +{name} += "([\w-]+)"$', block, re.MULTILINE))


def _schema(*keys: str) -> list[dict[str, str]]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]
