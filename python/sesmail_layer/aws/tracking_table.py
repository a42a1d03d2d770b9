"""The tracking table: one item an email, every write conditional."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.dynamodb_items import (
    HASH_KEY_BYTES,
    RANGE_KEY_BYTES,
    from_item,
    put_if,
    read_items,
    to_item,
    transient,
)
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.record.tracking import TrackingRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEYS = {
    "emailId": HASH_KEY_BYTES,
    "toEmail": HASH_KEY_BYTES,
    "sesMessageId": HASH_KEY_BYTES,
    "datePartition": HASH_KEY_BYTES,
    "originalEmailId": HASH_KEY_BYTES,
    "timestamp": RANGE_KEY_BYTES,
}

# The two clauses that writes stand under: a first write finds nothing, a later one finds what it was made from.
_NOT_THERE_YET = "attribute_not_exists(emailId)"
_AS_IT_WAS_READ = "revision = :revision"

_NOT_READ = "DynamoDB error reading tracking record"
_NOT_WRITTEN = "Failed to update tracking record"


class TrackingTable:
    def __init__(self, client: DynamoDBClient, table_name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table_name = table_name
        self._sleep = sleep

    def create(self, record: TrackingRecord) -> TrackingRecord | None:
        """Puts a first record as it is; gives None, or the record that is there already (and leaves it)."""
        return self._put(record, _NOT_THERE_YET, {})

    def replace(self, record: TrackingRecord) -> TrackingRecord | None:
        """Puts a record over the revision that it names and stores the next; gives None, or what came between.

        `record.revision` is that of the record as it was read; after success the table holds `next_revision()`.
        """
        return self._put(record.next_revision(), _AS_IT_WAS_READ, {":revision": {"N": str(record.revision)}})

    def get_many(self, email_ids: Collection[str]) -> Mapping[str, TrackingRecord]:
        try:
            items = list(read_items(self._client, self._table_name, "emailId", email_ids, self._sleep))
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_READ, code="AWS003") from err
        records = [from_item(item, TrackingRecord) for item in items]
        return {record.email_id: record for record in records}

    def find_by_ses_message_id(self, ses_message_id: str) -> TrackingRecord | None:
        """Finds a record through an index, which lags a little: it may be a revision behind, or not there yet."""
        found = self._query("ses-message-id-index", "sesMessageId = :value", ses_message_id, limit=1)
        return found[0] if found else None

    def latest_to(self, address: str, limit: int) -> Sequence[TrackingRecord]:
        """Reads the newest records of a case-folded `to`, newest first, through an index, which lags a little."""
        return self._query("to-email-timestamp-index", "toEmail = :value", address, limit=limit)

    def has_sent_to(self, address: str) -> bool:
        """Looks for any record of a case-folded `to` that reached SES, through an index, which lags a little."""
        start: dict[str, Any] = {}
        try:
            while True:
                answer = self._client.query(
                    TableName=self._table_name,
                    IndexName="to-email-timestamp-index",
                    KeyConditionExpression="toEmail = :value",
                    FilterExpression="attribute_exists(sesMessageId)",
                    ExpressionAttributeValues={":value": {"S": address}},
                    ProjectionExpression="emailId",
                    **start,
                )
                if answer["Items"] or not answer.get("LastEvaluatedKey"):
                    return bool(answer["Items"])
                start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_READ, code="AWS003") from err

    def _query(self, index: str, condition: str, value: str, *, limit: int) -> list[TrackingRecord]:
        try:
            answer = self._client.query(
                TableName=self._table_name,
                IndexName=index,
                KeyConditionExpression=condition,
                ExpressionAttributeValues={":value": {"S": value}},
                ScanIndexForward=False,
                Limit=limit,
            )
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_READ, code="AWS003") from err
        return [from_item(item, TrackingRecord) for item in answer["Items"]]

    def _put(self, record: TrackingRecord, condition: str, values: Mapping[str, Any]) -> TrackingRecord | None:
        # Revision 1 is the field's default, which msgspec leaves out; the next write's condition must find it.
        item = to_item(record, _KEYS) | {"revision": {"N": str(record.revision)}}
        try:
            standing = put_if(self._client, self._table_name, item, condition, values)
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_WRITTEN, code="FBK003") from err
        if standing == {}:
            raise TransientError(f"{_NOT_WRITTEN}: it was deleted meanwhile", code="FBK003")
        return from_item(standing, TrackingRecord) if standing else None
