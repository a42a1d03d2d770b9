"""The control table on moto's DynamoDB: a bucket that many share, the quota's one lease, counters with a limit."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws

from sesmail_layer.aws.control_table import ControlTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.pacing import Quota
from sesmail_layer.usecases.sender.ports import Reservation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "sesmailengine-Control"
NOW = 1_795_516_260.0
FLOOR = NOW - 1


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """Moto checks a condition and writes in two steps; DynamoDB does it in one, and so does this client."""
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName=NAME,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        one_at_a_time, update_item = threading.Lock(), client.update_item

        def atomic(**given: Any) -> Any:
            with one_at_a_time:
                return update_item(**given)

        monkeypatch.setattr(client, "update_item", atomic)
        yield client


@pytest.fixture
def table(client: DynamoDBClient) -> ControlTable:
    return ControlTable(client, NAME)


def stored(client: DynamoDBClient, key: str) -> dict[str, Any]:
    return dict(client.get_item(TableName=NAME, Key={"pk": {"S": key}}, ConsistentRead=True).get("Item", {}))


def advance(table: ControlTable, cost: float, *, floor: float = FLOOR, latest: float = NOW + 30) -> Reservation:
    return table.advance("pacer#all", cost, floor=floor, latest_start=latest)


def test_a_bucket_that_nobody_used_is_full(table: ControlTable) -> None:
    assert advance(table, 0.5) == Reservation(True, FLOOR)


def test_a_reservation_stands_behind_those_before_it(table: ControlTable, client: DynamoDBClient) -> None:
    assert [advance(table, cost).empty_at for cost in (0.5, 0.25, 2.0, 0.1)] == pytest.approx(
        [FLOOR, FLOOR + 0.5, FLOOR + 0.75, FLOOR + 2.75]
    )
    assert float(stored(client, "pacer#all")["emptyAt"]["N"]) == pytest.approx(FLOOR + 2.85)


def test_a_bucket_holds_no_more_than_a_burst_however_long_nobody_sends(table: ControlTable) -> None:
    advance(table, 0.5)
    assert advance(table, 0.5, floor=FLOOR + 3_600, latest=NOW + 9_999) == Reservation(True, FLOOR + 3_600)


def test_what_would_start_too_late_is_refused_with_the_time_and_costs_nothing(table: ControlTable) -> None:
    advance(table, 5.0)
    for _ in range(3):
        assert advance(table, 1.0, latest=FLOOR + 4.9) == Reservation(False, FLOOR + 5.0)
    assert advance(table, 1.0, latest=FLOOR + 5.0) == Reservation(True, FLOOR + 5.0)


def test_nothing_starts_before_a_full_bucket_s_time(table: ControlTable, client: DynamoDBClient) -> None:
    assert advance(table, 1.0, latest=FLOOR - 0.1) == Reservation(False, FLOOR)
    assert stored(client, "pacer#all") == {}


def test_a_worker_that_comes_late_to_a_busy_bucket_finds_its_place(client: DynamoDBClient) -> None:
    for _ in range(20):
        assert advance(ControlTable(client, NAME), 0.5).granted
    assert advance(ControlTable(client, NAME), 0.5).empty_at == pytest.approx(FLOOR + 10)


def test_each_lane_has_a_bucket_of_its_own(table: ControlTable) -> None:
    advance(table, 9.0)
    assert table.advance("pacer#bulk", 1.0, floor=FLOOR, latest_start=NOW).empty_at == FLOOR


def test_many_workers_together_are_granted_exactly_what_there_is(client: DynamoDBClient) -> None:
    """Sixteen containers, eight threads each of one: no time is granted twice, none is lost."""
    costs = [random.Random(number).randint(1, 400) / 1000 for number in range(300)]
    tables = [ControlTable(client, NAME) for _ in range(16)]
    latest = FLOOR + sum(costs) * 0.6
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: advance(tables[i % 16], costs[i], latest=latest), range(len(costs))))

    granted = sorted((answer.empty_at, cost) for answer, cost in zip(answers, costs, strict=True) if answer.granted)
    assert granted[0][0] == FLOOR
    for (start, cost), (next_start, _) in itertools.pairwise(granted):
        assert next_start == pytest.approx(start + cost, abs=1e-5)
    assert granted[-1][0] <= latest
    end = granted[-1][0] + granted[-1][1]
    assert float(stored(client, "pacer#all")["emptyAt"]["N"]) == pytest.approx(end, abs=1e-5)
    assert end > latest, "as much was granted as there was"
    assert all(answer.empty_at > latest for answer in answers if not answer.granted)


def test_many_workers_on_a_moving_clock_are_never_granted_the_same_time(client: DynamoDBClient) -> None:
    tables = [ControlTable(client, NAME) for _ in range(6)]
    chance = random.Random(7)
    granted = []
    now = NOW
    for _ in range(400):
        now += chance.choice([0, 0, 0.01, 0.2, 3])
        cost = chance.randint(1, 90) / 100
        answer = advance(chance.choice(tables), cost, floor=now - 1, latest=now + 2)
        if answer.granted:
            assert now - 1 <= answer.empty_at + 1e-6
            assert answer.empty_at <= now + 2 + 1e-6
            granted.append((answer.empty_at, cost))
    assert len(granted) > 100
    for (start, cost), (next_start, _) in itertools.pairwise(granted):
        assert next_start >= start + cost - 1e-5


def test_a_reservation_is_one_write(table: ControlTable, client: DynamoDBClient) -> None:
    calls: list[str] = []
    client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    for _ in range(10):
        advance(table, 0.5)
    # The very first of a container may need a second one, to learn where the bucket stands.
    assert calls == ["UpdateItem"] * 10


QUOTA = Quota(max_send_rate=14.0, max_24_hour_send=50_000.0, sent_last_24_hours=12.0, checked_at=NOW)


def test_the_quota_is_kept_for_all(table: ControlTable, client: DynamoDBClient) -> None:
    assert table.read_quota() is None
    table.write_quota(QUOTA)
    assert ControlTable(client, NAME).read_quota() == QUOTA


def test_one_worker_at_a_time_asks_ses(table: ControlTable, client: DynamoDBClient) -> None:
    other = ControlTable(client, NAME)
    assert table.take_quota_lease(NOW, 15)
    assert not other.take_quota_lease(NOW + 14.9, 15)
    assert table.read_quota() is None, "a lease is no answer"
    assert other.take_quota_lease(NOW + 15.1, 15), "the one before it died"
    other.write_quota(QUOTA)
    assert table.take_quota_lease(NOW + 60, 15)
    assert table.read_quota() == QUOTA


def test_of_many_that_ask_for_the_lease_one_has_it(client: DynamoDBClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: ControlTable(client, NAME).take_quota_lease(NOW, 15), range(24)))
    assert taken.count(True) == 1


def take(table: ControlTable, wanted: int, limit: int) -> int:
    return table.take("day#shop#2026-11-24", wanted, limit, NOW + 172_800)


def test_a_counter_gives_what_it_has_room_for(table: ControlTable, client: DynamoDBClient) -> None:
    assert [take(table, wanted, 10) for wanted in (4, 4, 4, 1, 0)] == [4, 4, 2, 0, 0]
    item = stored(client, "day#shop#2026-11-24")
    assert float(item["taken"]["N"]) == 10
    assert float(item["ttl"]["N"]) == NOW + 172_800


@pytest.mark.parametrize("before", [0, 3])
def test_a_batch_larger_than_the_limit_takes_what_is_left_of_it(
    table: ControlTable, client: DynamoDBClient, before: int
) -> None:
    take(table, before, 5)
    assert take(table, 10, 5) == 5 - before
    assert float(stored(client, "day#shop#2026-11-24")["taken"]["N"]) == 5


def test_a_limit_of_nothing_gives_nothing(table: ControlTable) -> None:
    assert take(table, 3, 0) == 0


def test_a_limit_that_was_raised_gives_more_and_one_that_was_lowered_nothing(table: ControlTable) -> None:
    assert take(table, 10, 10) == 10
    assert take(table, 10, 12) == 2
    assert take(table, 10, 5) == 0


def test_many_that_count_together_never_exceed_the_limit(client: DynamoDBClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: take(ControlTable(client, NAME), 3, 50), range(40)))
    assert sum(given) <= 50
    assert float(stored(client, "day#shop#2026-11-24")["taken"]["N"]) == sum(given)
    assert sum(given) + take(ControlTable(client, NAME), 50, 50) == 50


def test_policies_and_states_come_in_one_read(table: ControlTable, client: DynamoDBClient) -> None:
    for key, attributes in {
        "producer#shop": {"templates": {"L": [{"S": "order-*"}]}, "emailsPerDay": {"N": "100"}},
        "producer#*": {"enabled": {"BOOL": False}},
        "state#shop": {"paused": {"BOOL": True}, "pausedBy": {"S": "operator"}},
    }.items():
        client.put_item(TableName=NAME, Item={"pk": {"S": key}, **attributes})  # type: ignore[dict-item]
    calls: list[str] = []
    client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    found = table.producers(["shop", "other", "*"])
    assert calls == ["BatchGetItem"]
    assert set(found.policies) == {"shop", "*"}
    assert (found.policies["shop"].templates, found.policies["shop"].emails_per_day) == (["order-*"], 100)
    assert found.policies["*"].enabled is False
    assert {source: state.paused for source, state in found.states.items()} == {"shop": True}


@pytest.mark.parametrize("method", ["advance", "read_quota", "write_quota", "take_quota_lease", "take", "producers"])
@pytest.mark.parametrize("how", ["refused", "not reached"])
def test_a_table_that_cannot_answer_is_worth_another_try(
    client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, method: str, how: str
) -> None:
    table = ControlTable(client, NAME, sleep=lambda _: None)
    calls: dict[str, tuple[str, Callable[[], object]]] = {
        "advance": ("update_item", lambda: advance(table, 1)),
        "read_quota": ("get_item", table.read_quota),
        "write_quota": ("put_item", lambda: table.write_quota(QUOTA)),
        "take_quota_lease": ("update_item", lambda: table.take_quota_lease(NOW, 15)),
        "take": ("update_item", lambda: take(table, 1, 1)),
        "producers": ("batch_get_item", lambda: table.producers(["shop"])),
    }
    operation, call = calls[method]

    def fail(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")

    if how == "not reached":
        monkeypatch.setattr(client, operation, fail)
        with pytest.raises(TransientError) as caught:
            call()
    else:
        stub = Stubber(client)
        stub.add_client_error(operation, "ProvisionedThroughputExceededException")
        with stub, pytest.raises(TransientError) as caught:
            call()
    assert caught.value.code == "AWS006"
    assert caught.value.message.startswith("DynamoDB error in the control table: ")
