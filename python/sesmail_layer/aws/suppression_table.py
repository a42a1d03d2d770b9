"""The suppression list: one item per address, with its strongest reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from sesmail_layer.aws.dynamodb_items import (
    HASH_KEY_BYTES,
    RANGE_KEY_BYTES,
    Item,
    dynamodb_errors,
    put_if,
    read_items,
    to_item,
)
from sesmail_layer.aws.foreign_rows import read_row
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.times import utc_seconds, utc_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from sesmail_layer.usecases.ports import Clock

_KEYS = {"email": HASH_KEY_BYTES, "suppressionType": HASH_KEY_BYTES, "addedToSuppressionDate": RANGE_KEY_BYTES}

_NOT_LISTED = "attribute_not_exists(email)"
_ABSENT_OR_SAME_REASON = "attribute_not_exists(email) OR reason = :reason"

_NOT_READ = "DynamoDB error checking suppression"
_NOT_WRITTEN = "Failed to add to suppression list"
_TRIES = 5


# What an entry with a reason of its own means, by its type.
_REASONS = {
    "bounce": SuppressionReason.HARD_BOUNCE,
    "complaint": SuppressionReason.SPAM_COMPLAINT,
    "unsubscribe": SuppressionReason.UNSUBSCRIBE,
}
_UNKNOWN_DATE = "1970-01-01T00:00:00.000Z"


class SuppressionTable:
    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        clock: Clock,
        tombstones_of: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        """`tombstones_of` returns the keys under which an erased address stays suppressed; `get_many` needs it."""
        self._client = client
        self._table_name = table_name
        self._clock = clock
        self._tombstones_of = tombstones_of

    def get_many(self, addresses: Collection[str]) -> Mapping[str, Suppression]:
        """Read the entries in force, without expired ones: DynamoDB's TTL deletes late. Raises TransientError."""
        now_text = utc_text(self._clock.now())
        keys = {address: address for address in addresses}
        if self._tombstones_of is not None:
            keys |= {key: address for address in addresses for key in self._tombstones_of(address)}
        with dynamodb_errors(_NOT_READ, code="AWS001"):
            items = list(read_items(self._client, self._table_name, "email", keys, self._clock.sleep))
        found: dict[str, Suppression] = {}
        for item in items:
            entry = read_suppression(item)
            entry = msgspec.structs.replace(entry, email=keys[entry.email])
            if not entry.expired(now_text):
                found[entry.email] = found[entry.email].joined(entry) if entry.email in found else entry
        return found

    def add(self, suppression: Suppression) -> None:
        """Add an entry, merged with the existing one (`Suppression.joined`). Raises TransientError."""
        wanted, condition, values = suppression, _NOT_LISTED, dict[str, Any]()
        for _ in range(_TRIES):
            item = self._put(wanted, condition, values)
            if item is None:
                return
            existing = read_suppression(item)
            expired = existing.expired(utc_text(self._clock.now()))
            wanted = suppression if expired else existing.joined(suppression)
            if wanted == existing:
                return
            condition, values = unchanged(item)
        raise TransientError(f"{_NOT_WRITTEN}: the entry changed {_TRIES} times meanwhile", code="FBK004")

    def remove(self, address: str, only: SuppressionReason | None = None) -> None:
        """Remove an entry; with `only`, not if its reason is another one. Raises TransientError."""
        condition: dict[str, Any] = (
            {
                "ConditionExpression": _ABSENT_OR_SAME_REASON,
                "ExpressionAttributeValues": {":reason": {"S": only}},
            }
            if only
            else {}
        )
        # A failed condition leaves an entry with another reason, as it should.
        with suppress(ClientError), dynamodb_errors("Failed to remove from suppression list", code="AWS004"):
            self._client.delete_item(TableName=self._table_name, Key={"email": {"S": address}}, **condition)

    def _put(self, entry: Suppression, condition: str, values: Mapping[str, Any]) -> Item | None:
        """Write an entry; return None, or the existing item that failed the condition."""
        with dynamodb_errors(_NOT_WRITTEN, code="FBK004"):
            existing = put_if(self._client, self._table_name, to_item(entry, _KEYS), condition, values)
        if existing == {}:
            raise TransientError(f"{_NOT_WRITTEN}: the entry was deleted meanwhile", code="FBK004")
        return existing


def read_suppression(item: Item) -> Suppression:
    """Read an entry, whoever wrote it. What cannot be read never lets mail through: the address stays suppressed."""
    given_type = item.get("suppressionType", {}).get("S")
    missing = {
        "email": item["email"]["S"],
        "suppressionType": "manual",
        "reason": _REASONS.get(given_type, SuppressionReason.MANUAL),
        "addedToSuppressionDate": _UNKNOWN_DATE,
    }
    entry = read_row(item, Suppression, missing)
    if entry.expires_at is None:
        return entry
    try:
        return msgspec.structs.replace(entry, expires_at=utc_text(utc_seconds(entry.expires_at)))
    except (ValueError, OverflowError):
        return msgspec.structs.replace(entry, expires_at=None)


def unchanged(item: Item) -> tuple[str, dict[str, Any]]:
    """Return the condition, and its values, that an item is still as it was read, whatever its attributes are."""
    clauses, values = [], dict[str, Any]()
    for name in ("reason", "addedToSuppressionDate"):
        if name in item:
            clauses.append(f"{name} = :{name}")
            values[f":{name}"] = item[name]
        else:
            clauses.append(f"attribute_not_exists({name})")
    return " AND ".join(clauses), values
