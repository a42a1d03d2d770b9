"""Pacing: the sender's real code on a simulated clock."""

from __future__ import annotations

from collections import deque

import pytest

from tools.bench.simulated import UTILISATION, behind, paced
from tools.simulation.simulation import DYNAMODB_SECONDS, Simulation


@pytest.mark.parametrize(("rate", "workers", "seconds"), [(1, 5, 120), (14, 50, 30), (100, 50, 10), (500, 50, 4)])
def test_fifty_workers_use_the_rate_and_never_exceed_it(rate: float, workers: int, seconds: float) -> None:
    found = paced(rate, workers, seconds)

    assert found.throttled == 0
    assert found.used_share >= 0.95
    # The bucket's answer takes some milliseconds, in which it goes on filling.
    assert found.worst_excess <= max(rate * UTILISATION, 1) + 1 + rate * DYNAMODB_SECONDS
    assert found.longest_reservation <= 3


def test_messages_to_many_recipients_are_paced_by_recipient() -> None:
    simulation = Simulation(14, copies=9)
    start = simulation.clock.now()
    queue = deque(simulation.email() for _ in range(200))

    outcome = simulation.run([simulation.worker(queue, start + 30) for _ in range(10)])

    assert outcome.throttled == 0
    assert 0.95 * 13.3 <= outcome.rate(start + 2, start + 30) <= 14


@pytest.mark.parametrize("rate", [14, 60])
def test_a_transactional_email_behind_a_newsletter_is_sent_within_two_seconds(rate: float) -> None:
    found = behind(rate, 25, newsletter=int(rate * 30))

    assert found.emails == 11
    assert found.longest_wait_seconds <= 2
    assert found.throttled == 0
    assert found.bulk_used_share >= 0.9
