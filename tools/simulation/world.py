"""The engine's real use cases between simulated queues, tables and SES; a seed decides everything that happens.

Three senders and two feedback processors work at the same time, each stopped before every external call. The seed
picks who goes next, which call fails or kills its function, what SES does, and when SES's events arrive.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.tracking import TrackingRecord, Transition
from sesmail_layer.domain.request.email_request import fingerprint
from sesmail_layer.domain.ses.watermark import probe
from sesmail_layer.domain.status_event import StatusEvent, status_event
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.control_fakes import FakeProgress
from tools.simulation.crashes import mortal
from tools.simulation.fakes import NOW, FakeBus, FakeTemplates
from tools.simulation.feedback import TOPIC, Feedback
from tools.simulation.queues import SimulatedQueue
from tools.simulation.sender import Sender
from tools.simulation.ses import SimulatedSes
from tools.simulation.stepping import Container, Fault, Invocation, UseCase

SENDERS, PROCESSORS = 3, 2
SENDER_SECONDS, PROCESSOR_SECONDS = 30.0, 15.0
_BATCH = 10
_STEP_SECONDS = (0.001, 0.005, 0.02)
_OPERATOR_SECONDS = 3_600.0
_LONGEST_RUN = 20_000
_TEMPLATES = FakeTemplates()
# Calls that answer a failure instead of raising it.
_NEVER_RAISE = {
    *("bus.publish", "bus.announce", "sending_bus.announce", "mailer.send"),
    *("retry_queue.put_all", "bulk_retry_queue.put_all", "dead_letters.put_all"),
}


@dataclass(frozen=True)
class Trouble:
    """What goes wrong in a world: how many calls, and which share of them."""

    kills: int = 0
    errors: int = 0
    pauses: int = 0
    """Calls that take longer than an invocation may last."""
    share: float = 0.04
    """Of the calls, until kills and errors are used up."""
    ses_faults: float = 0.0
    timeouts: bool = False
    """SES's faults are time-outs alone."""
    late_events: float = 0.0
    doubled: float = 0.0
    """Of SES's events."""
    doubles: int = 0
    """Messages that each queue delivers twice."""
    refused_statuses: float = 0.0
    refused_puts: int = 0
    """Messages that each queue does not take, or takes without saying so."""
    processor_down_seconds: float = 0.0
    """How long no SES event is processed at first."""
    outcomes: bool = False
    """SES's events are not only deliveries."""
    repeated_writes: float = 0.0
    """Of the tracking table's, which botocore repeats although the first was stored: its answer was lost."""


@dataclass(frozen=True)
class Asked:
    """One request on the bus."""

    event_id: str
    source: str
    email_id: str
    fingerprint: str
    is_valid: bool


class World:
    def __init__(self, seed: int, trouble: Trouble, **rules: Any) -> None:
        """`rules` are the sender's, in place of Terraform's defaults."""
        random.seed(seed)  # The engine's own jitter.
        self.rng = random.Random(seed)
        self.trouble = trouble
        self.asked: list[Asked] = []
        self.listed_at: dict[str, float] = {}
        """When each address was suppressed."""
        self.listed_by_others: set[str] = set()
        """Addresses that something else than SES's events about our mail suppresses."""
        self.cancelled: set[str] = set()
        """Ids of emails that somebody cancels."""
        self.errors_from_outside: set[str] = set()
        """What any email may fail with, because of something that happened outside."""
        self.foreign_ids: set[str] = set()
        """Keys of tracking records that somebody else wrote."""
        self.sent_in: list[float] = []
        """When the invocation began that sent each of SES's mails."""
        self.faults = 0
        """Calls that failed or killed their function."""
        self.requests_given_up = 0
        """Requests that could be read, and reached a dead-letter queue."""
        self._left = {"kills": trouble.kills, "errors": trouble.errors, "pauses": trouble.pauses}
        self.sender = Sender(**rules)
        self.feedback = Feedback(soft_bounce_threshold=10)
        self.clock = self.sender.clock
        self.tracking = self.sender.tracking
        self._connect()
        self._repeat_writes(random.Random(f"repeats-{seed}"))
        self._senders = [Container(self._make_sender) for _ in range(SENDERS)]
        self._processors = [Container(self._make_processor) for _ in range(PROCESSORS)]
        self._running: dict[Container, tuple[Invocation, SimulatedQueue, list[QueueMessage], float]] = {}
        self._acts: list[tuple[float, Callable[[], None]]] = []
        self._operator_at = self.clock.now() + _OPERATOR_SECONDS
        self._processor_up_at = self.clock.now() + trouble.processor_down_seconds

    def _connect(self) -> None:
        """Give both functions the same tables, queues and bus."""
        sender, feedback, trouble = self.sender, self.feedback, self.trouble
        queue = partial(
            SimulatedQueue, clock=self.clock, rng=self.rng, doubles=trouble.doubles, refusals=trouble.refused_puts
        )
        self.email_queue = queue("email", visibility_seconds=6 * SENDER_SECONDS)
        self.retry_queue = queue("retry", visibility_seconds=6 * SENDER_SECONDS)
        self.feedback_queue = queue("feedback", visibility_seconds=6 * PROCESSOR_SECONDS + 5)
        self.bulk_retry_queue = queue("bulk-retry", visibility_seconds=6 * SENDER_SECONDS)
        self.queues = (self.email_queue, self.retry_queue, self.bulk_retry_queue, self.feedback_queue)
        self.ses = SimulatedSes(
            self.clock,
            self.rng,
            faults=trouble.ses_faults,
            late=trouble.late_events,
            doubled=trouble.doubled,
            outcomes=trouble.outcomes,
            timeouts=trouble.timeouts,
        )
        self.bus = _Bus(self)
        sender.templates, sender.bus = _TEMPLATES, self.bus
        sender.mailer, sender.progress = self.ses, _Progress(self.feedback_queue)  # type: ignore[assignment]
        sender.waiting, sender.bulk_waiting = self.retry_queue, self.bulk_retry_queue  # type: ignore[assignment]
        feedback.progress, feedback.again = sender.progress, self.feedback_queue  # type: ignore[assignment]
        feedback.clock, feedback.tracking, feedback.bus = self.clock, self.tracking, self.bus
        feedback.suppression, feedback.pending = sender.suppression, sender.pending
        feedback.control, feedback.breaker_table.control = sender.control, sender.control
        feedback.waiting, feedback.bulk_waiting = self.retry_queue, self.bulk_retry_queue  # type: ignore[assignment]

    def _repeat_writes(self, rng: random.Random) -> None:
        def write(call: Callable[[TrackingRecord], TrackingRecord | None], record: TrackingRecord) -> object:
            answer = call(record)
            return call(record) if rng.random() < self.trouble.repeated_writes else answer

        for name in ("create", "replace"):
            setattr(self.tracking, name, partial(write, getattr(self.tracking, name)))

    # --- what comes in ------------------------------------------------------------------------------------------------

    def ask(
        self, detail: Mapping[str, Any], *, source: str = "my.application", copies: int = 1, is_valid: bool = True
    ) -> None:
        """Put one request on the bus; EventBridge delivers it `copies` times."""
        event_id = f"event-{len(self.asked) + 1}"
        for _ in range(copies):
            self.email_queue.put(self.sender.message(detail, event_id=event_id, source=source).body)
        email_id = detail.get("emailId") or f"email-{event_id}"
        self.asked.append(Asked(event_id, source, email_id, fingerprint(dict(detail), source), is_valid))

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something from outside, some seconds after the start."""
        self._acts.append((NOW + seconds, act))
        self._acts.sort(key=lambda each: each[0])

    def list_address(self, address: str) -> None:
        """Suppress an address by a row that somebody else wrote, as the adapter reads it."""
        self.sender.suppression.list_address(address, SuppressionReason.MANUAL)
        self.listed_by_others.add(address)
        self.listed_at[address] = 0.0

    # --- running ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Run until nothing is left to do."""
        try:
            self._run()
        finally:
            for invocation, *_ in self._running.values():
                invocation.abandon()

    def _run(self) -> None:
        for _ in range(_LONGEST_RUN):
            self._deliver_events()
            self._start_some()
            if self._running:
                self._step()
            elif not self._wait():
                return
        raise AssertionError("the world never comes to rest")

    def _deliver_events(self) -> None:
        for body in self.ses.take_due_events():
            self.feedback_queue.put(body)
        if self.clock.now() >= self._operator_at:
            self._operator_at += _OPERATOR_SECONDS
            self._redrive()
        while self._acts and self._acts[0][0] <= self.clock.now():
            self._acts.pop(0)[1]()

    def _redrive(self) -> bool:
        """Redrive all dead-letter queues, as an operator does; True where there was something to redrive."""
        moved = [queue.redrive() for queue in self.queues]
        self.requests_given_up += sum(moved[:-1])
        return any(moved)

    def _start_some(self) -> None:
        queues_of: list[tuple[Container, Sequence[SimulatedQueue]]] = [(one, self.queues[:-1]) for one in self._senders]
        if self.clock.now() >= self._processor_up_at:
            queues_of += [(one, self.queues[-1:]) for one in self._processors]
        for container, queues in queues_of:
            filled = [] if container in self._running else [queue for queue in queues if queue.has_visible()]
            if filled and self.rng.random() < 0.3:
                queue = self.rng.choice(filled)
                messages = queue.receive(self.rng.randint(1, _BATCH))
                if messages:
                    self._start(container, queue, messages)

    def _start(self, container: Container, queue: SimulatedQueue, messages: list[QueueMessage]) -> None:
        began = self.clock.now()
        deadline = began + (PROCESSOR_SECONDS if queue is self.feedback_queue else SENDER_SECONDS)
        invocation = container.invoke(messages, partial(self._fault, deadline))
        self._running[container] = invocation, queue, messages, began

    def _step(self) -> None:
        self.clock.time += self.rng.choice(_STEP_SECONDS)
        if self._left["pauses"] and self.rng.random() < self.trouble.share:
            self._left["pauses"] -= 1
            self.clock.time += self.rng.uniform(5, 2 * SENDER_SECONDS)
        container = self.rng.choice(list(self._running))
        invocation, queue, messages, began = self._running[container]
        sent, suppressed = len(self.ses.accepted), set(self.sender.suppression.entries)
        invocation.step()
        self.sent_in += [began] * (len(self.ses.accepted) - sent)
        for address in set(self.sender.suppression.entries) - suppressed:
            self.listed_at[address] = self.clock.now()
        if invocation.ended:
            del self._running[container]
            if invocation.failed is not None:
                failed = invocation.failed
                queue.delete([message for message in messages if message.message_id not in failed])

    def _wait(self) -> bool:
        """Go on to the next time at which something happens; False where nothing does any more."""
        times = [
            self.ses.next_event_at(),
            self._acts[0][0] if self._acts else None,
            *(queue.next_visible_at() for queue in self.queues[:-1]),
        ]
        feedback_at = self.feedback_queue.next_visible_at()
        times.append(feedback_at and max(feedback_at, self._processor_up_at))
        known = [at for at in times if at is not None]
        if not known:
            return self._redrive()
        self.clock.time = max(self.clock.now(), min(known))
        return True

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    def _fault(self, deadline: float, name: str) -> Fault:
        fault = self._choose_fault(deadline, name)
        self.faults += fault is not Fault.NONE
        return fault

    def _choose_fault(self, deadline: float, name: str) -> Fault:
        if self.clock.now() > deadline:
            return Fault.KILLED_BEFORE
        if self.rng.random() >= self.trouble.share:
            return Fault.NONE
        kinds = [kind for kind in ("kills", "errors") if self._left[kind]]
        if name in _NEVER_RAISE and "errors" in kinds:
            kinds.remove("errors")
        if not kinds:
            return Fault.NONE
        kind = self.rng.choice(kinds)
        self._left[kind] -= 1
        either = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER), (Fault.ERROR_BEFORE, Fault.ERROR_AFTER)
        return self.rng.choice(either[kind == "errors"])

    # --- the functions ------------------------------------------------------------------------------------------------

    def _make_sender(self, container: Container) -> UseCase:
        send = SendEmails(mortal(self.sender.ports(), container), self.sender.rules)
        return lambda messages: send(messages, self.clock.now() + SENDER_SECONDS)

    def _make_processor(self, container: Container) -> UseCase:
        record = RecordFeedback(mortal(self.feedback.ports(), container), self.feedback.rules)
        return lambda messages: record(messages, self.clock.now() + PROCESSOR_SECONDS)


class _Progress(FakeProgress):
    """The watermark, with probes that pass the queue of SES's events."""

    def __init__(self, feedback_queue: SimulatedQueue) -> None:
        super().__init__()
        self.answers_probes = False
        self._feedback_queue = feedback_queue

    def send_probe(self, now: float) -> None:
        sent = len(self.probes)
        super().send_probe(now)
        if len(self.probes) > sent:
            envelope = {"Type": "Notification", "TopicArn": TOPIC, "MessageId": "probe", "Message": probe(now)}
            self._feedback_queue.put(json.dumps(envelope))


class _Bus(FakeBus):
    """Notes what is published before it is stored, and rejects some of the rest."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.too_early: list[StatusEvent] = []
        self._world = world
        self.refuse = lambda _event: world.rng.random() < world.trouble.refused_statuses

    def publish(self, events: Sequence[StatusEvent]) -> Mapping[str, str]:
        for event in events:
            stored = self._world.tracking.records.get(event.record_id)
            if stored is None or event.event_id not in expected_events(stored):
                self.too_early.append(event)
        return super().publish(events)


def expected_events(record: TrackingRecord) -> dict[str, StatusEvent]:
    """The status events of a record's transitions, by event id."""
    entries = {entry.key: entry for entry in record.history}
    events = (status_event(record, Transition(entries[key], None)) for key in record.transitions)
    return {event.event_id: event for event in events if event is not None}
