"""Pacing: the sender's real code on a simulated clock."""

from __future__ import annotations

from collections import deque

import pytest

from tools.simulation.simulation import Simulation

UTILISATION = 0.95


@pytest.mark.parametrize(("rate", "workers", "seconds"), [(1, 5, 120), (14, 50, 30), (100, 50, 10), (500, 50, 4)])
def test_fifty_workers_use_the_rate_and_never_exceed_it(rate: float, workers: int, seconds: float) -> None:
    simulation = Simulation(rate)
    start = simulation.clock.now()
    queue = deque(simulation.email() for _ in range(int(rate * (seconds + 30))))

    outcome = simulation.run([simulation.worker(queue, start + seconds) for _ in range(workers)])

    paced = rate * UTILISATION
    assert outcome.throttled == 0
    assert outcome.rate(start + 2, start + seconds) >= 0.95 * paced
    assert outcome.worst_excess(rate) <= max(paced, 1) + 1
    assert outcome.longest_reservation() <= 3


def test_messages_to_many_recipients_are_paced_by_recipient() -> None:
    simulation = Simulation(14, copies=9)
    start = simulation.clock.now()
    queue = deque(simulation.email() for _ in range(200))

    outcome = simulation.run([simulation.worker(queue, start + 30) for _ in range(10)])

    assert outcome.throttled == 0
    assert 0.95 * 13.3 <= outcome.rate(start + 2, start + 30) <= 14


@pytest.mark.parametrize("rate", [14, 60])
def test_a_transactional_email_behind_a_newsletter_is_sent_within_two_seconds(rate: float) -> None:
    simulation = Simulation(rate)
    start = simulation.clock.now()
    newsletter = deque(simulation.email(bulk=True) for _ in range(int(rate * 30)))
    resets: deque[str] = deque()

    def producer() -> None:
        for _ in range(10):
            simulation.clock.sleep(2)
            resets.append(simulation.email())

    bulk_workers = [simulation.worker(newsletter, start + 25) for _ in range(5)]
    lane = [simulation.worker(resets, start + 25) for _ in range(5)]

    def poll_lane() -> None:
        while simulation.clock.now() < start + 25:
            lane[0]()
            simulation.clock.sleep(0.2)

    outcome = simulation.run([producer, *bulk_workers, poll_lane])

    assert len(outcome.waited_seconds(bulk=False)) == 10
    assert max(outcome.waited_seconds(bulk=False)) <= 2
    assert outcome.throttled == 0
    assert outcome.rate(start + 2, start + 20) >= 0.9 * 0.8 * 0.95 * rate
