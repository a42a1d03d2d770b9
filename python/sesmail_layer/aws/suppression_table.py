"""The suppression list: one item an address, the strongest reason stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.dynamodb_items import (
    HASH_KEY_BYTES,
    RANGE_KEY_BYTES,
    from_item,
    is_condition_failure,
    put_if,
    read_items,
    to_item,
    transient,
)
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.times import utc_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from sesmail_layer.usecases.ports import Clock

_KEYS = {"email": HASH_KEY_BYTES, "suppressionType": HASH_KEY_BYTES, "addedToSuppressionDate": RANGE_KEY_BYTES}

_NOT_LISTED = "attribute_not_exists(email)"
_SAME_AS_READ = "reason = :reason AND addedToSuppressionDate = :added"
_STILL_FOR_THIS_REASON = "attribute_not_exists(email) OR reason = :reason"

_NOT_READ = "DynamoDB error checking suppression"
_NOT_WRITTEN = "Failed to add to suppression list"
_TRIES = 5


class SuppressionTable:
    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        clock: Clock,
        tombstone_of: Callable[[str], str] | None = None,
    ) -> None:
        """`tombstone_of` gives the key under which an erased address stays suppressed; who reads the list needs it."""
        self._client = client
        self._table_name = table_name
        self._clock = clock
        self._tombstone_of = tombstone_of

    def get_many(self, addresses: Collection[str]) -> Mapping[str, Suppression]:
        """Reads the entries in force. DynamoDB's TTL deletes late, so expired ones are left out here."""
        now_text = utc_text(self._clock.now())
        try:
            asked = {address: address for address in addresses}
            if self._tombstone_of is not None:
                asked |= {self._tombstone_of(address): address for address in addresses}
            items = list(read_items(self._client, self._table_name, "email", asked, self._clock.sleep))
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_READ, code="AWS001") from err
        except TransientError as err:
            raise TransientError(f"{_NOT_READ}: {err}", code="AWS001") from err
        found: dict[str, Suppression] = {}
        for item in items:
            entry = from_item(item, Suppression)
            entry = msgspec.structs.replace(entry, email=asked[entry.email])
            if not entry.expired(now_text):
                found[entry.email] = found[entry.email].joined(entry) if entry.email in found else entry
        return found

    def add(self, suppression: Suppression) -> None:
        """Lists an address; where it is listed already, the two entries become one (`Suppression.joined`)."""
        wanted, condition, values = suppression, _NOT_LISTED, dict[str, Any]()
        for _ in range(_TRIES):
            standing = self._put(wanted, condition, values)
            if standing is None:
                return
            expired = standing.expired(utc_text(self._clock.now()))
            wanted = suppression if expired else standing.joined(suppression)
            if wanted == standing:
                return
            condition = _SAME_AS_READ
            values = {":reason": {"S": standing.reason}, ":added": {"S": standing.added_to_suppression_date}}
        raise TransientError(f"{_NOT_WRITTEN}: the entry changed {_TRIES} times meanwhile", code="FBK004")

    def remove(self, address: str, only: SuppressionReason | None = None) -> None:
        """Takes an address off the list; with `only`, not where it is listed for another reason."""
        condition: dict[str, Any] = (
            {
                "ConditionExpression": _STILL_FOR_THIS_REASON,
                "ExpressionAttributeValues": {":reason": {"S": only}},
            }
            if only
            else {}
        )
        try:
            self._client.delete_item(TableName=self._table_name, Key={"email": {"S": address}}, **condition)
        except ClientError as err:
            if not is_condition_failure(err):
                raise transient(err, "Failed to remove from suppression list", code="AWS004") from err
        except BotoCoreError as err:
            raise transient(err, "Failed to remove from suppression list", code="AWS004") from err

    def _put(self, entry: Suppression, condition: str, values: Mapping[str, Any]) -> Suppression | None:
        """Writes an entry; gives None, or the one that is there instead of what the condition expects."""
        item = to_item(entry, _KEYS)
        try:
            standing = put_if(self._client, self._table_name, item, condition, values)
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_WRITTEN, code="FBK004") from err
        if standing == {}:
            raise TransientError(f"{_NOT_WRITTEN}: the entry was deleted meanwhile", code="FBK004")
        return from_item(standing, Suppression) if standing else None
