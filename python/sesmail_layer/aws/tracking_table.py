"""The tracking table: one item per email; every write is conditional."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from sesmail_layer.aws.dynamodb_items import (
    HASH_KEY_BYTES,
    RANGE_KEY_BYTES,
    Item,
    attributes,
    dynamodb_errors,
    put_if,
    read_items,
    typed_item,
)
from sesmail_layer.aws.foreign_rows import plain_attributes, read_attributes, read_row
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.record.compact import compacted, expanded
from sesmail_layer.domain.record.foreign import FOREIGN_REVISION, is_foreign, with_history
from sesmail_layer.domain.record.soft_bounce_run import PastEmail, counts_as_soft_bounce, is_diverted, past_email
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import FIRST_REVISION, TrackingRecord

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
_UNINDEXED = {
    "toEmail": "unindexedToEmail",
    "datePartition": "unindexedDatePartition",
    "originalEmailId": "unindexedOriginalEmailId",
}
"""The keys of the indexes, with what they are stored as in a claim: an entry in an index costs a write."""
_INDEXED = {stored: name for name, stored in _UNINDEXED.items()}
_LATEST_UNSENT = 25
"""So many emails to one address are looked at for one that reached SES."""
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

    def find_by_ses_message_id(self, ses_message_id: str) -> str | None:
        """Find an emailId by an index, which lags: it may miss a new record."""
        found = self._query("ses-message-id-index", "sesMessageId = :value", ses_message_id, limit=1)
        return found[0]["emailId"]["S"] if found else None

    def latest_to(self, address: str, limit: int) -> Sequence[PastEmail]:
        """Read the newest emails to a case-folded `to`, newest first, by an index, which lags."""
        found = self._query("to-email-timestamp-index", "toEmail = :value", address, limit=limit)
        return [read_past_email(item) for item in found]

    def has_sent_to(self, address: str) -> bool:
        """Return True if SES accepted an email to a case-folded address, by an index, which lags.

        Reads the newest email; the next ones only where that has not reached SES yet, a few at most. Where none of
        them did, the address is taken for one that no email was sent to, which is what a cap must assume.
        """
        for limit in (1, _LATEST_UNSENT):
            found = self._query("to-email-timestamp-index", "toEmail = :value", address, limit=limit)
            if any(map(went_to_its_address, found)) or len(found) < limit:
                break
        return any(map(went_to_its_address, found))

    def _query(self, index: str, condition: str, value: str, *, limit: int) -> list[Item]:
        with dynamodb_errors(_NOT_READ, code="AWS003"):
            answer = self._client.query(
                TableName=self._table_name,
                IndexName=index,
                KeyConditionExpression=condition,
                ExpressionAttributeValues={":value": {"S": value}},
                ScanIndexForward=False,
                Limit=limit,
            )
        return list(answer["Items"])

    def _put(self, record: TrackingRecord, condition: str, values: Mapping[str, Any]) -> TrackingRecord | None:
        item = write_record(record)
        with dynamodb_errors(_NOT_WRITTEN, code="FBK003"):
            existing = put_if(self._client, self._table_name, item, condition, values)
        if existing == {}:
            raise TransientError(f"{_NOT_WRITTEN}: it was deleted meanwhile", code="FBK003")
        return read_record(existing) if existing else None


def went_to_its_address(item: Item) -> bool:
    """Return True for an index entry of an email that SES has, and that was neither sunk nor redirected."""
    return "sesMessageId" in item and not _is_diverted_entry(item)


def _is_diverted_entry(item: Item) -> bool:
    return item.get("countsAsSoftBounce") == {"BOOL": False}


def write_record(record: TrackingRecord) -> Item:
    """Return the item that `read_record` reads as this record."""
    plain = compacted(attributes(record, _KEYS))
    # msgspec leaves out revision 1, the field's default; the next write's condition needs it.
    plain["revision"] = record.revision
    if (counts := counts_as_soft_bounce(record)) or is_diverted(record):
        # False, rather than absent: the index has no room for another attribute that marks such emails.
        plain["countsAsSoftBounce"] = counts
    if not record.lease_until:
        plain.pop("leaseUntil", None)
    if re.fullmatch("[0-9a-f]{64}", record.fingerprint):
        # As text: readers print a record as JSON, which has no bytes.
        plain["fingerprint"] = base64.urlsafe_b64encode(bytes.fromhex(record.fingerprint)).decode().rstrip("=")
    if _is_bare_claim(record):
        plain = {_UNINDEXED.get(name, name): value for name, value in plain.items()}
    return typed_item(plain)


def _is_bare_claim(record: TrackingRecord) -> bool:
    """Return True for an email that was claimed, and nothing else yet: there is nothing to look for in an index.

    Every later write of it is in the indexes, also where its history is the same: the claim was released, or is open
    although its worker is gone.
    """
    own = (entry for entry in record.history if entry.recipient not in record.recipients)
    return (
        record.revision == FIRST_REVISION
        and record.status is Status.SENDING
        and all(entry.status is Status.SENDING for entry in own)
    )


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
    if "N" in item.get("revision", {}):
        plain = {_INDEXED.get(name, name): value for name, value in plain_attributes(item).items()}
        if re.fullmatch("[A-Za-z0-9_-]{43}", fingerprint := str(plain.get("fingerprint", ""))):
            plain["fingerprint"] = base64.urlsafe_b64decode(f"{fingerprint}=").hex()
        return read_attributes(expanded(plain), TrackingRecord, missing)
    record = read_row(item, TrackingRecord, missing)
    return with_history(msgspec.structs.replace(record, revision=FOREIGN_REVISION, history=[], transitions={}))


def read_past_email(item: Item) -> PastEmail:
    """Read an entry of the index by recipient. An adopted table's may have the whole record, of an earlier version."""
    if "history" in item:
        return past_email(read_record(item))
    missing = {"emailId": item["emailId"]["S"], "timestamp": _UNKNOWN_TIME, "status": Status.SENT}
    return msgspec.structs.replace(read_row(item, PastEmail, missing), diverted=_is_diverted_entry(item))
