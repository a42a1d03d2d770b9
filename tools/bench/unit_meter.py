"""Count DynamoDB's request units of the engine's real code on moto: every call of every client is seen."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends

from tools.simulation.environment import ACCOUNT
from tools.simulation.tables import Item, Table, tables
from tools.simulation.units import index_writes, read_units, write_units

_WRITES = ("PutItem", "UpdateItem", "DeleteItem")
# Not Scan: the functions may not, it is how a tool looks at what they stored.
_READS = ("GetItem", "BatchGetItem", "Query")
_OF_RESULTS = ("FilterExpression", "ProjectionExpression", "Select")
_Call = Callable[[str, dict[str, Any]], Any]


@dataclass(frozen=True)
class Write:
    """One write to one partition key of a table, or (`index`) of one of its indexes."""

    table: str
    index: str
    key: str
    units: int


@dataclass
class UnitMeter:
    """What was written and read since it was created, or cleared."""

    writes: list[Write] = field(default_factory=list)
    reads: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Read units by table."""

    def clear(self) -> None:
        self.writes.clear()
        self.reads.clear()

    def write_units(self) -> Mapping[tuple[str, str], int]:
        """Return the write units by table and index; `""` is the table itself."""
        found: Counter[tuple[str, str]] = Counter()
        for write in self.writes:
            found[write.table, write.index] += write.units
        return found

    def writes_by_key(self) -> Mapping[tuple[str, str, str], int]:
        """Return the number of writes by table, index and partition key."""
        return Counter((write.table, write.index, write.key) for write in self.writes)

    def units_by_key(self) -> Mapping[tuple[str, str, str], int]:
        """Return the write units by table, index and partition key."""
        found: Counter[tuple[str, str, str]] = Counter()
        for write in self.writes:
            found[write.table, write.index, write.key] += write.units
        return found


@contextmanager
def metered(engine: str) -> Iterator[UnitMeter]:
    """Count the units of an engine's tables, by the tables' last part of the name."""
    meter, lock = UnitMeter(), threading.RLock()
    by_name = {f"{engine}-{name}": table for name, table in tables().items()}
    known = {engine, *by_name}  # A batch has no `TableName`.
    original: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(client: BaseClient, operation: str, params: dict[str, Any]) -> Any:
        def call(name: str, given: dict[str, Any]) -> Any:
            return original(client, name, given)

        if client.meta.service_model.service_name != "dynamodb" or params.get("TableName", engine) not in known:
            return call(operation, params)
        with lock:
            return _Counting(meter, by_name, call, client.meta.region_name).call(operation, params)

    with patch.object(BaseClient, "_make_api_call", counted):
        yield meter


@dataclass
class _Counting:
    meter: UnitMeter
    tables: Mapping[str, Table]
    original: _Call
    region: str

    def call(self, operation: str, params: dict[str, Any]) -> Any:
        if operation in _WRITES:
            return self._write(operation, params)
        if operation == "BatchWriteItem":
            return self._write_batch(params)
        answer = self.original(operation, params)
        if operation in _READS:
            self._read(operation, params, answer)
        elif "Transact" in operation or operation.endswith("Statement"):
            raise ValueError(f"{operation} is not among the operations whose units are counted")
        return answer

    def _write(self, operation: str, params: dict[str, Any]) -> Any:
        table = self.tables[params["TableName"]]
        key = (params.get("Key") or params["Item"])[table.key]
        before = self._item(params["TableName"], table, key)
        try:
            answer = self.original(operation, params)
        except ClientError as err:
            if err.response["Error"]["Code"] == "ConditionalCheckFailedException":
                # A failed condition costs the table's write, and changes no index.
                self._add(table, "", key["S"], write_units(before, params.get("Item")))
            raise
        self._count(table, key["S"], before, self._item(params["TableName"], table, key))
        return answer

    def _write_batch(self, params: dict[str, Any]) -> Any:
        seen = []
        for name, requests in params["RequestItems"].items():
            for request in requests:
                [content] = request.values()
                key = (content.get("Key") or content["Item"])[self.tables[name].key]
                seen.append((name, key, self._item(name, self.tables[name], key)))
        answer = self.original("BatchWriteItem", params)
        for name, key, before in seen:
            self._count(self.tables[name], key["S"], before, self._item(name, self.tables[name], key))
        return answer

    def _count(self, table: Table, key: str, before: Item | None, after: Item | None) -> None:
        self._add(table, "", key, write_units(before, after))
        for index in table.indexes:
            for partition, units in index_writes(index, before, after):
                self._add(table, index.name, partition, units)

    def _add(self, table: Table, index: str, key: str, units: int) -> None:
        self.meter.writes.append(Write(table.name, index, key, units))

    def _item(self, name: str, table: Table, key: Item) -> Item | None:
        # Read from moto itself: a call would be one of those that are counted.
        item = dynamodb_backends[ACCOUNT][self.region].get_item(name, {table.key: key})
        return item.to_json()["Attributes"] if item else None

    def _read(self, operation: str, params: dict[str, Any], answer: Mapping[str, Any]) -> None:
        if operation == "BatchGetItem":
            for name, request in params["RequestItems"].items():
                found = answer["Responses"].get(name, [])
                # Each item is rounded up by itself, and one that does not exist costs the smallest read.
                missing = len(request["Keys"]) - len(found)
                for item in [*found, *[{}] * missing]:
                    self._add_read(name, request, [item])
        elif operation == "GetItem":
            self._add_read(params["TableName"], params, [answer["Item"]] if "Item" in answer else [])
        else:
            evaluated = self._evaluated(params) if any(name in params for name in _OF_RESULTS) else answer["Items"]
            self._add_read(params["TableName"], params, evaluated)

    def _add_read(self, name: str, params: Mapping[str, Any], items: list[Item]) -> None:
        units = read_units(items, consistent=bool(params.get("ConsistentRead")))
        self.meter.reads[self.tables[name].name] += units

    def _evaluated(self, params: dict[str, Any]) -> list[Item]:
        """Return what a Query reads: filters and projections apply to what was read."""
        keys = params.get("KeyConditionExpression", "")
        given = {name: value for name, value in params.items() if name not in _OF_RESULTS}
        for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            used = {placeholder: value for placeholder, value in given.pop(name, {}).items() if placeholder in keys}
            given |= {name: used} if used else {}
        return list(self.original("Query", given)["Items"])
