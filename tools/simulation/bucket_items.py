"""The control table's rate buckets in memory, for the engine's own adapter: the two updates that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tools.simulation.write_limit import CONTROL, WriteLimit

Values = Mapping[str, Mapping[str, str]]


class BucketItems:
    """What DynamoDB holds of the buckets: one number for each."""

    def __init__(self, limit: WriteLimit) -> None:
        self.empty_at: dict[str, float] = {}
        self._limit = limit

    def update(self, key: str, expression: str, condition: str, values: Values) -> tuple[bool, float | None]:
        """Apply one conditional update; return whether its condition held, and the number after it."""
        self._limit.charge({(CONTROL, key): 1})
        numbers = {name: float(value["N"]) for name, value in values.items() if "N" in value}
        at = self.empty_at.get(key)
        if not _holds(condition, at, numbers):
            return False, at
        match expression:
            case "SET emptyAt = emptyAt + :cost":
                self.empty_at[key] = round((at or 0.0) + numbers[":cost"], 6)
            case "SET emptyAt = :start":
                self.empty_at[key] = numbers[":start"]
            case _:
                raise ValueError(f"not an expression of the rate bucket: {expression}")
        return True, self.empty_at[key]


def _holds(condition: str, at: float | None, numbers: Mapping[str, float]) -> bool:
    if condition == "emptyAt BETWEEN :floor AND :latest":
        return at is not None and numbers[":floor"] <= at <= numbers[":latest"]
    if condition.endswith("emptyAt < :floor OR emptyAt > :far"):
        return at is None or at < numbers[":floor"] or at > numbers[":far"]
    raise ValueError(f"not a condition of the rate bucket: {condition}")


class BucketClient:
    """One worker's DynamoDB client. `before` is called with the key before each write."""

    def __init__(self, items: BucketItems, before: Callable[[str], None]) -> None:
        self._items = items
        self._before = before

    def update_item(
        self,
        *,
        Key: Any,
        UpdateExpression: str,
        ConditionExpression: str,
        ExpressionAttributeValues: Values,
        **_: Any,
    ) -> Any:
        key = Key["pk"]["S"]
        self._before(key)
        held, at = self._items.update(key, UpdateExpression, ConditionExpression, ExpressionAttributeValues)
        item = {} if at is None else {"emptyAt": {"N": str(at)}}
        if held:
            return {"Attributes": item}
        error: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}, "Item": item}
        raise ClientError(error, "UpdateItem")
