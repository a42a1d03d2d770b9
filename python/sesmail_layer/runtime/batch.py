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
    """Reads Lambda's SQS event; ids come first, so that a message that is no good can still be named."""
    return [
        QueueMessage(
            message_id=record["messageId"],
            body=record["body"],
            receive_count=int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
        )
        for record in event["Records"]
    ]


def response(failed_message_ids: Iterable[str]) -> BatchResponse:
    """Names the messages that SQS should bring again; all others are done."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed_message_ids]}
