"""The cached quota on moto's DynamoDB: one answer for all workers, and one worker that asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from sesmail_layer.aws.quota_cache import QuotaCache
from sesmail_layer.domain.guards.pacing import Quota
from tests.aws.conftest import CONTROL, NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

QUOTA = Quota(max_send_rate=14.0, max_24_hour_send=50_000.0, sent_last_24_hours=12.0, checked_at=NOW)


@pytest.fixture
def cache(control: DynamoDBClient) -> QuotaCache:
    return QuotaCache(control, CONTROL)


def test_an_answer_is_shared_with_all_workers(cache: QuotaCache, control: DynamoDBClient) -> None:
    assert cache.read_quota() is None
    cache.write_quota(QUOTA)
    assert QuotaCache(control, CONTROL).read_quota() == QUOTA


def test_one_worker_at_a_time_gets_the_lease(cache: QuotaCache, control: DynamoDBClient) -> None:
    other = QuotaCache(control, CONTROL)
    assert cache.take_quota_lease(NOW, 15)
    assert not other.take_quota_lease(NOW + 14.9, 15)
    assert cache.read_quota() is None, "a lease is not an answer"
    assert other.take_quota_lease(NOW + 15.1, 15), "the previous holder died"
    other.write_quota(QUOTA)
    assert cache.take_quota_lease(NOW + 60, 15)
    assert cache.read_quota() == QUOTA


def test_of_many_workers_one_gets_the_lease(control: DynamoDBClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: QuotaCache(control, CONTROL).take_quota_lease(NOW, 15), range(24)))
    assert taken.count(True) == 1


def test_a_lease_of_a_worker_whose_clock_is_ahead_is_one(control: DynamoDBClient) -> None:
    assert QuotaCache(control, CONTROL).take_quota_lease(NOW + 1, 15)
    assert not QuotaCache(control, CONTROL).take_quota_lease(NOW, 15)
