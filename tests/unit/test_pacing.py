"""The pacing, on the sender's real code and a simulated clock."""

from __future__ import annotations

from collections import deque

import pytest

from sesmail_layer.domain.pacing import Quota, grants
from sesmail_layer.usecases.pacing import Pacer
from tests.unit.fakes import NOW, FakeBucket, FakeClock
from tests.unit.simulation import Simulation

UTILISATION = 0.95


def pacer(bucket: FakeBucket | None = None, **given: float) -> Pacer:
    options = {"max_send_rate": None, "utilisation": UTILISATION, "bulk_share": 0.8} | given
    return Pacer(bucket or FakeBucket(), FakeClock(), **options)  # type: ignore[arg-type]


def test_the_rate_is_the_variable_s_else_ses_s_else_one_a_second() -> None:
    quota = Quota(max_send_rate=14, max_24_hour_send=50_000, sent_last_24_hours=0, checked_at=NOW)

    assert pacer(max_send_rate=100).rate(quota) == pytest.approx(95)
    assert pacer().rate(quota) == pytest.approx(13.3)
    assert pacer().rate(None) == pytest.approx(0.95)


def test_a_full_bucket_holds_one_second_s_worth() -> None:
    times = pacer().reserve([1] * 15, rate=10, until=NOW + 60)

    assert [at <= NOW for at in times] == [True] * 10 + [False] * 5
    assert times[-1] == pytest.approx(NOW + 0.5)


def test_a_message_larger_than_the_bucket_goes_when_it_is_full_and_leaves_a_debt() -> None:
    one = pacer()

    assert one.reserve([50], rate=10, until=NOW + 60) == [pytest.approx(NOW)]
    assert one.reserve([1], rate=10, until=NOW + 60) == [pytest.approx(NOW + 4.1)]


def test_only_what_may_go_in_time_is_reserved() -> None:
    bucket = FakeBucket()

    times = pacer(bucket).reserve([1] * 10, rate=1, until=NOW + 4)

    assert len(times) == 5
    assert bucket.empty_at["pacer#all"] == pytest.approx(NOW + 4)


def test_grants_follow_each_other_at_the_rate() -> None:
    assert grants(100.0, [1, 1, 2], rate=4.0) == [100.25, 100.5, 101.0]


@pytest.mark.parametrize(("rate", "workers", "seconds"), [(1, 5, 300), (14, 50, 120), (100, 50, 40), (500, 50, 12)])
def test_fifty_workers_use_the_rate_and_never_exceed_it(rate: float, workers: int, seconds: float) -> None:
    simulation = Simulation(rate)
    start = simulation.clock.now()
    queue = deque(simulation.email() for _ in range(int(rate * (seconds + 60))))

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

    outcome = simulation.run([simulation.worker(queue, start + 60) for _ in range(10)])

    assert outcome.throttled == 0
    assert 0.95 * 13.3 <= outcome.rate(start + 2, start + 60) <= 14


@pytest.mark.parametrize("rate", [14, 100])
def test_a_transactional_email_behind_a_newsletter_is_sent_within_two_seconds(rate: float) -> None:
    simulation = Simulation(rate)
    start = simulation.clock.now()
    newsletter = deque(simulation.email(bulk=True) for _ in range(int(rate * 60)))
    resets: deque[str] = deque()

    def producer() -> None:
        for _ in range(20):
            simulation.clock.sleep(2)
            resets.append(simulation.email())

    bulk_workers = [simulation.worker(newsletter, start + 50) for _ in range(5)]
    lane = [simulation.worker(resets, start + 50) for _ in range(5)]

    def patient() -> None:
        while simulation.clock.now() < start + 50:
            lane[0]()
            simulation.clock.sleep(0.2)

    outcome = simulation.run([producer, *bulk_workers, patient])

    assert len(outcome.waits(bulk=False)) == 20
    assert max(outcome.waits(bulk=False)) <= 2
    assert outcome.throttled == 0
    assert outcome.rate(start + 2, start + 45) >= 0.9 * 0.8 * 0.95 * rate
