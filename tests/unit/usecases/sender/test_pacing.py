"""The bucket and its reservations."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.guards.pacing import Quota, Reservation
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


class AskedBucket(FakeBucket):
    """Notes when the shared bucket is asked; other workers may take from it before each answer."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.asked_at: list[float] = []
        self.taken_by_others: list[float] = []
        """Seconds that others take before the next answers."""
        self._clock = clock

    def advance(self, name: str, cost_seconds: float, *, floor: float, latest_start: float) -> Reservation:
        if name == "pacer#all":
            self.asked_at.append(self._clock.now() - NOW)
            if self.taken_by_others:
                self.empty_at[name] = self.empty_at.get(name, floor) + self.taken_by_others.pop(0)
        return super().advance(name, cost_seconds, floor=floor, latest_start=latest_start)


class TestBulk:
    """Bulk takes what is there at the moment; it never queues before transactional mail."""

    @pytest.fixture(autouse=True)
    def without_jitter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.jitters: list[float] = []

        def uniform(low: float, high: float) -> float:
            self.jitters.append(high)
            return low

        monkeypatch.setattr("sesmail_layer.usecases.sender.pacing.random.uniform", uniform)

    def setup_method(self) -> None:
        self.clock = FakeClock()
        self.bucket = AskedBucket(self.clock)
        self.pacer = Pacer(self.bucket, self.clock, max_send_rate=None, utilisation=1.0, bulk_share=0.5)

    def chunks(self, *recipients: int, rate: float = 10.0, within: float = 60.0) -> list[tuple[int, float]]:
        """Return how many messages were sent, and when, in seconds from the start."""
        found = self.pacer.bulk_chunks(recipients, rate, NOW + within)
        return [(count, round(self.clock.now() - NOW, 3)) for count in found]

    def test_it_is_sent_at_once_while_there_is_room(self) -> None:
        assert self.chunks(1) == [(1, 0)]

    def test_it_is_sent_at_its_share_of_the_rate_and_no_faster(self) -> None:
        assert self.chunks(*[1] * 20) == [(5, 0), (5, 1), (5, 2), (5, 3)]

    def test_a_batch_is_sent_together_if_half_a_second_s_rate_holds_it(self) -> None:
        assert self.chunks(*[1] * 10, rate=20.0) == [(10, 0)]

    def test_two_writes_are_a_batch_s_cost_while_there_is_room(self) -> None:
        self.chunks(*[1] * 10, rate=20.0)
        assert self.bucket.updates == 2

    def test_its_recipients_count_each(self) -> None:
        assert self.chunks(5, 5, 5) == [(1, 0), (1, 1), (1, 2)]

    def test_a_message_of_more_recipients_than_a_burst_is_sent_when_the_bucket_is_full(self) -> None:
        self.bucket.empty_at["pacer#all"] = NOW + 2
        assert self.chunks(50) == [(1, 3)]
        assert self.bucket.empty_at["pacer#all"] == NOW + 7

    def test_it_takes_from_what_everybody_shares(self) -> None:
        self.chunks(1)

        assert self.bucket.empty_at == {
            "pacer#bulk": pytest.approx(NOW - 1 + 0.2),
            "pacer#all": pytest.approx(NOW - 1 + 0.1),
        }

    def test_behind_transactional_mail_it_sleeps_until_there_is_room_and_asks_no_sooner(self) -> None:
        self.bucket.empty_at["pacer#all"] = NOW + 2

        assert self.chunks(1) == [(1, 2.1)]
        assert self.bucket.asked_at == pytest.approx([0, 2.1])

    def test_each_refusal_names_the_next_time(self) -> None:
        self.bucket.empty_at["pacer#all"] = NOW + 2
        self.bucket.taken_by_others = [0.0, 3.0]

        assert self.chunks(1) == [(1, 5.1)]
        assert self.bucket.asked_at == pytest.approx([0, 2.1, 5.1])

    def test_the_longer_it_waits_the_farther_apart_the_waiting_are_kept(self) -> None:
        self.bucket.taken_by_others = [1.0] * 9
        self.chunks(*[1] * 5)

        assert self.jitters == pytest.approx([0.125, 0.25, 0.5, 1, 2, 4, 4, 4, 4])

    def test_it_leaves_a_transactional_email_no_wait(self) -> None:
        self.bucket.empty_at["pacer#all"] = NOW + 2
        self.chunks(*[1] * 5)
        now = self.clock.now()

        assert self.pacer.reserve([1], 10.0, now + 60) == [pytest.approx(now + 0.1)]

    def test_what_cannot_be_sent_in_time_is_not_sent(self) -> None:
        self.bucket.empty_at["pacer#all"] = NOW + 120
        assert self.chunks(1, within=3) == []
        assert self.clock.now() == NOW

    def test_what_there_is_no_time_for_any_more_is_not_asked_for(self) -> None:
        found = self.pacer.bulk_chunks([1] * 10, 10.0, NOW + 3)
        assert next(found) == 5
        self.clock.sleep(3.5)
        asked = len(self.bucket.asked_at)
        assert list(found) == []
        assert len(self.bucket.asked_at) == asked

    def test_what_its_own_share_has_no_time_for_is_not_waited_for(self) -> None:
        self.bucket.empty_at["pacer#bulk"] = NOW + 120

        assert self.chunks(1, within=3) == []
        assert self.clock.now() == NOW

    def test_of_a_batch_those_are_sent_that_its_share_has_time_for(self) -> None:
        assert self.chunks(*[1] * 10, rate=1.0, within=4) == [(1, 0), (1, 2), (1, 4)]


def test_an_answer_that_contradicts_itself_ends_the_asking() -> None:
    """Times are rounded: a start that is too late by the last digit of a number may still end in time."""

    class Contradicting(FakeBucket):
        def advance(self, name: str, cost_seconds: float, *, floor: float, latest_start: float) -> Reservation:
            super().advance(name, cost_seconds, floor=floor, latest_start=latest_start)
            return Reservation(False, latest_start)

    bucket = Contradicting()
    assert pacer(bucket).reserve([1], 10.0, NOW + 10) == []
    assert bucket.updates == 2
