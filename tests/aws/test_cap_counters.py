"""Counters of producers' caps on moto's DynamoDB: many workers together never pass a limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from sesmail_layer.aws.cap_counters import CapCounters
from tests.aws.conftest import CONTROL, NOW, stored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def counters(control: DynamoDBClient) -> CapCounters:
    return CapCounters(control, CONTROL)


def take(counters: CapCounters, wanted: int, limit: int) -> int:
    return counters.take("day#shop#2026-11-24", wanted, limit, NOW + 172_800)


def test_a_counter_grants_what_it_has_room_for(counters: CapCounters, control: DynamoDBClient) -> None:
    assert [take(counters, wanted, 10) for wanted in (4, 4, 4, 1, 0)] == [4, 4, 2, 0, 0]
    item = stored(control, "day#shop#2026-11-24")
    assert float(item["taken"]["N"]) == 10
    assert float(item["ttl"]["N"]) == NOW + 172_800


@pytest.mark.parametrize("before", [0, 3])
def test_a_batch_larger_than_the_limit_takes_what_is_left(
    counters: CapCounters, control: DynamoDBClient, before: int
) -> None:
    take(counters, before, 5)
    assert take(counters, 10, 5) == 5 - before
    assert float(stored(control, "day#shop#2026-11-24")["taken"]["N"]) == 5


def test_a_limit_of_zero_grants_nothing(counters: CapCounters) -> None:
    assert take(counters, 3, 0) == 0


def test_a_raised_limit_grants_more_and_a_lowered_one_nothing(counters: CapCounters) -> None:
    assert take(counters, 10, 10) == 10
    assert take(counters, 10, 12) == 2
    assert take(counters, 10, 5) == 0


def test_what_was_given_back_can_be_taken_again(counters: CapCounters) -> None:
    assert take(counters, 4, 4) == 4
    counters.give_back("day#shop#2026-11-24", 3)
    assert take(counters, 4, 4) == 3


def test_nothing_is_given_back_to_a_counter_that_is_gone(counters: CapCounters) -> None:
    counters.give_back("day#shop#2026-11-24", 3)
    assert take(counters, 5, 4) == 4


def test_many_workers_together_never_exceed_the_limit(control: DynamoDBClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: take(CapCounters(control, CONTROL), 3, 50), range(40)))
    assert sum(given) <= 50
    assert float(stored(control, "day#shop#2026-11-24")["taken"]["N"]) == sum(given)
    assert sum(given) + take(CapCounters(control, CONTROL), 50, 50) == 50
