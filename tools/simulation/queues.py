"""SQS in memory: visibility, receive counts, delays, a dead-letter queue, and now and then a message twice."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.request.envelopes import EnvelopeError, open_envelope
from tools.simulation.fakes import FakeClock

MAX_RECEIVES = 5
MAX_DELAY_SECONDS = 900
_DOUBLED = 0.2
_REFUSED = 0.1
_PUT_ALL_THE_SAME = 0.5


@dataclass
class Stored:
    message_id: str
    body: str
    visible_at: float
    sent_at: float
    receives: int = 0


class SimulatedQueue:
    """A standard queue: no order, at least once."""

    def __init__(
        self,
        name: str,
        clock: FakeClock,
        rng: random.Random,
        *,
        visibility_seconds: float,
        doubles: int,
        refusals: int,
    ) -> None:
        """`doubles`: messages that stay visible although they were received; `refusals`: puts that fail."""
        self.messages: list[Stored] = []
        self.dead: list[Stored] = []
        self._name = name
        self._clock = clock
        self._rng = rng
        self._visibility_seconds = visibility_seconds
        self._doubles = doubles
        self._refusals = refusals
        self._ids = itertools.count(1)

    def put(self, body: str, delay_seconds: float = 0) -> None:
        """Fulfils the port DelayQueue."""
        visible_at = self._clock.now() + min(max(0.0, delay_seconds), MAX_DELAY_SECONDS)
        self.messages.append(Stored(f"{self._name}-{next(self._ids)}", body, visible_at, self._clock.now()))

    def put_all(self, messages: Sequence[tuple[str, float]]) -> Mapping[int, TransientError]:
        """Fulfils the port DelayQueue; what it reports as failed may be on the queue all the same."""
        failed: dict[int, TransientError] = {}
        for index, (body, delay_seconds) in enumerate(messages):
            refused = self._refusals > 0 and self._rng.random() < _REFUSED
            if refused:
                self._refusals -= 1
                failed[index] = TransientError("SendMessageBatch: no answer", code="AWS999")
            if not refused or self._rng.random() < _PUT_ALL_THE_SAME:
                self.put(body, delay_seconds)
        return failed

    def has_visible(self) -> bool:
        now = self._clock.now()
        return any(message.visible_at <= now for message in self.messages)

    def next_visible_at(self) -> float | None:
        return min((message.visible_at for message in self.messages), default=None)

    def receive(self, most: int) -> list[QueueMessage]:
        now = self._clock.now()
        visible = [message for message in self.messages if message.visible_at <= now]
        received = []
        for message in self._rng.sample(visible, min(most, len(visible))):
            if message.receives == MAX_RECEIVES:
                self.messages.remove(message)
                self.dead.append(message)
                continue
            message.receives += 1
            if self._doubles and message.receives < MAX_RECEIVES and self._rng.random() < _DOUBLED:
                self._doubles -= 1
            else:
                message.visible_at = now + self._visibility_seconds
            received.append(QueueMessage(message.message_id, message.body, message.receives, message.sent_at))
        return received

    def delete(self, received: Sequence[QueueMessage]) -> None:
        """Delete messages. Only the newest receive's handle is sure to delete: of an older one, the message stays.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
        """
        handles = {(message.message_id, message.receive_count) for message in received}
        self.messages = [each for each in self.messages if (each.message_id, each.receives) not in handles]

    def redrive(self) -> int:
        """Move what can be read back from the dead-letter queue, and return how many; their receives start again."""
        readable = [message for message in self.dead if is_readable(message.body)]
        self.dead = [message for message in self.dead if message not in readable]
        now = self._clock.now()
        self.messages += [Stored(message.message_id, message.body, now, now) for message in readable]
        return len(readable)


def is_readable(body: str) -> bool:
    """True for an EventBridge or SNS envelope."""
    try:
        return bool(open_envelope(body))
    except EnvelopeError:
        return "TopicArn" in body
