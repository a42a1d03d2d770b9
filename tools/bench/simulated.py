"""Simulate pacing with the sender's real code and a simulated clock, at SES's rates from the sandbox's on."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

import msgspec

from tools.simulation.simulation import Simulation
from tools.simulation.write_limit import CONTROL

UTILISATION = 0.95
NEWSLETTER = 50_000
_TRANSACTIONAL_WORKERS = 5


class Paced(msgspec.Struct, frozen=True, kw_only=True):
    """The result of many workers at one rate, as SES sees it."""

    rate: float
    workers: int
    seconds: float
    used_share: float
    """Of the paced rate (0.95 of SES's)."""
    worst_excess: float
    """Most recipients above rate × length, over all windows; a burst of one second is allowed."""
    longest_reservation: float
    """Longest wait of a reservation, as a multiple of the mean wait of those that waited."""
    throttled: int


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """The result for transactional emails while a newsletter is sent."""

    rate: float
    newsletter: int
    emails: int
    longest_wait_seconds: float
    bulk_used_share: float
    """Of bulk's share (0.8) of the paced rate."""
    throttled: int


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """The result for both lanes while a newsletter is sent; shares are of the paced rate."""

    rate: float
    bulk_workers: int
    load: float
    """Share of transactional mail."""
    writes_a_bulk_email: float
    """Conditional writes on the rate buckets, refused ones included."""
    bulk_share: float
    used_share: float
    """By both lanes."""
    longest_wait_seconds: float
    """Of a transactional email."""
    most_writes: int
    """Within one second, on the rate bucket that has the most."""
    throttled: int


def paced(rate: float, workers: int, seconds: float) -> Paced:
    simulation = Simulation(rate)
    start = simulation.clock.now()
    queue = deque(simulation.email() for _ in range(int(rate * (seconds + 30))))
    outcome = simulation.run([simulation.worker(queue, start + seconds) for _ in range(workers)])
    return Paced(
        rate=rate,
        workers=workers,
        seconds=seconds,
        used_share=outcome.rate(start + 2, start + seconds) / (rate * UTILISATION),
        worst_excess=outcome.worst_excess(rate),
        longest_reservation=outcome.longest_reservation(),
        throttled=outcome.throttled,
    )


def behind(rate: float, seconds: float, newsletter: int) -> Behind:
    """Send one transactional email every two seconds while a newsletter is queued from the start."""
    simulation = Simulation(rate)
    start = simulation.clock.now()
    bulk = deque(simulation.email(bulk=True) for _ in range(newsletter))
    urgent: deque[str] = deque()

    def producer() -> None:
        while simulation.clock.now() < start + seconds - 4:
            simulation.clock.sleep(2)
            urgent.append(simulation.email())

    def lane() -> None:
        work = simulation.worker(urgent, start + seconds)
        while simulation.clock.now() < start + seconds:
            work()
            simulation.clock.sleep(0.2)

    bulk_workers = [simulation.worker(bulk, start + seconds, bulk=True) for _ in range(5)]
    outcome = simulation.run([producer, *bulk_workers, lane])
    waited_seconds = outcome.waited_seconds(bulk=False)
    used = sum(sent.recipients for sent in outcome.sent if sent.bulk and start + 2 <= sent.at < start + seconds - 2)
    return Behind(
        rate=rate,
        newsletter=newsletter,
        emails=len(waited_seconds),
        longest_wait_seconds=max(waited_seconds),
        bulk_used_share=used / (seconds - 4) / (rate * UTILISATION * 0.8),
        throttled=outcome.throttled,
    )


def lanes(rate: float, seconds: float, bulk_workers: int, load: float = 0.3) -> Lanes:
    """Send transactional emails at random times, `load` of the rate, while a newsletter is queued from the start."""
    simulation = Simulation(rate)
    start = simulation.clock.now()
    end, counted_from, counted_to = start + seconds, start + 2, start + seconds - 4
    bulk = deque(simulation.email(bulk=True) for _ in range(int(rate * seconds)))
    urgent: deque[str] = deque()
    outcome = simulation.run(
        [
            _producer(simulation, urgent, load * rate * UTILISATION, counted_to),
            *(_polling(simulation, urgent, end) for _ in range(_TRANSACTIONAL_WORKERS)),
            *(simulation.worker(bulk, end, bulk=True) for _ in range(bulk_workers)),
        ]
    )
    counted = [sent for sent in outcome.sent if counted_from <= sent.at < counted_to]
    whole = rate * UTILISATION * (counted_to - counted_from)
    return Lanes(
        rate=rate,
        bulk_workers=bulk_workers,
        load=load,
        writes_a_bulk_email=outcome.writes_a_bulk_email(),
        bulk_share=sum(sent.bulk for sent in counted) / whole,
        used_share=len(counted) / whole,
        longest_wait_seconds=max(outcome.waited_seconds(bulk=False), default=0.0),
        most_writes=max(simulation.limit.highest[CONTROL, f"pacer#{lane}"] for lane in ("all", "bulk")),
        throttled=outcome.throttled,
    )


def _producer(simulation: Simulation, queue: deque[str], a_second: float, until: float) -> Callable[[], None]:
    def produce() -> None:
        while a_second and simulation.clock.now() < until:
            simulation.clock.sleep(random.expovariate(a_second))
            queue.append(simulation.email())

    return produce


def _polling(simulation: Simulation, queue: deque[str], until: float) -> Callable[[], None]:
    work = simulation.worker(queue, until)

    def poll() -> None:
        while simulation.clock.now() < until:
            work()
            simulation.clock.sleep(0.1)

    return poll


def measure(*, quick: bool) -> tuple[list[Paced], list[Behind], list[Lanes]]:
    """Simulate the rates of SES's sandbox, of a new production account and of larger accounts."""
    runs = [(1, 50, 120), (14, 50, 30), (100, 50, 10), (500, 50, 4)]
    newsletters = [(14.0, 20.0, 2_000)] if quick else [(14.0, 30.0, NEWSLETTER), (100.0, 20.0, NEWSLETTER)]
    both = [(1, 120, 5), (14, 60, 5), (50, 30, 5), (200, 20, 2), (200, 20, 5), (200, 20, 25)]
    return (
        [paced(*run) for run in runs],
        [behind(*run) for run in newsletters],
        [lanes(*run) for run in both],
    )
