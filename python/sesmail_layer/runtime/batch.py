"""SQS batches with partial failures.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypedDict

import msgspec


class SqsMessage(msgspec.Struct, frozen=True):
    """One record of the event that Lambda hands to a function, before anyone has looked into its body."""

    message_id: str
    body: str
    receive_count: int = 1
    sent_at: float = 0
    """When it was put on the queue, in Unix seconds."""


class BatchItemFailure(TypedDict):
    itemIdentifier: str


class BatchResponse(TypedDict):
    batchItemFailures: list[BatchItemFailure]


def messages(event: Mapping[str, Any]) -> list[SqsMessage]:
    """Reads Lambda's SQS event; ids come first, so that a message that is no good can still be named."""
    return [
        SqsMessage(
            message_id=record["messageId"],
            body=record["body"],
            receive_count=int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
            sent_at=int(record.get("attributes", {}).get("SentTimestamp", 0)) / 1000,
        )
        for record in event["Records"]
    ]


def response(failed_message_ids: Iterable[str] | Collection[str]) -> BatchResponse:
    """Names the messages that SQS should bring again; all others are done."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed_message_ids]}
