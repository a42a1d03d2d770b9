"""How often the feedback processor is invoked for steady feedback, by its mapping's batching window and batch size.

Lambda begins with five pollers. Each gathers a batch of its own: its window begins with the first message, and ends
early where the batch is full. So five windows are open at a time, and a message is in any of them.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

from __future__ import annotations

import random

from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import NOW
from tools.simulation.feedback import Feedback, delivered
from tools.simulation.outage_world import PROCESSOR_BATCH, WINDOW_SECONDS

_SECONDS = 60
_INVOCATION_SECONDS = 0.1
"""As docs/performance.md assumes for the price."""
_POLLERS = 5
_DEFAULT_BATCH = 10
"""Lambda's, which has no window."""


def fewer_invocations(per_second: float) -> float:
    """Return how many times as many invocations Lambda's defaults take as the engine's window and batch size."""
    ours = _invocations(per_second, PROCESSOR_BATCH, WINDOW_SECONDS)
    return _invocations(per_second, _DEFAULT_BATCH, 0.0) / ours


class _Poller:
    def __init__(self, feedback: Feedback, batch: int, window_seconds: float) -> None:
        self.invocations = 0
        self._feedback = feedback
        self._batch = batch
        self._window_seconds = window_seconds
        self._messages: list[QueueMessage] = []
        self._window_ends = self._busy_until = 0.0

    @property
    def has_room(self) -> bool:
        return len(self._messages) < self._batch

    def take(self, message: QueueMessage) -> None:
        if not self._messages:
            self._window_ends = self._feedback.clock.now() + self._window_seconds
        self._messages.append(message)

    def poll(self) -> None:
        """Invoke the function where the window has ended or the batch is full, and the invocation before has ended."""
        now = self._feedback.clock.now()
        if now >= self._busy_until and self._messages and (now >= self._window_ends or not self.has_room):
            self.invocations += 1
            self._busy_until = now + _INVOCATION_SECONDS
            if self._feedback.run(*self._messages):
                raise RuntimeError("an event was not recorded")
            self._messages = []


def _invocations(per_second: float, batch: int, window_seconds: float) -> int:
    """Count the invocations for a minute of delivery events at random times; all of them are recorded."""
    dice = random.Random(1)
    feedback = Feedback()
    pollers = [_Poller(feedback, batch, window_seconds) for _ in range(_POLLERS)]
    times = sorted(dice.uniform(0, _SECONDS) for _ in range(int(per_second * _SECONDS)))
    for number, at in enumerate([*times, _SECONDS + WINDOW_SECONDS]):
        feedback.clock.time = NOW + at
        for poller in pollers:
            poller.poll()
        if number < len(times):
            feedback.sent(f"m-{number}", to=f"m-{number}@example.org")
            poller = dice.choice([one for one in pollers if one.has_room])
            poller.take(feedback.message(delivered(email_id=f"m-{number}")))
    if {record.status for record in feedback.tracking.records.values()} != {Status.DELIVERED}:
        raise RuntimeError("an event was not received")
    return sum(poller.invocations for poller in pollers)
