"""The control table: one table, in which each adapter owns one kind of item, by the prefix of its key `pk`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from sesmail_layer.aws.dynamodb_items import Item, dynamodb_errors, read_items, rejected_item
from sesmail_layer.aws.foreign_rows import read_row
from sesmail_layer.domain.guards.breaker import SLOT_SECONDS
from sesmail_layer.domain.guards.cancelling import Cancellations
from sesmail_layer.domain.guards.sending_state import SendingState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POLICY = "producer#"
_STATE = "state#"
FIGURES_KEPT_SECONDS = 100 * 86_400
"""A quarter. The account's hours hold figures, too, and operators' scans of the table pass them."""
_CANCEL = "cancel#"
MAY_BE_PAUSED = "attribute_exists(paused) AND paused <> :false"
"""As `read_state` reads it: what is no truth value pauses, too."""


class ControlItems:
    """Base of the adapters. All methods raise TransientError AWS006 when DynamoDB cannot answer."""

    def __init__(self, client: DynamoDBClient, table_name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table_name = table_name
        self._sleep = sleep

    def _get(self, key: str) -> Item:
        """Read one item, consistently; empty if there is none."""
        with control_errors():
            answer = self._client.get_item(TableName=self._table_name, Key={"pk": {"S": key}}, ConsistentRead=True)
        return dict(answer.get("Item", {}))

    def _get_many(self, keys: Collection[str]) -> Mapping[str, Item]:
        """Read items by key in one BatchGetItem per 100 keys, consistently."""
        with control_errors():
            found = read_items(self._client, self._table_name, "pk", keys, self._sleep)
            return {item["pk"]["S"]: item for item in found}

    def _update(
        self,
        key: str,
        expression: str,
        values: Mapping[str, Item],
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
    ) -> tuple[bool, Item]:
        """Update an item; return True and the changed attributes, or False and the item that failed the condition."""
        optional: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        if values:
            optional["ExpressionAttributeValues"] = values
        if condition:
            optional |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        try:
            with control_errors():
                answer = self._client.update_item(
                    TableName=self._table_name,
                    Key={"pk": {"S": key}},
                    UpdateExpression=expression,
                    ReturnValues="UPDATED_NEW",
                    **optional,
                )
        except ClientError as err:
            return False, rejected_item(err)
        return True, dict(answer.get("Attributes", {}))

    def _take_lease(self, key: str, now: float, seconds: float) -> bool:
        """Return True for the one worker that takes the lease of an item, `leaseUntil`.

        One that ends up to a lease's time later than this worker's clock can explain was taken by a clock ahead of it.
        """
        times = {":now": now, ":until": now + seconds, ":far": now + 2 * seconds}
        values = {":number": NUMBER} | {name: number(time) for name, time in times.items()}
        return self._update(key, "SET leaseUntil = :until", values, condition=_NOT_LEASED)[0]


def control_errors() -> AbstractContextManager[None]:
    return dynamodb_errors("DynamoDB error in the control table", code="AWS006")


def state_key(source: str) -> str:
    return f"{_STATE}{source}"


def states_in(items: Mapping[str, Item]) -> dict[str, SendingState]:
    """Return the sending states among items, by source."""
    return {source: read_state(item) for source, item in by_source(items, _STATE)}


def read_state(item: Item) -> SendingState:
    """Read a sending state, whoever wrote it. One that says `paused` in any unreadable way is paused."""
    state = read_row(item, SendingState, {})
    if "paused" in item and "BOOL" not in item["paused"]:
        return msgspec.structs.replace(state, paused=True, paused_by="operator")
    return state


def hour_key(source: str, hour: str) -> str:
    """Return the key of a source's counts of an hour (`YYYY-MM-DDTHH`)."""
    return f"count#{source}#{hour}"


def slot_of(letter: str, unix_seconds: float) -> str:
    """Name a count of a slot by the minute of its hour in which the slot starts."""
    return f"{letter}{int(unix_seconds) % 3_600 // SLOT_SECONDS * SLOT_SECONDS // 60:02d}"


def cancel_key(source: str) -> str:
    return f"{_CANCEL}{source}"


def cancellations_in(items: Mapping[str, Item]) -> dict[str, Cancellations]:
    """Return the cancellations among items, by source; a source without any is left out."""
    read = {source: read_cancellations(item) for source, item in by_source(items, _CANCEL)}
    return {source: found for source, found in read.items() if found.rules or found.erased}


def read_cancellations(item: Item) -> Cancellations:
    """Read a source's cancellations, whoever wrote them; what cannot be read cancels nothing."""
    return read_row(item, Cancellations, {})


def by_source(items: Mapping[str, Item], prefix: str) -> Iterator[tuple[str, Item]]:
    """Yield the items of one kind with the key without its prefix."""
    return ((key.removeprefix(prefix), item) for key, item in items.items() if key.startswith(prefix))


NUMBER: Item = {"S": "N"}
"""Value of `:number` in a condition of `is_outside`."""


def is_outside(name: str, low: str, high: str) -> str:
    """Return the condition that an attribute is absent, or no number from `low` to `high`.

    What the engine cannot have written was written by hand, and would count for ever.
    """
    return f"attribute_not_exists({name}) OR NOT attribute_type({name}, :number) OR {name} < {low} OR {name} > {high}"


_NOT_LEASED = is_outside("leaseUntil", ":now", ":far")


def number(value: float) -> Item:
    """Write a number to the microsecond: exact enough, and sums of floats stay within DynamoDB's 38 digits."""
    return {"N": str(round(Decimal(value), 6))}


def read_number(item: Mapping[str, Any], name: str) -> float:
    """Read a number; 0 where there is none, or something else in its place."""
    return float(item.get(name, {}).get("N", 0))
