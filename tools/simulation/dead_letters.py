"""The dead-letter queues as the functions write to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import QueueMessage


class FakeDeadLetters:
    """The dead-letter queues: messages with the reasons."""

    def __init__(self) -> None:
        self.messages: list[tuple[QueueMessage, str]] = []
        self.error: TransientError | None = None

    def put_all(self, messages: Sequence[tuple[QueueMessage, str]]) -> Mapping[int, TransientError]:
        if self.error:
            return dict.fromkeys(range(len(messages)), self.error)
        assert all(reason for _, reason in messages)
        self.messages += messages
        return {}
