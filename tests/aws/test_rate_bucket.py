"""The rate bucket on moto's DynamoDB, shared by many workers."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from sesmail_layer.aws.rate_bucket import RateBucket
from sesmail_layer.domain.guards.pacing import Reservation
from tests.aws.conftest import CONTROL, NOW, calls_of, stored
from tools.simulation.bucket_items import BucketClient, BucketItems
from tools.simulation.fakes import FakeClock
from tools.simulation.write_limit import WriteLimit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FLOOR = NOW - 1


@pytest.fixture
def bucket(control: DynamoDBClient) -> RateBucket:
    return RateBucket(control, CONTROL)


def advance(bucket: RateBucket, cost: float, *, floor: float = FLOOR, latest: float = NOW + 30) -> Reservation:
    return bucket.advance("pacer#all", cost, floor=floor, latest_start=latest)


def test_an_unused_bucket_is_full(bucket: RateBucket) -> None:
    assert advance(bucket, 0.5) == Reservation(True, FLOOR)


def test_a_reservation_starts_when_those_before_it_end(bucket: RateBucket, control: DynamoDBClient) -> None:
    assert [advance(bucket, cost).empty_at for cost in (0.5, 0.25, 2.0, 0.1)] == pytest.approx(
        [FLOOR, FLOOR + 0.5, FLOOR + 0.75, FLOOR + 2.75]
    )
    assert float(stored(control, "pacer#all")["emptyAt"]["N"]) == pytest.approx(FLOOR + 2.85)


def test_a_bucket_never_holds_more_than_a_burst(bucket: RateBucket) -> None:
    advance(bucket, 0.5)
    assert advance(bucket, 0.5, floor=FLOOR + 3_600, latest=NOW + 9_999) == Reservation(True, FLOOR + 3_600)


def test_a_reservation_that_would_start_too_late_is_rejected_and_costs_nothing(bucket: RateBucket) -> None:
    advance(bucket, 5.0)
    for _ in range(3):
        assert advance(bucket, 1.0, latest=FLOOR + 4.9) == Reservation(False, FLOOR + 5.0)
    assert advance(bucket, 1.0, latest=FLOOR + 5.0) == Reservation(True, FLOOR + 5.0)


def test_what_is_known_to_be_refused_is_refused_without_a_write(bucket: RateBucket, control: DynamoDBClient) -> None:
    advance(bucket, 5.0)
    calls = calls_of(control)
    for seconds in (0, 1, 2):
        answer = advance(bucket, 1.0, floor=FLOOR + seconds, latest=FLOOR + seconds + 2.5)
        assert answer == Reservation(False, FLOOR + 5.0)
    assert calls == []
    assert advance(bucket, 1.0, floor=FLOOR + 3, latest=FLOOR + 5.5).granted


def test_a_refusal_is_remembered_for_ten_seconds(bucket: RateBucket, control: DynamoDBClient) -> None:
    """Somebody deleted or changed the item by hand: the bucket's workers find out."""
    advance(bucket, 30.0)
    control.delete_item(TableName=CONTROL, Key={"pk": {"S": "pacer#all"}})
    assert not advance(bucket, 1.0, floor=FLOOR + 9.9, latest=FLOOR + 11).granted
    assert advance(bucket, 1.0, floor=FLOOR + 10.1, latest=FLOOR + 11).granted


def test_a_start_before_the_floor_is_rejected_without_a_write(bucket: RateBucket, control: DynamoDBClient) -> None:
    assert advance(bucket, 1.0, latest=FLOOR - 0.1) == Reservation(False, FLOOR)
    assert stored(control, "pacer#all") == {}


def test_a_new_worker_queues_behind_a_busy_buckets_reservations(control: DynamoDBClient) -> None:
    for _ in range(20):
        assert advance(RateBucket(control, CONTROL), 0.5).granted
    assert advance(RateBucket(control, CONTROL), 0.5).empty_at == pytest.approx(FLOOR + 10)


def test_each_lane_has_a_bucket_of_its_own(bucket: RateBucket) -> None:
    advance(bucket, 9.0)
    assert bucket.advance("pacer#bulk", 1.0, floor=FLOOR, latest_start=NOW).empty_at == FLOOR


def test_many_workers_together_are_granted_exactly_what_there_is(control: DynamoDBClient) -> None:
    """Sixteen containers, eight threads each of one: no time is granted twice, none is lost."""
    costs = [random.Random(number).randint(1, 400) / 1000 for number in range(300)]
    buckets = [RateBucket(control, CONTROL) for _ in range(16)]
    latest = FLOOR + sum(costs) * 0.6
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: advance(buckets[i % 16], costs[i], latest=latest), range(len(costs))))

    granted = sorted((answer.empty_at, cost) for answer, cost in zip(answers, costs, strict=True) if answer.granted)
    assert granted[0][0] == FLOOR
    for (start, cost), (next_start, _) in itertools.pairwise(granted):
        assert next_start == pytest.approx(start + cost, abs=1e-5)
    assert granted[-1][0] <= latest
    end = granted[-1][0] + granted[-1][1]
    assert float(stored(control, "pacer#all")["emptyAt"]["N"]) == pytest.approx(end, abs=1e-5)
    assert end > latest, "as much was granted as there was"
    assert all(answer.empty_at > latest for answer in answers if not answer.granted)


def test_many_workers_on_a_moving_clock_are_never_granted_the_same_time(control: DynamoDBClient) -> None:
    buckets = [RateBucket(control, CONTROL) for _ in range(6)]
    chance = random.Random(7)
    granted = []
    now = NOW
    for _ in range(400):
        now += chance.choice([0, 0, 0.01, 0.2, 3])
        cost = chance.randint(1, 90) / 100
        answer = advance(chance.choice(buckets), cost, floor=now - 1, latest=now + 2)
        if answer.granted:
            assert now - 1 <= answer.empty_at + 1e-6
            assert answer.empty_at <= now + 2 + 1e-6
            granted.append((answer.empty_at, cost))
    assert len(granted) > 100
    for (start, cost), (next_start, _) in itertools.pairwise(granted):
        assert next_start >= start + cost - 1e-5


def test_a_reservation_is_one_write(bucket: RateBucket, control: DynamoDBClient) -> None:
    calls = calls_of(control)
    for _ in range(10):
        advance(bucket, 0.5)
    # A container's first reservation may need a second write, to learn when the bucket is empty.
    assert calls == ["UpdateItem"] * 10


def test_the_simulation_s_items_answer_as_dynamodb_s_do(control: DynamoDBClient) -> None:
    """Three workers on each, in random order, with idle times and values that somebody wrote by hand."""
    items = BucketItems(WriteLimit(FakeClock()))
    client: Any = BucketClient(items, lambda _key: None)
    real, simulated = ([RateBucket(one, CONTROL) for _ in range(3)] for one in (control, client))
    dice = random.Random(13)
    now = NOW
    for step in range(300):
        now += dice.choice([0, 0.01, 0.3, 3])
        if step % 50 == 49:
            at = now + dice.choice([-500, 5, 500_000])
            items.empty_at["pacer#all"] = at
            control.put_item(TableName=CONTROL, Item={"pk": {"S": "pacer#all"}, "emptyAt": {"N": str(at)}})
        worker, cost = dice.randrange(3), dice.randint(1, 90) / 100
        answers = [advance(some[worker], cost, floor=now - 1, latest=now + 2) for some in (real, simulated)]
        assert answers[0].granted is answers[1].granted, step
        assert answers[0].empty_at == pytest.approx(answers[1].empty_at, abs=1e-5), step
    assert float(stored(control, "pacer#all")["emptyAt"]["N"]) == pytest.approx(items.empty_at["pacer#all"], abs=1e-5)
