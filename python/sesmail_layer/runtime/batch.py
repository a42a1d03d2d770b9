"""SQS batches with partial failures.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from sesmail_layer.domain.queue_message import QueueMessage


class BatchItemFailure(TypedDict):
    itemIdentifier: str


class BatchResponse(TypedDict):
    batchItemFailures: list[BatchItemFailure]


def messages(event: Mapping[str, Any]) -> list[QueueMessage]:
    """Read Lambda's SQS event, but not the bodies: an unreadable message still has its id."""
    return [
        QueueMessage(
            message_id=record["messageId"],
            body=record["body"],
            receive_count=int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
            sent_at=int(record.get("attributes", {}).get("SentTimestamp", 0)) / 1000,
            queue=record.get("eventSourceARN", "").rpartition(":")[2],
        )
        for record in event["Records"]
    ]


def response(failed_message_ids: Iterable[str]) -> BatchResponse:
    """Return the messages that SQS redelivers; it deletes all others."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed_message_ids]}
