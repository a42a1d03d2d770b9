"""The sender's real code on a simulated clock, with workers like Lambda's and queues like SQS's.

Each worker is a thread, but only one thread runs at a time: a worker that sleeps wakes the next one. So every run is
the same, and an hour takes a moment.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import mean
from typing import Any

import msgspec

from sesmail_layer.aws.rate_bucket import RateBucket
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.pacing import Quota, Reservation
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.usecases.sender.batch import SendEmails
from sesmail_layer.usecases.sender.ports import SenderPorts
from tools.simulation import control_fakes, fakes, limits
from tools.simulation.bucket_items import BucketClient, BucketItems
from tools.simulation.bystanders import not_looked_at
from tools.simulation.sender import sending_rules
from tools.simulation.write_limit import CONTROL, limited, write_limit_of

BATCH = 10
INVOCATION_SECONDS = 30.0
SES_SECONDS = 0.05
DYNAMODB_SECONDS = 0.004


class SimulatedClock:
    """A clock that wakes one sleeping thread at a time, in the order of their wake-up times."""

    def __init__(self) -> None:
        self.time = fakes.NOW
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._order = itertools.count()
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        mine = threading.Event()
        with self._lock:
            heapq.heappush(self._sleepers, (self.time + max(0.0, seconds), next(self._order), mine))
            self._wake_next()
        mine.wait()

    def run(self, workers: Sequence[Callable[[], None]]) -> None:
        """Start all workers now; return when the last one has ended."""
        threads = self._start(workers)
        with self._lock:
            self._wake_next()
        for thread in threads:
            thread.join()

    def run_all(self, steps: Sequence[Callable[[], object]]) -> None:
        """Run a worker's steps at the same time; return when all have ended."""
        left = len(steps)

        def counted(step: Callable[[], object]) -> None:
            nonlocal left
            try:
                step()
            finally:
                left -= 1

        self._start([partial(counted, step) for step in steps])
        while left:
            self.sleep(0.005)

    def _start(self, workers: Sequence[Callable[[], object]]) -> list[threading.Thread]:
        threads = []
        for worker in workers:
            start = threading.Event()
            with self._lock:
                heapq.heappush(self._sleepers, (self.time, next(self._order), start))
            threads.append(threading.Thread(target=self._run_worker, args=(worker, start), daemon=True))
            threads[-1].start()
        return threads

    def _run_worker(self, worker: Callable[[], object], start: threading.Event) -> None:
        start.wait()
        try:
            worker()
        finally:
            with self._lock:
                self._wake_next()

    def _wake_next(self) -> None:
        if self._sleepers:
            self.time, _, event = heapq.heappop(self._sleepers)
            event.set()


@dataclass
class Sent:
    """One email that SES accepted."""

    at: float
    recipients: int
    waited_seconds: float
    bulk: bool


@dataclass
class Outcome:
    """The emails that SES received."""

    sent: list[Sent] = field(default_factory=list)
    throttled: int = 0
    reservation_wait_seconds: list[float] = field(default_factory=list)
    bucket_writes: Counter[bool] = field(default_factory=Counter)
    """Conditional writes on the rate buckets, refused ones included; under True those of bulk's workers."""

    def rate(self, start: float, end: float) -> float:
        return sum(sent.recipients for sent in self.sent if start <= sent.at < end) / (end - start)

    def worst_excess(self, rate: float) -> float:
        """Return the most recipients in any window above `rate` times its length: the burst that a bucket needs."""
        worst = level = 0.0
        before = self.sent[0].at
        for sent in self.sent:
            level = max(0.0, level - rate * (sent.at - before)) + sent.recipients
            worst, before = max(worst, level), sent.at
        return worst

    def writes_a_bulk_email(self) -> float:
        return self.bucket_writes[True] / len(self.waited_seconds(bulk=True))

    def waited_seconds(self, *, bulk: bool) -> list[float]:
        return [sent.waited_seconds for sent in self.sent if sent.bulk is bulk]

    def longest_reservation(self) -> float:
        """Return the longest wait of a reservation, as a multiple of the mean of those that waited."""
        waited = [seconds for seconds in self.reservation_wait_seconds if seconds > 0]
        return max(waited) / mean(waited) if waited else 0.0


class _Bucket(RateBucket):
    """One worker's rate bucket: the engine's own, with its reservations noted."""

    def __init__(self, client: Any, outcome: Outcome, clock: SimulatedClock) -> None:
        super().__init__(client, CONTROL)
        self._outcome = outcome
        self._clock = clock

    def advance(self, name: str, cost_seconds: float, *, floor: float, latest_start: float) -> Reservation:
        reservation = super().advance(name, cost_seconds, floor=floor, latest_start=latest_start)
        if reservation.granted and name == "pacer#all":
            self._outcome.reservation_wait_seconds.append(reservation.empty_at - self._clock.now())
        return reservation


class _Ses:
    """Counts a send above SES's rate as throttled; like SES, allows a burst of one second."""

    def __init__(self, clock: SimulatedClock, rate: float, outcome: Outcome, arrivals: Mapping[str, float]) -> None:
        self._clock = clock
        self._rate = rate
        self._outcome = outcome
        self._arrivals = arrivals
        self._level = 0.0
        self._at = clock.now()

    def longest_seconds(self, size: int) -> float:
        return 14.0

    def send(
        self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str], tenant: str = ""
    ) -> str:
        now = self._clock.now()
        self._level = max(0.0, self._level - self._rate * (now - self._at))
        self._at = now
        if self._level > self._rate:
            self._outcome.throttled += 1
        self._level += len(recipients)
        email_id = recipients[0].partition("@")[0]
        waited_seconds = now - self._arrivals[email_id]
        self._outcome.sent.append(Sent(now, len(recipients), waited_seconds, email_id.startswith("bulk")))
        self._clock.sleep(SES_SECONDS)
        return f"ses-{len(self._outcome.sent)}"


class RetryQueue:
    """SQS with delays; the message that was visible first is received first."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[float, int, str]] = []
        self._order = itertools.count()

    def put_all(self, messages: Sequence[tuple[str, float]]) -> dict[int, TransientError]:
        for body, delay_seconds in messages:
            self.put(body, delay_seconds)
        return {}

    def put(self, body: str, delay_seconds: float) -> None:
        limits.check_queue_takes(body)
        heapq.heappush(self._waiting, (self._clock.now() + min(delay_seconds, 900), next(self._order), body))

    def receive(self, most: int) -> list[str]:
        bodies: list[str] = []
        while self._waiting and self._waiting[0][0] <= self._clock.now() and len(bodies) < most:
            bodies.append(heapq.heappop(self._waiting)[2])
        return bodies

    def take(self) -> list[str]:
        """Remove all messages, visible or not."""
        waiting, self._waiting = self._waiting, []
        return [body for *_, body in waiting]

    def __len__(self) -> int:
        return len(self._waiting)


class _Quota(control_fakes.FakeQuota):
    """SES's quota with the lease and the age of the stored answer, as the table keeps them."""

    def __init__(self, rate: float, clock: SimulatedClock) -> None:
        super().__init__()
        self._rate = rate
        self._clock = clock
        self._leased_until = 0.0
        self.value = None

    def take_quota_lease(self, now: float, seconds: float) -> bool:
        if now < self._leased_until:
            return False
        self._leased_until = now + seconds
        return True

    def ask(self) -> Quota:
        now = self._clock.now()
        return Quota(max_send_rate=self._rate, max_24_hour_send=-1, sent_last_24_hours=0, checked_at=now)


class Simulation:
    """An account with one SES rate, and workers on queues of emails."""

    poll_seconds = 0.5
    receive_seconds = 0.04
    """From one batch to the next: SQS's answer, and the reads that a batch begins with."""

    def __init__(self, rate: float, *, copies: int = 0) -> None:
        random.seed(1)  # The engine's own jitter.
        self.clock = SimulatedClock()
        self.outcome = Outcome()
        self.limit = write_limit_of(self.clock)
        self.rate = rate
        self._copies = copies
        self._arrivals: dict[str, float] = {}
        self._ids = itertools.count(1)
        self.retry = {False: RetryQueue(self.clock), True: RetryQueue(self.clock)}
        self._buckets = BucketItems(self.limit)
        self._quota = _Quota(rate, self.clock)
        self._control = control_fakes.FakeControl()
        self.figures = control_fakes.FakeFigures(self._control)
        self._tracking = fakes.FakeTrackingTable()
        self._templates = fakes.FakeTemplates()
        self._pending = fakes.FakePendingTable(fakes.FakeClock())
        self._mailer = _Ses(self.clock, rate, self.outcome, self._arrivals)

    def email(self, *, bulk: bool = False, at: float | None = None) -> str:
        """Return the queue message of a new email that arrives now, or at `at`."""
        number = next(self._ids)
        email_id = f"{'bulk' if bulk else 'mail'}-{number}"
        self._arrivals[email_id] = self.clock.now() if at is None else at
        detail: dict[str, Any] = fakes.request(emailId=email_id, to=f"{email_id}@example.com")
        if bulk:
            detail["priority"] = "bulk"
        if self._copies:
            detail["cc"] = [f"cc{n}@example.com" for n in range(self._copies)]
        return json.dumps({"id": email_id, "source": "sim", "detail-type": "Email Request", "detail": detail})

    def worker(self, queue: deque[str], until: float, *, bulk: bool = False) -> Callable[[], None]:
        """Return a worker on one lane's queue and retry queue, which ends at `until` or when both are empty."""

        # One for each worker: like a Lambda container it remembers producers for some seconds.
        send = SendEmails(self._ports(bulk=bulk), sending_rules())
        retry = self.retry[bulk]

        def work() -> None:
            while self.clock.now() < until:
                bodies = [queue.popleft() for _ in range(min(BATCH, len(queue)))] or retry.receive(BATCH)
                if not bodies:
                    if not queue and not retry:
                        return
                    self.clock.sleep(self.poll_seconds)
                    continue
                self.clock.sleep(self.receive_seconds)
                messages = [QueueMessage(f"sqs-{next(self._ids)}", body) for body in bodies]
                assert send(messages, self.clock.now() + INVOCATION_SECONDS) == set()

        return work

    def run(self, workers: Sequence[Callable[[], None]]) -> Outcome:
        self.clock.run(workers)
        return self.outcome

    def _bucket_of(self, *, bulk: bool) -> RateBucket:
        def before_write(_key: str) -> None:
            self.clock.sleep(DYNAMODB_SECONDS)
            self.outcome.bucket_writes[bulk] += 1

        return _Bucket(BucketClient(self._buckets, before_write), self.outcome, self.clock)

    def _ports(self, *, bulk: bool) -> SenderPorts:
        ports = msgspec.structs.replace(self._stores(), rate_bucket=self._bucket_of(bulk=bulk))
        return limited(ports, self.clock)

    def _stores(self) -> SenderPorts:
        return SenderPorts(
            tracking=self._tracking,
            pending=self._pending,
            producer_states=self._control,
            cancel_rules=self._control,
            cap_counters=self._control,
            sending_counts=self._control,
            figures=self.figures,
            quota_cache=self._quota,
            quota_api=self._quota,
            templates=self._templates,
            mailer=self._mailer,
            retry_queue=self.retry[False],
            bulk_retry_queue=self.retry[True],
            clock=self.clock,
            run_all=self.clock.run_all,
            **not_looked_at(),
        )
