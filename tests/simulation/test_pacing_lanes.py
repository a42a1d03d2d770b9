"""Both lanes at once: what bulk costs the rate bucket, what it leaves to transactional mail, and what it uses."""

from __future__ import annotations

import pytest

from sesmail_layer.aws.rate_bucket import RateBucket
from sesmail_layer.domain.guards.pacing import floor_of
from sesmail_layer.usecases.sender.pacing import Pacer
from tools.bench.simulated import lanes
from tools.simulation.write_limit import UNITS_A_SECOND

MOST_WRITES = 3
BULK_SHARE = 0.8
SECONDS = {1: 120, 14: 40, 50: 25, 200: 12}


@pytest.mark.parametrize(
    ("rate", "workers"), [(14, 2), (14, 5), (14, 25), (50, 2), (50, 5), (50, 25), (200, 2), (200, 5), (200, 25), (1, 5)]
)
def test_a_bulk_email_is_at_most_three_writes_on_the_bucket_at_30_percent_load(rate: float, workers: int) -> None:
    found = lanes(rate, SECONDS[int(rate)], workers)

    assert found.writes_a_bulk_email <= MOST_WRITES
    assert found.most_writes <= UNITS_A_SECOND / 2
    assert found.throttled == 0
    assert found.longest_wait_seconds <= (4 if rate == 1 else 0.5)
    assert found.bulk_share <= BULK_SHARE
    assert found.used_share >= (0.8 if rate == 1 else 0.95)


@pytest.mark.parametrize(("rate", "workers"), [(1, 5), (14, 2), (14, 25), (50, 5), (200, 2), (200, 25)])
def test_without_transactional_mail_bulk_uses_its_share_and_no_more(rate: float, workers: int) -> None:
    found = lanes(rate, SECONDS[int(rate)], workers, load=0)

    burst = 1 / (SECONDS[int(rate)] - 6)  # One second's rate, within the seconds that are counted.
    assert 0.95 * BULK_SHARE <= found.bulk_share <= (1 + burst) * BULK_SHARE
    assert found.writes_a_bulk_email <= MOST_WRITES
    assert found.throttled == 0


@pytest.mark.parametrize("load", [0.6, 0.9])
def test_the_more_transactional_mail_there_is_the_less_bulk_is_sent(load: float) -> None:
    found = lanes(50, SECONDS[50], 5, load)

    assert found.longest_wait_seconds <= 1
    assert 0.95 * (1 - load) - 0.05 <= found.bulk_share <= 1.05 - load
    assert found.used_share <= 1.02


def test_asking_again_without_regard_to_the_answer_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def spin(self: Pacer, recipients: int, rate: float, until: float) -> bool:
        while (now := self._clock.now()) < until:
            cost = recipients / rate
            if self._bucket.advance("pacer#all", cost, floor=floor_of(now), latest_start=now - cost).granted:
                return True
            self._clock.sleep(0.005)
        return False

    monkeypatch.setattr(Pacer, "_take", spin)
    monkeypatch.setattr(RateBucket, "_is_refused", lambda *_: False)
    assert lanes(14, SECONDS[14], 25).writes_a_bulk_email > MOST_WRITES
