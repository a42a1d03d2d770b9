"""Who asks SES what it allows, and what the others go by."""

from __future__ import annotations

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.pacing import Quota
from sesmail_layer.usecases.sender.pacing import QuotaReader
from tools.simulation.fakes import NOW, FakeClock, FakeLog, FakeMetrics


class Store:
    def __init__(self) -> None:
        self.quota: Quota | None = None
        self.lease_until = 0.0
        self.reads = 0

    def read_quota(self) -> Quota | None:
        self.reads += 1
        return self.quota

    def write_quota(self, quota: Quota) -> None:
        self.quota = quota

    def take_quota_lease(self, now: float, seconds: float) -> bool:
        if now < self.lease_until:
            return False
        self.lease_until = now + seconds
        return True


class Ses:
    def __init__(self, clock: FakeClock) -> None:
        self.asked = 0
        self.sent = 200.0
        self.error: TransientError | None = None
        self._clock = clock

    def ask(self) -> Quota:
        self.asked += 1
        if self.error:
            raise self.error
        return Quota(
            max_send_rate=14, max_24_hour_send=1000, sent_last_24_hours=self.sent, checked_at=self._clock.now()
        )


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = Store()
        self.ses = Ses(self.clock)
        self.metrics = FakeMetrics()
        self.log = FakeLog()

    def worker(self) -> QuotaReader:
        return QuotaReader(self.store, self.ses, self.clock, self.metrics, self.log)


def test_ses_is_asked_once_a_minute_by_one_of_all_workers() -> None:
    world = World()
    workers = [world.worker() for _ in range(20)]

    for _ in range(30):
        for worker in workers:
            quota = worker.quota()
            assert quota is not None
            assert quota.max_send_rate == 14
        world.clock.sleep(10)

    assert world.ses.asked == 5


def test_the_used_share_of_the_daily_quota_is_a_metric() -> None:
    world = World()

    world.worker().quota()

    assert round(world.metrics.levels["DailyQuotaUsed"], 6) == 0.2


def test_the_last_answer_is_used_while_ses_cannot_be_asked() -> None:
    world = World()
    worker = world.worker()
    worker.quota()
    world.ses.error = TransientError("SES error (GetSendQuota): timeout", code="SES010")
    world.clock.sleep(600)

    quota = worker.quota()

    assert quota is not None
    assert quota.checked_at == NOW
    assert "SES error (GetSendQuota): timeout" in world.log.messages()


def test_a_worker_that_looked_a_moment_ago_does_not_look_again() -> None:
    world = World()
    worker = world.worker()

    for _ in range(10):
        worker.quota()

    assert world.store.reads == 1


def asked(world: World) -> Quota:
    quota = world.worker().quota()
    assert quota is not None
    return quota


def test_an_answer_is_good_for_a_minute_and_not_for_longer() -> None:
    world = World()
    asked(world)
    world.clock.sleep(59.9)
    asked(world)
    assert world.ses.asked == 1

    world.clock.sleep(0.1)
    asked(world)

    assert world.ses.asked == 2


def test_a_worker_uses_what_it_knows_for_five_seconds_and_no_longer() -> None:
    world = World()
    worker = world.worker()
    worker.quota()
    world.clock.sleep(4.9)
    worker.quota()
    assert world.store.reads == 1

    world.clock.sleep(0.1)
    worker.quota()

    assert world.store.reads == 2


def test_where_nothing_is_known_yet_ses_is_asked_though_another_worker_is_asking() -> None:
    world = World()
    world.store.lease_until = NOW + 15

    assert asked(world).max_send_rate == 14


def test_while_one_worker_asks_the_others_use_the_old_answer() -> None:
    world = World()
    asked(world)
    world.clock.sleep(61)
    world.store.lease_until = world.clock.now() + 15

    assert asked(world).checked_at == NOW
    assert world.ses.asked == 1


def test_a_new_worker_that_cannot_ask_ses_uses_what_another_one_wrote() -> None:
    world = World()
    asked(world)
    world.clock.sleep(61)
    world.ses.error = TransientError("SES error (GetSendQuota): timeout", code="SES010")

    assert asked(world).checked_at == NOW
    assert world.log.lines == [
        {
            "level": "WARNING",
            "event": "quota.refresh_failed",
            "message": "SES error (GetSendQuota): timeout",
            "code": "SES010",
        }
    ]
    assert world.store.lease_until == world.clock.now() + 15


def test_before_any_answer_of_ses_there_is_no_quota() -> None:
    world = World()
    world.ses.error = TransientError("SES error (GetSendQuota): timeout", code="SES010")

    assert world.worker().quota() is None


def test_an_answer_from_the_future_is_not_one_of_ses_and_is_replaced() -> None:
    world = World()
    world.store.quota = Quota(
        max_send_rate=14, max_24_hour_send=1000, sent_last_24_hours=1000, checked_at=world.clock.now() * 1000
    )
    assert asked(world).sent_last_24_hours == 200
