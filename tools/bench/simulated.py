"""Simulate pacing with the sender's real code and a simulated clock, at four SES rates."""

from __future__ import annotations

from collections import deque

import msgspec

from tools.simulation.simulation import Simulation

UTILISATION = 0.95
NEWSLETTER = 50_000


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

    bulk_workers = [simulation.worker(bulk, start + seconds) for _ in range(5)]
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


def measure(*, quick: bool) -> tuple[list[Paced], list[Behind]]:
    """Simulate the rates of SES's sandbox, of a new production account and of larger accounts."""
    runs = [(1, 50, 120), (14, 50, 30), (100, 50, 10), (500, 50, 4)]
    lanes = [(14.0, 20.0, 2_000)] if quick else [(14.0, 30.0, NEWSLETTER), (100.0, 20.0, NEWSLETTER)]
    return [paced(*run) for run in runs], [behind(*run) for run in lanes]
