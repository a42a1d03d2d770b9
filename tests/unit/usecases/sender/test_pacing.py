"""The bucket and its reservations."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.guards.pacing import Quota
from sesmail_layer.usecases.sender.pacing import Pacer
from tools.simulation.control_fakes import FakeBucket
from tools.simulation.fakes import NOW, FakeClock

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


def test_a_message_larger_than_the_bucket_is_sent_when_it_is_full_and_leaves_a_debt() -> None:
    one = pacer()

    assert one.reserve([50], rate=10, until=NOW + 60) == [pytest.approx(NOW)]
    assert one.reserve([1], rate=10, until=NOW + 60) == [pytest.approx(NOW + 4.1)]


def test_only_what_may_go_in_time_is_reserved() -> None:
    bucket = FakeBucket()

    times = pacer(bucket).reserve([1] * 10, rate=1, until=NOW + 4)

    assert len(times) == 5
    assert bucket.empty_at["pacer#all"] == pytest.approx(NOW + 4)


class TestBulk:
    """Bulk takes what is there at the moment; it never queues before transactional mail."""

    def setup_method(self) -> None:
        self.bucket, self.clock = FakeBucket(), FakeClock()
        self.pacer = Pacer(self.bucket, self.clock, max_send_rate=None, utilisation=1.0, bulk_share=0.5)

    def wait(self, recipients: int = 1, rate: float = 10.0, within: float = 60.0) -> tuple[bool, Any]:
        granted = self.pacer.wait_for_bulk(recipients, rate, NOW + within)
        return granted, round(self.clock.now() - NOW, 6)

    def test_it_is_sent_at_once_while_there_is_room(self) -> None:
        assert self.wait() == (True, 0)

    def test_it_is_sent_at_its_share_of_the_rate_and_no_faster(self) -> None:
        assert [self.wait()[1] for _ in range(7)] == [0, 0, 0, 0, 0, 0.2, 0.4]

    def test_its_recipients_count_each(self) -> None:
        assert [self.wait(recipients=5)[1] for _ in range(3)] == [0, 1, 2]

    def test_it_takes_from_what_everybody_shares(self) -> None:
        self.wait()

        assert self.bucket.empty_at == {
            "pacer#bulk": pytest.approx(NOW - 1 + 0.2),
            "pacer#all": pytest.approx(NOW - 1 + 0.1),
        }

    def test_behind_transactional_mail_it_waits_and_is_then_sent(self) -> None:
        self.bucket.empty_at["pacer#all"] = NOW + 2

        assert self.wait() == (True, pytest.approx(2.1, abs=0.1))

    def test_of_slow_rates_it_looks_again_every_half_second(self) -> None:
        self.bucket.empty_at["pacer#all"] = NOW + 1

        assert self.wait(rate=1.0) == (True, pytest.approx(2.0))
        assert self.bucket.updates == 6

    def test_what_cannot_go_in_time_does_not_go(self) -> None:
        self.bucket.empty_at["pacer#all"] = NOW + 120
        assert self.wait(within=3) == (False, pytest.approx(3, abs=0.5))

    def test_what_its_own_share_has_no_time_for_is_not_waited_for(self) -> None:
        self.bucket.empty_at["pacer#bulk"] = NOW + 120

        assert self.wait(within=3) == (False, 0)
