"""Find and delete the data of one address (GDPR, article 17).

What is under way is cancelled, then tracking records (with their history) and kept requests are deleted. Under a keyed
hash of the address two things stay: a rule that cancels emails without a record when they come up, and a suppression:
erasing an address must not allow mail to it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from sesmail_cli.operator.advice import RETRY_SLACK_SECONDS
from sesmail_cli.operator.cancelling import cancel_records, rule_seconds
from sesmail_cli.operator.engine import Engine
from sesmail_cli.operator.suppression_list import topics_left
from sesmail_layer.aws.dynamodb_items import RANGE_KEY_BYTES, is_condition_failure, read_items, to_item
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_text

_INDEX = "to-email-timestamp-index"
# A worker may be sending a claimed email: its record prevents a second send. A soft-bounced one's retry is cancelled.
_UNFINISHED = (Status.SENDING, Status.DEFERRED)
_IS_FINISHED = "attribute_not_exists(emailId) OR NOT #status IN (:sending, :deferred)"


class StoredData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of one address."""

    email: str
    emails: Sequence[str]
    """The ids of the finished emails to it."""
    unfinished: Sequence[str] = msgspec.field(name="underWay")
    """The ids of emails that a queue holds or may hold: they are cancelled before their records are deleted."""
    kept_requests: Sequence[str]
    suppression: Suppression | None
    """The entry in force, under the address or its hash."""
    topics: Sequence[Suppression] = ()
    """The topics that it has unsubscribed from."""
    unhashed: bool = msgspec.field(name="inTheClear")
    """True if the suppression list has the address itself."""

    @property
    def empty(self) -> bool:
        return not (self.emails or self.kept_requests or self.topics or self.unhashed)


def find_data(engine: Engine, address: str) -> StoredData:
    """Look an address up in all tables. Raises botocore's errors and TransientError."""
    retried_since = utc_text(engine.clock.now() - engine.retry_delay_seconds - RETRY_SLACK_SECONDS)
    emails = {
        email_id: status in _UNFINISHED or (status == Status.SOFT_BOUNCED and bounced_at > retried_since)
        for email_id, status, bounced_at in _emails_to(engine, address)
    }
    finished = [email_id for email_id, unfinished in emails.items() if not unfinished]
    pending = read_items(engine.dynamodb, engine.resource_name("Pending"), "emailId", emails, engine.clock.sleep)
    return StoredData(
        email=address,
        emails=finished,
        unfinished=[email_id for email_id, unfinished in emails.items() if unfinished],
        kept_requests=sorted(item["emailId"]["S"] for item in pending),
        suppression=engine.suppression.get_many([address]).get(address),
        topics=topics_left(engine.dynamodb, _suppression_table(engine), address, every=True).entries,
        unhashed=any(read_items(engine.dynamodb, _suppression_table(engine), "email", [address], engine.clock.sleep)),
    )


def cancel_unrecorded(engine: Engine, address: str) -> None:
    """Cancel what has no record yet, when it comes up. Raises CancellationsFullError and TransientError."""
    key = engine.keys.tombstones_of(address)[0]
    engine.cancel_rules.add_erased(key, engine.clock.now(), kept_seconds=rule_seconds(engine))


def cancel_waiting(engine: Engine, data: StoredData) -> StoredData:
    """Cancel what is under way to the address; return what is to be deleted then. Raises TransientError."""
    if not data.unfinished:
        return data
    done = cancel_records(engine, list(engine.tracking.get_many(data.unfinished).values())).done
    left = [each.record.email_id for each in done if each.record.status in _UNFINISHED]
    ended = [each.record.email_id for each in done if each.record.status not in _UNFINISHED]
    return msgspec.structs.replace(data, emails=[*data.emails, *ended], unfinished=left)


def hash_suppression(engine: Engine, data: StoredData) -> str | None:
    """Replace the suppression by one under a hash, and return the hash. One of the two is in force at any time.

    Likewise the topics, each under the hash of its own key.
    """
    for entry in data.topics:
        topic = engine.keys.tombstones_of(entry.email)[0]
        engine.dynamodb.put_item(TableName=_suppression_table(engine), Item=_tombstone(entry, topic))
        engine.suppression.remove(entry.email)
    if not data.unhashed:
        return None
    key = None
    if data.suppression is not None:
        key = engine.keys.tombstones_of(data.email)[0]
        engine.dynamodb.put_item(TableName=_suppression_table(engine), Item=_tombstone(data.suppression, key))
    engine.suppression.remove(data.email)
    return key


def delete_emails(engine: Engine, data: StoredData) -> Iterator[bool]:
    """Delete kept requests, then records one by one; yield for each record whether it was deleted."""
    for email_id in data.kept_requests:
        engine.dynamodb.delete_item(TableName=engine.resource_name("Pending"), Key={"emailId": {"S": email_id}})
    for email_id in data.emails:
        yield _delete_record(engine, email_id)


def _delete_record(engine: Engine, email_id: str) -> bool:
    """Delete a record; return False if a retry has begun meanwhile."""
    values: dict[str, Any] = {f":{status}": {"S": status} for status in _UNFINISHED}
    try:
        engine.dynamodb.delete_item(
            TableName=engine.resource_name("EmailTracking"),
            Key={"emailId": {"S": email_id}},
            ConditionExpression=_IS_FINISHED,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=values,
        )
    except ClientError as err:
        if not is_condition_failure(err):
            raise
        return False
    return True


def _tombstone(entry: Suppression, key: str) -> dict[str, Any]:
    """Keep the reason and the time; drop what could identify the person (a diagnostic quotes the address)."""
    anonymous = msgspec.structs.replace(
        entry, email=key, email_id=None, ses_message_id=None, diagnostic_code=None, note=None
    )
    return to_item(anonymous, {"addedToSuppressionDate": RANGE_KEY_BYTES})


def _emails_to(engine: Engine, address: str) -> Iterator[tuple[str, str, str]]:
    """Yield the id, status and bounce time (empty: no bounce) of each email to an address."""
    pages = engine.dynamodb.get_paginator("query").paginate(
        TableName=engine.resource_name("EmailTracking"),
        IndexName=_INDEX,
        KeyConditionExpression="toEmail = :address",
        ExpressionAttributeValues={":address": {"S": address}},
        ProjectionExpression="emailId, #status, bouncedAt",
        ExpressionAttributeNames={"#status": "status"},
    )
    for page in pages:
        for item in page["Items"]:
            yield (
                item["emailId"]["S"],
                item.get("status", {}).get("S", Status.SENT),
                item.get("bouncedAt", {}).get("S", ""),
            )


def _suppression_table(engine: Engine) -> str:
    return engine.resource_name("Suppression")
