"""The tracking table: one item per email; every write is conditional."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

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
from sesmail_layer.domain.record.foreign import FOREIGN_REVISION, is_foreign, with_history
from sesmail_layer.domain.record.statuses import Status
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

# The conditions of writes: a first one finds no record, a later one finds the record that it was made from.
_NOT_CREATED = "attribute_not_exists(emailId)"
_UNCHANGED = "revision = :revision"
_STILL_FOREIGN = "attribute_exists(emailId) AND NOT attribute_type(revision, :number)"
_UNKNOWN_TIME = "1970-01-01T00:00:00.000Z"

_NOT_READ = "DynamoDB error reading tracking record"
_NOT_WRITTEN = "Failed to update tracking record"


class TrackingTable:
    def __init__(self, client: DynamoDBClient, table_name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table_name = table_name
        self._sleep = sleep

    def create(self, record: TrackingRecord) -> TrackingRecord | None:
        """Write a first record; return None, or the existing record, which stays. Raises TransientError."""
        return self._put(record, _NOT_CREATED, {})

    def replace(self, record: TrackingRecord) -> TrackingRecord | None:
        """Replace the revision that the record was read with by the next; return None, or the record written since.

        After success the table holds `record.next_revision()`. Raises TransientError.
        """
        if is_foreign(record):
            return self._put(record.next_revision(), _STILL_FOREIGN, {":number": {"S": "N"}})
        return self._put(record.next_revision(), _UNCHANGED, {":revision": {"N": str(record.revision)}})

    def get_many(self, email_ids: Collection[str]) -> Mapping[str, TrackingRecord]:
        """Read records, consistently. Raises TransientError."""
        with dynamodb_errors(_NOT_READ, code="AWS003"):
            items = list(read_items(self._client, self._table_name, "emailId", email_ids, self._sleep))
        records = [read_record(item) for item in items]
        return {record.email_id: record for record in records}

    def find_by_ses_message_id(self, ses_message_id: str) -> TrackingRecord | None:
        """Find a record by an index, which lags: the record may be a revision behind, or missing."""
        found = self._query("ses-message-id-index", "sesMessageId = :value", ses_message_id, limit=1)
        return found[0] if found else None

    def latest_to(self, address: str, limit: int) -> Sequence[TrackingRecord]:
        """Read the newest records of a case-folded `to`, newest first, by an index, which lags."""
        return self._query("to-email-timestamp-index", "toEmail = :value", address, limit=limit)

    def has_sent_to(self, address: str) -> bool:
        """Return True if an email to a case-folded address reached SES, by an index, which lags."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table_name,
            IndexName="to-email-timestamp-index",
            KeyConditionExpression="toEmail = :value",
            FilterExpression="attribute_exists(sesMessageId)",
            ExpressionAttributeValues={":value": {"S": address}},
            ProjectionExpression="emailId",
        )
        with dynamodb_errors(_NOT_READ, code="AWS003"):
            return any(page["Items"] for page in pages)

    def _query(self, index: str, condition: str, value: str, *, limit: int) -> list[TrackingRecord]:
        with dynamodb_errors(_NOT_READ, code="AWS003"):
            answer = self._client.query(
                TableName=self._table_name,
                IndexName=index,
                KeyConditionExpression=condition,
                ExpressionAttributeValues={":value": {"S": value}},
                ScanIndexForward=False,
                Limit=limit,
            )
        return [read_record(item) for item in answer["Items"]]

    def _put(self, record: TrackingRecord, condition: str, values: Mapping[str, Any]) -> TrackingRecord | None:
        # msgspec leaves out revision 1, the field's default; the next write's condition needs it.
        item = to_item(record, _KEYS) | {"revision": {"N": str(record.revision)}}
        with dynamodb_errors(_NOT_WRITTEN, code="FBK003"):
            existing = put_if(self._client, self._table_name, item, condition, values)
        if existing == {}:
            raise TransientError(f"{_NOT_WRITTEN}: it was deleted meanwhile", code="FBK003")
        return read_record(existing) if existing else None


def read_record(item: Item) -> TrackingRecord:
    """Read a record, whoever wrote it: one without a revision is a finished email of somebody else."""
    missing = {
        "emailId": item["emailId"]["S"],
        "status": Status.SENT,
        "attempt": 1,
        "timestamp": _UNKNOWN_TIME,
        "datePartition": _UNKNOWN_TIME[:10],
        "ttl": 0,
    }
    record = read_row(item, TrackingRecord, missing)
    if "N" in item.get("revision", {}):
        return record
    return with_history(msgspec.structs.replace(record, revision=FOREIGN_REVISION, history=[], transitions={}))
