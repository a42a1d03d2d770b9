"""A message as SQS brings it."""

from __future__ import annotations

import msgspec


class QueueMessage(msgspec.Struct, frozen=True):
    """One SQS message before anyone has looked into its body, so that one that is no good can still be named."""

    message_id: str
    body: str
    receive_count: int = 1
    sent_at: float = 0
    """When it was put on the queue, in Unix seconds."""
