"""SQS on a simulated clock, in the order of time: delays, visibility, receives, and a dead-letter queue."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from tools.simulation.fakes import FakeClock
from tools.simulation.limits import check_queue_takes
from tools.simulation.queues import MAX_DELAY_SECONDS, MAX_RECEIVES


@dataclass
class Stored:
    message_id: str
    body: str
    sent_at: float
    receives: int = 0


class TimedQueue:
    """Fulfils the port DelayQueue."""

    def __init__(self, name: str, clock: FakeClock, *, visibility_seconds: float) -> None:
        self.dead: list[Stored] = []
        self.most_receives = 0
        self.on_visible: Callable[[float], None] = lambda _at: None
        """Called with the time at which a message will be visible."""
        self._name = name
        self._clock = clock
        self._visibility_seconds = visibility_seconds
        self.order: random.Random | None = None
        """Receives in a random order, where it is set: a standard queue promises none."""
        self._visible: list[tuple[float, float, Stored]] = []
        self._in_flight: dict[str, Stored] = {}
        self._ids = itertools.count(1)

    def __len__(self) -> int:
        return len(self._visible) + len(self._in_flight)

    def put(self, body: str, delay_seconds: float = 0) -> None:
        check_queue_takes(body)
        # SQS's delays are whole seconds: aws/queues.py rounds up.
        delay = min(MAX_DELAY_SECONDS, max(0, -int(-delay_seconds // 1)))
        now = self._clock.now()
        self._show(Stored(f"{self._name}-{next(self._ids)}", body, now), now + delay)

    def put_all(self, messages: Sequence[tuple[str, float]]) -> Mapping[int, TransientError]:
        for body, delay_seconds in messages:
            self.put(body, delay_seconds)
        return {}

    def receive(self, most: int) -> list[QueueMessage]:
        now = self._clock.now()
        received: list[QueueMessage] = []
        if self.order:
            later = [one for one in self._visible if one[0] > now]
            visible = [(now, self.order.random(), stored) for at, _, stored in self._visible if at <= now]
            self._visible = visible + later
            heapq.heapify(self._visible)
        while self._visible and self._visible[0][0] <= now and len(received) < most:
            stored = heapq.heappop(self._visible)[2]
            if stored.receives == MAX_RECEIVES:
                self.dead.append(stored)
                continue
            stored.receives += 1
            self.most_receives = max(self.most_receives, stored.receives)
            self._in_flight[stored.message_id] = stored
            received.append(QueueMessage(stored.message_id, stored.body, stored.receives, stored.sent_at))
        return received

    def settle(self, received: Sequence[QueueMessage], received_at: float, failed: Collection[str] | None) -> None:
        """Delete what was handled; the rest (all of a killed function's: None) is visible again after a time."""
        for message in received:
            stored = self._in_flight.pop(message.message_id)
            if failed is None or message.message_id in failed:
                self._show(stored, received_at + self._visibility_seconds)

    def _show(self, stored: Stored, at: float) -> None:
        heapq.heappush(self._visible, (at, next(self._ids), stored))
        self.on_visible(at)
