"""What AWS takes, in bytes: the fakes refuse more, as AWS does."""

from __future__ import annotations

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.status_event import StatusEvent

MAX_QUEUE_BYTES = 256 * 1024
"""Of a message with Terraform's defaults."""
MAX_ENTRY_BYTES = 256 * 1024
"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size"""
MAX_ITEM_BYTES = 400 * 1024
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
MAX_RAW_BYTES = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html"""


def check_queue_takes(body: str) -> None:
    """Raise what `DelayQueue` makes of SQS's InvalidParameterValue for a message above the queue's size."""
    if len(body.encode()) > MAX_QUEUE_BYTES:
        raise TransientError("Failed to put the email on the retry queue: ClientError", code="QUE001")


def is_too_large_an_event(event: StatusEvent) -> bool:
    """Return True for an entry that PutEvents answers with ValidationException."""
    return len(b"sesmailengine" + b"Email Status Changed" + msgspec.json.encode(event)) >= MAX_ENTRY_BYTES
