"""The engine from request to status event while services of AWS fail: real use cases on a simulated clock.

Lambda's event source mappings poll queues like SQS's; each invocation runs alone, on a clock of its own, from the time
at which it begins. Its parallel steps take the time of the longest. What SES accepts comes back as SES events.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.ses.watermark import probe
from sesmail_layer.domain.status_event import StatusEvent
from sesmail_layer.runtime.parallel import WORKERS
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.control_fakes import FakeProgress
from tools.simulation.crashes import Killed, mortal
from tools.simulation.fakes import FakeBus, FakeClock, FakeTemplates, request
from tools.simulation.feedback import TOPIC, Feedback
from tools.simulation.outage_ses import OutageSes
from tools.simulation.outages import Outage, longest_seconds, service_of
from tools.simulation.sender import Sender
from tools.simulation.timed_queue import TimedQueue

CONCURRENCY = 5
SENDER_SECONDS, PROCESSOR_SECONDS = 30.0, 15.0
SENDER_BATCH, PROCESSOR_BATCH = 10, 50
WINDOW_SECONDS = 5.0
_CALL_SECONDS = {"DynamoDB": 0.005, "EventBridge": 0.02, "SQS": 0.01, "S3": 0.03, "SES": 0.0, "CloudWatch": 0.03}
_SES_RATE = 200.0
_TEMPLATES = FakeTemplates()


class ParallelClock(FakeClock):
    """Parallel steps all begin now, as many as there are threads; afterwards it is the time at which the last ends."""

    def run_all(self, steps: Sequence[Callable[[], object]]) -> None:
        lanes: list[float] = [self.time] * min(len(steps), WORKERS)
        for step in steps:
            self.time = heapq.heappop(lanes)
            step()
            heapq.heappush(lanes, self.time)
        self.time = max(lanes, default=self.time)


@dataclass
class Asked:
    """One requested email."""

    at: float
    bulk: bool


@dataclass
class _Mapping:
    """An event source mapping of Lambda."""

    queue: TimedQueue
    batch: int
    window_seconds: float
    seconds: float
    """The function's time-out."""
    make: Callable[[_Mapping], Callable[[Sequence[QueueMessage], float], Collection[str]]]
    idle: list[Callable[[Sequence[QueueMessage], float], Collection[str]]] = field(default_factory=list)
    running: int = 0
    deadline: float = 0.0
    """Of the invocation that runs now."""


class OutageWorld:
    def __init__(
        self,
        seed: int,
        outages: Sequence[Outage],
        *,
        outcome: str = "delivered",
        outcome_seconds: float = 10.0,
        ses_rate: float | None = None,
        sender_seconds: float | None = None,
        processor_seconds: float | None = None,
    ) -> None:
        """`sender_seconds` and `processor_seconds` are the functions' time-outs."""
        self._ses_rate = ses_rate or _SES_RATE
        sender_seconds = sender_seconds or SENDER_SECONDS
        processor_seconds = processor_seconds or PROCESSOR_SECONDS
        random.seed(seed)  # The engine's own jitter.
        self.dice = random.Random(seed)
        self.outages = outages
        self.clock = ParallelClock()
        self.asked: dict[str, Asked] = {}
        self.killed = 0
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self.sender, self.feedback = Sender(), Feedback()
        self.tracking, self.suppression = self.sender.tracking, self.sender.suppression
        self.queues = {
            name: TimedQueue(name, self.clock, visibility_seconds=6 * sender_seconds)
            for name in ("email", "bulk", "retry", "bulk-retry")
        }
        self.feedback_queue = TimedQueue(
            "feedback", self.clock, visibility_seconds=6 * processor_seconds + WINDOW_SECONDS
        )
        later = self._event_later
        self.ses = OutageSes(self.clock, self.dice, later, outcome, outcome_seconds, function_seconds=sender_seconds)
        self.bus = TimedBus(self.clock)
        self.progress = ProbesByTopic(self)
        self.suppressed_at: dict[str, float] = {}
        self._connect()
        for queue in self.queues.values():
            self._map(queue, SENDER_BATCH, 0.0, sender_seconds, self._make_sender)
        self._map(self.feedback_queue, PROCESSOR_BATCH, WINDOW_SECONDS, processor_seconds, self._make_processor)

    def _connect(self) -> None:
        sender, feedback, queues = self.sender, self.feedback, self.queues
        sender.quota.value = msgspec.structs.replace(sender.quota.value, max_send_rate=self._ses_rate)  # type: ignore[type-var]
        sender.clock = feedback.clock = self.clock
        sender.pending._clock = self.clock
        add = sender.suppression.add

        def add_and_note(suppression: Suppression) -> None:
            add(suppression)
            self.suppressed_at.setdefault(suppression.email, self.clock.now())

        sender.suppression.add = add_and_note  # type: ignore[method-assign]
        sender.templates, sender.bus, sender.mailer = _TEMPLATES, self.bus, self.ses  # type: ignore[assignment]
        sender.progress = feedback.progress = self.progress
        sender.waiting, sender.bulk_waiting = queues["retry"], queues["bulk-retry"]  # type: ignore[assignment]
        sender.bulk_lane = queues["bulk"]  # type: ignore[assignment]
        feedback.tracking, feedback.suppression = sender.tracking, sender.suppression
        feedback.bus, feedback.pending, feedback.control = self.bus, sender.pending, sender.control
        feedback.breaker_table.control = sender.control
        feedback.waiting, feedback.bulk_waiting = queues["retry"], queues["bulk-retry"]  # type: ignore[assignment]
        feedback.again = self.feedback_queue  # type: ignore[assignment]

    # --- what comes in ------------------------------------------------------------------------------------------------

    def ask(self, at: float, *, bulk: bool = False) -> str:
        """Request one email at a time; its recipient gets no other."""
        email_id = f"m-{len(self.asked) + 1}"
        self.asked[email_id] = Asked(at, bulk)
        detail = request(emailId=email_id, to=f"{email_id}@example.org", **({"priority": "bulk"} if bulk else {}))
        body = self.sender.message(detail).body
        self._at(at, partial(self.queues["bulk" if bulk else "email"].put, body))
        return email_id

    def _event_later(self, at: float, body: str) -> None:
        self._at(at, partial(self.feedback_queue.put, body))

    # --- time ---------------------------------------------------------------------------------------------------------

    def _at(self, at: float, do: Callable[[], object]) -> None:
        heapq.heappush(self._events, (at, next(self._order), do))

    def run(self, until: float) -> None:
        """Run until nothing is left to do, or a time in Unix seconds."""
        while self._events and self._events[0][0] <= until:
            self.clock.time, _, do = heapq.heappop(self._events)
            do()

    # --- Lambda -------------------------------------------------------------------------------------------------------

    def _map(self, queue: TimedQueue, batch: int, window: float, seconds: float, make: Any) -> None:
        mapping = _Mapping(queue, batch, window, seconds, make)
        queue.on_visible = lambda at: self._at(at + window, partial(self._poll, mapping))

    def _poll(self, mapping: _Mapping) -> None:
        if mapping.running == CONCURRENCY:
            return
        messages = mapping.queue.receive(mapping.batch)
        if not messages:
            return
        mapping.running += 1
        began = self.clock.now()
        mapping.deadline = began + mapping.seconds
        function = mapping.idle.pop() if mapping.idle else mapping.make(mapping)
        failed: Collection[str] | None
        try:
            failed = function(messages, mapping.deadline)
            mapping.idle.append(function)
        except Killed:
            failed, self.killed = None, self.killed + 1
        self._at(max(self.clock.now(), began), partial(self._end, mapping, messages, began, failed))

    def _end(
        self, mapping: _Mapping, messages: list[QueueMessage], began: float, failed: Collection[str] | None
    ) -> None:
        mapping.running -= 1
        mapping.queue.settle(messages, began, failed)
        self._poll(mapping)

    def _make_sender(self, mapping: _Mapping) -> Any:
        ports = msgspec.structs.replace(self.sender.ports(), run_all=self.clock.run_all)
        return SendEmails(mortal(ports, _Calls(self, mapping)), self.sender.rules)

    def _make_processor(self, mapping: _Mapping) -> Any:
        ports = msgspec.structs.replace(self.feedback.ports(), run_all=self.clock.run_all)
        call_seconds = longest_seconds("tracking", mapping.seconds)
        rules = msgspec.structs.replace(self.feedback.rules, call_seconds=call_seconds)
        return RecordFeedback(mortal(ports, _Calls(self, mapping)), rules)

    # --- what came of it ----------------------------------------------------------------------------------------------

    def accepted_at(self) -> dict[str, list[float]]:
        """When SES accepted mails, by email."""
        found: dict[str, list[float]] = {email_id: [] for email_id in self.asked}
        for mail in self.ses.accepted:
            found[mail.record_id].append(mail.at)
        return found

    @property
    def all_queues(self) -> list[TimedQueue]:
        return [*self.queues.values(), self.feedback_queue]


class _Calls:
    """Lets the external calls of one mapping's function take their time, and fail in outages."""

    def __init__(self, world: OutageWorld, mapping: _Mapping) -> None:
        self._world = world
        self._mapping = mapping

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        clock, dice = self._world.clock, self._world.dice

        def wrapped(*args: Any, **options: Any) -> Any:
            if name == "mailer.longest_seconds":
                return call(*args, **options)
            if clock.now() > self._mapping.deadline:
                raise Killed
            outage = next((one for one in self._world.outages if one.hits(name, clock.now(), dice)), None)
            if outage is None:
                clock.sleep(_CALL_SECONDS[service_of(name)])
                return call(*args, **options)
            if name == "mailer.send" and outage.ses == "unknown":
                longest = self._world.ses.longest_seconds(len(args[0]))
            else:
                longest = min(outage.slowest_seconds, longest_seconds(name, self._mapping.seconds))
            clock.sleep(outage.seconds(longest, dice))
            if clock.now() > self._mapping.deadline:
                raise Killed
            return outage.fail(name, call, args, options, dice)

        return wrapped


class TimedBus(FakeBus):
    """Notes when each status event was published first."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.published_at: dict[str, float] = {}
        self._clock = clock

    def publish(self, events: Sequence[StatusEvent]) -> Any:
        for event in events:
            self.published_at.setdefault(event.event_id, self._clock.now())
        return super().publish(events)


class ProbesByTopic(FakeProgress):
    """The watermark; probes pass SNS and the feedback queue."""

    def __init__(self, world: OutageWorld) -> None:
        super().__init__()
        self._world = world

    def send_probe(self, now: float) -> None:
        if self.probes and now < self.probes[-1] + 30:
            return
        self.probes.append(now)
        if any(one.service == "SNS" and one.start <= now < one.end for one in self._world.outages):
            raise TransientError("SNS error sending a probe: EndpointConnectionError", code="AWS005")
        envelope = {"Type": "Notification", "TopicArn": TOPIC, "MessageId": "p", "Message": probe(now)}
        self._world._event_later(now + 0.2, json.dumps(envelope))
