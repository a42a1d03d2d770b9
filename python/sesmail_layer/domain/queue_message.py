"""A message as SQS delivers it."""

from __future__ import annotations

import msgspec


class QueueMessage(msgspec.Struct, frozen=True):
    """One SQS message with its body unread, so that a message that cannot be parsed has an id to report."""

    message_id: str
    body: str
    receive_count: int = 1
