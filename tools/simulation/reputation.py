"""Sender and feedback processor together on the simulated clock; SES events arrive 5 to 15 seconds late."""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import msgspec

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.soft_bounce_run import PastEmail
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.tags import decode_tag
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from sesmail_layer.usecases.feedback.ports import FeedbackPorts
from sesmail_layer.usecases.sender.ports import SenderPorts
from tools.simulation import control_fakes, fakes, feedback
from tools.simulation.dead_letters import FakeDeadLetters
from tools.simulation.simulation import BATCH, DYNAMODB_SECONDS, SES_SECONDS, SimulatedClock, Simulation
from tools.simulation.write_limit import limited

LIMITS = feedback.limits()
_FEEDBACK_DELAY_SECONDS = (5.0, 15.0)


@dataclass
class Sent:
    """One email that SES accepted."""

    at: float
    source: str
    to: str
    waited_seconds: float


class IndexedTracking(fakes.FakeTrackingTable):
    """A tracking table with an index of the addresses that were sent to: the fake looks at every record."""

    def __init__(self) -> None:
        super().__init__()
        self._sent_to: set[str] = set()

    def replace(self, record: TrackingRecord) -> TrackingRecord | None:
        existing = super().replace(record)
        if existing is None and record.ses_message_id and record.to_email:
            self._sent_to.add(record.to_email)
        return existing

    def has_sent_to(self, address: str) -> bool:
        return address in self._sent_to

    def latest_to(self, address: str, limit: int) -> Sequence[PastEmail]:
        return []


class Ses:
    """Accepts everything; addresses at `invented.example` do not exist, those at `annoyed.example` complain."""

    def __init__(self, clock: SimulatedClock, arrivals: Mapping[str, float]) -> None:
        self.sent: list[Sent] = []
        self.events: list[tuple[float, int, dict[str, Any]]] = []
        self._clock = clock
        self._arrivals = arrivals
        self._order = itertools.count()
        self._random = random.Random(6)

    def longest_seconds(self, size: int) -> float:
        return 14.0

    def send(
        self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str], tenant: str = ""
    ) -> str:
        email_id = decode_tag(tags["emailId"]) or ""
        now, [to] = self._clock.now(), recipients
        self.sent.append(Sent(now, decode_tag(tags["source"]) or "", to, now - self._arrivals[email_id]))
        at = now + self._random.uniform(*_FEEDBACK_DELAY_SECONDS)
        heapq.heappush(self.events, (at, next(self._order), _event(email_id, to, at - fakes.NOW)))
        self._clock.sleep(SES_SECONDS)
        return f"ses-{email_id}"


def _event(email_id: str, to: str, second: float) -> dict[str, Any]:
    about: dict[str, Any] = {"email_id": email_id, "to": (to,)}
    if to.endswith("@invented.example"):
        payload = feedback.bounced(who=to, **about)
    elif to.endswith("@annoyed.example"):
        payload = feedback.complained(**about)
        payload["complaint"]["complainedRecipients"] = [{"emailAddress": to}]
    else:
        payload = feedback.event("Delivery", "delivery", {"recipients": [to]}, **about)
    key = str(payload["eventType"]).lower()
    payload[key]["timestamp"] = utc_text(fakes.NOW + second)
    return payload


class ReputationSimulation(Simulation):
    """An account with several producers, workers on its email queue, and one worker on its feedback queue."""

    poll_seconds = 0.1

    def __init__(self, rate: float) -> None:
        super().__init__(rate)
        self.start = self.clock.now()
        self.queue: deque[str] = deque()
        self.ses = Ses(self.clock, self._arrivals)
        self.bus = fakes.FakeBus()
        self._mailer = self.ses  # type: ignore[assignment]
        self._tracking = IndexedTracking()
        self._suppression = fakes.FakeSuppressionTable()

    def set_policy(self, source: str, policy: ProducerPolicy) -> None:
        self._control.policies[source] = policy
        self.limit.list_producer(source)

    def state(self, source: str) -> SendingState | None:
        return self._control.states.get(source)

    def producer(self, source: str, per_second: float, seconds: float, domain: str) -> Callable[[], None]:
        """Return a producer that requests emails at a constant rate, each to another address."""

        def produce() -> None:
            for number in range(int(per_second * seconds)):
                self.queue.append(self._request(source, f"{source}{number}@{domain}"))
                self.clock.sleep(1 / per_second)

        return produce

    def _request(self, source: str, to: str) -> str:
        email_id = f"{source}-{next(self._ids)}"
        self._arrivals[email_id] = self.clock.now()
        detail = fakes.request(emailId=email_id, to=to)
        return json.dumps({"id": email_id, "source": source, "detail-type": "Email Request", "detail": detail})

    def senders(self, workers: int, seconds: float) -> list[Callable[[], None]]:
        """Return workers that keep polling an empty queue."""

        def polling(work: Callable[[], None]) -> Callable[[], None]:
            def poll() -> None:
                while self.clock.now() < self.start + seconds:
                    work()
                    self.clock.sleep(0.1)

            return poll

        return [polling(self.worker(self.queue, self.start + seconds)) for _ in range(workers)]

    def feedback_processor(self, seconds: float) -> Callable[[], None]:
        """Return a worker of the feedback function, with batches of ten."""
        breaker_table = control_fakes.FakeBreakerTable(self._control)
        ports = FeedbackPorts(
            tracking=self._tracking,
            suppression=self._suppression,
            producer_states=breaker_table,
            sending_counts=breaker_table,
            figures=self.figures,
            alarm_states=control_fakes.FakeAlarmStates(),
            pending=fakes.FakePendingTable(fakes.FakeClock()),
            retry_queue=fakes.FakeDelayQueue(),
            feedback_queue=fakes.FakeDelayQueue(),
            dead_letters=FakeDeadLetters(),
            progress=control_fakes.FakeProgress(),
            run_all=fakes.one_after_another,
            bulk_retry_queue=fakes.FakeDelayQueue(),
            bus=self.bus,
            sending_bus=self.bus,
            clock=self.clock,
            metrics=fakes.FakeMetrics(),
            log=fakes.FakeLog(),
        )
        record = RecordFeedback(
            limited(ports, self.clock), feedback.feedback_rules(topic_arn="", soft_bounce_retries=0)
        )

        def work() -> None:
            while self.clock.now() < self.start + seconds:
                messages = self._receive()
                if not messages:
                    self.clock.sleep(0.1)
                    continue
                assert record(messages, self.clock.now() + 15) == set()
                self.clock.sleep(DYNAMODB_SECONDS * (len(messages) + 4))

        return work

    def _receive(self) -> list[QueueMessage]:
        messages: list[QueueMessage] = []
        while self.ses.events and self.ses.events[0][0] <= self.clock.now() and len(messages) < BATCH:
            messages.append(QueueMessage(f"event-{next(self._ids)}", json.dumps(heapq.heappop(self.ses.events)[2])))
        return messages

    def _stores(self) -> SenderPorts:
        return msgspec.structs.replace(super()._stores(), suppression=self._suppression)

    def sent_by(self, *sources: str) -> list[Sent]:
        return [sent for sent in self.ses.sent if sent.source in sources]

    def p95_waited_seconds(self, *sources: str) -> float:
        return quantiles([sent.waited_seconds for sent in self.sent_by(*sources)], n=20)[-1]

    def records_of(self, source: str) -> Collection[TrackingRecord]:
        return [record for record in self._tracking.records.values() if record.original_source == source]
