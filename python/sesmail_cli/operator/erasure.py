"""What the engine knows of one address, and how to make it forget (GDPR, article 17).

Tracking records (with their history) and kept requests are deleted. A suppression stays in force under a keyed hash:
an address that was erased must not be written to again because of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from sesmail_cli.operator.advice import RETRY_SLACK_SECONDS
from sesmail_cli.operator.stack import Stack
from sesmail_layer.aws.dynamodb_items import RANGE_KEY_BYTES, is_condition_failure, read_items, to_item
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_text

_INDEX = "to-email-timestamp-index"
# The claim of an email under way is what keeps it from being sent twice. A soft-bounced one's retry waits in a queue.
_UNDER_WAY = (Status.SENDING, Status.DEFERRED)
_IS_FINISHED = "attribute_not_exists(emailId) OR NOT #status IN (:sending, :deferred)"


class Known(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where an address is found."""

    email: str
    emails: Sequence[str]
    """The ids of those sent to it, but for those under way."""
    under_way: Sequence[str]
    """The ids of those that a queue still holds, or may hold: their records must stay until they are through."""
    kept_requests: Sequence[str]
    suppression: Suppression | None
    """As it is in force, under the address or already under its hash."""
    in_the_clear: bool
    """True where the suppression list has the address itself."""

    @property
    def nothing(self) -> bool:
        return not (self.emails or self.kept_requests or self.in_the_clear)


def search(stack: Stack, address: str) -> Known:
    """Looks an address up. Raises botocore's errors and TransientError."""
    retried_since = utc_text(stack.clock.now() - stack.retry_delay_seconds - RETRY_SLACK_SECONDS)
    emails = {
        email_id: status in _UNDER_WAY or (status == Status.SOFT_BOUNCED and bounced_at > retried_since)
        for email_id, status, bounced_at in _emails_to(stack, address)
    }
    under_way = [email_id for email_id, waits in emails.items() if waits]
    finished = [email_id for email_id, waits in emails.items() if not waits]
    pending = read_items(stack.dynamodb, stack.called("Pending"), "emailId", finished, stack.clock.sleep)
    return Known(
        email=address,
        emails=finished,
        under_way=under_way,
        kept_requests=sorted(item["emailId"]["S"] for item in pending),
        suppression=stack.suppression.get_many([address]).get(address),
        in_the_clear=bool(list(read_items(stack.dynamodb, _list(stack), "email", [address], stack.clock.sleep))),
    )


def hash_suppression(stack: Stack, known: Known) -> str | None:
    """Puts the hashed entry first, then takes the plain one away: in between, both hold. Gives the hash."""
    if not known.in_the_clear:
        return None
    key = None
    if known.suppression is not None:
        key = stack.tombstones.key_of(known.email)
        stack.dynamodb.put_item(TableName=_list(stack), Item=_tombstone(known.suppression, key))
    stack.suppression.remove(known.email)
    return key


def delete_emails(stack: Stack, known: Known) -> Iterator[bool]:
    """Deletes kept requests, then records, one by one; gives for each record whether it went."""
    for email_id in known.kept_requests:
        stack.dynamodb.delete_item(TableName=stack.called("Pending"), Key={"emailId": {"S": email_id}})
    for email_id in known.emails:
        yield _delete_record(stack, email_id)


def _delete_record(stack: Stack, email_id: str) -> bool:
    """False where it is under way again: a retry has begun meanwhile."""
    values: dict[str, Any] = {f":{status}": {"S": status} for status in _UNDER_WAY}
    try:
        stack.dynamodb.delete_item(
            TableName=stack.called("EmailTracking"),
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
    """Keeps why and until when; all that could lead back to a person goes (a diagnostic quotes the address)."""
    bare = msgspec.structs.replace(entry, email=key, email_id=None, ses_message_id=None, diagnostic_code=None)
    return to_item(bare, {"addedToSuppressionDate": RANGE_KEY_BYTES})


def _emails_to(stack: Stack, address: str) -> Iterator[tuple[str, str, str]]:
    """Gives id, status and time of the bounce, where there is one."""
    pages = stack.dynamodb.get_paginator("query").paginate(
        TableName=stack.called("EmailTracking"),
        IndexName=_INDEX,
        KeyConditionExpression="toEmail = :address",
        ExpressionAttributeValues={":address": {"S": address}},
        ProjectionExpression="emailId, #status, bouncedAt",
        ExpressionAttributeNames={"#status": "status"},
    )
    for page in pages:
        for item in page["Items"]:
            yield item["emailId"]["S"], item["status"]["S"], item.get("bouncedAt", {}).get("S", "")


def _list(stack: Stack) -> str:
    return stack.called("Suppression")
