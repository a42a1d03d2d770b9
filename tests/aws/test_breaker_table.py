"""The breaker's adapter against moto's DynamoDB, beside the sender's and the operator's adapters to the same items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import boto3
import msgspec
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from sesmail_layer.aws.breaker_table import BreakerTable
from sesmail_layer.aws.control_state import ControlState
from sesmail_layer.aws.control_table import ControlTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import Counts, closed, opened, reopened
from sesmail_layer.domain.guards.sending_state import ACCOUNT, Evidence, SendingState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "sesmailengine-Control"
NOW = 1_795_516_260.123456  # 2026-11-24T10:31:00Z
SLOT = 1_795_516_200
ME = "my.application"
EVIDENCE = Evidence(window_seconds=3_600, emails=100, bounces=20, complaints=1)


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(
            TableName=NAME,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        yield client


@pytest.fixture
def table(client: DynamoDBClient) -> BreakerTable:
    return BreakerTable(client, NAME)


@pytest.fixture
def sender(client: DynamoDBClient) -> ControlTable:
    return ControlTable(client, NAME)


@pytest.fixture
def operator(client: DynamoDBClient) -> ControlState:
    return ControlState(client, NAME)


def open_state(now: float = NOW) -> SendingState:
    state = opened(SendingState(), "bounce", "too many", EVIDENCE, now)
    assert state is not None
    return state


def test_sender_and_breaker_count_in_the_same_slots(table: BreakerTable, sender: ControlTable) -> None:
    sender.count_sent(ME, 7, NOW)
    sender.count_sent(ME, 3, NOW + 200)
    table.count(ME, Counts(bounces=2, complaints=1), NOW)
    table.count(ME, Counts(bounces=1), NOW + 300)

    tally = table.read([ME], NOW + 300)[ME]
    assert tally.timeline == {SLOT: Counts(10, 2, 1), SLOT + 300: Counts(0, 1, 0)}
    assert tally.state == SendingState()


def test_a_day_and_a_slot_are_read_and_what_is_older_is_not(table: BreakerTable, sender: ControlTable) -> None:
    for ago in (86_400 + 7_200, 86_400, 3_600, 0):
        sender.count_sent(ME, 1, NOW - ago)

    assert set(table.read([ME], NOW)[ME].timeline) == {SLOT - 86_400, SLOT - 3_600, SLOT}


def test_the_account_knows_whose_emails_it_counts(table: BreakerTable, sender: ControlTable) -> None:
    sender.count_sent(ACCOUNT, 3, NOW, sources=["a", "b"])
    sender.count_sent(ACCOUNT, 1, NOW - 7_200, sources=["c"])
    sender.count_sent(ACCOUNT, 1, NOW)

    tally = table.read([ACCOUNT], NOW)[ACCOUNT]
    assert tally.sources == {"a", "b", "c"}
    assert tally.timeline[SLOT] == Counts(emails=4)


def test_several_sources_are_read_in_one_call(table: BreakerTable, client: DynamoDBClient) -> None:
    calls: list[str] = []
    client.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))
    table.read([ME, "other", ACCOUNT], NOW)

    assert calls == ["BatchGetItem"]


def test_counting_nothing_writes_nothing(table: BreakerTable, client: DynamoDBClient) -> None:
    table.count(ME, Counts(), NOW)
    assert client.scan(TableName=NAME)["Count"] == 0


def test_a_state_is_kept_as_it_was_written(table: BreakerTable, operator: ControlState, sender: ControlTable) -> None:
    assert table.replace(ME, SendingState(), open_state())

    assert table.read([ME], NOW)[ME].state == open_state()
    assert table.states([ME, "other"]) == {ME: open_state()}
    assert sender.producers([ME]).states[ME] == open_state()
    assert operator.paused() == {ME: open_state()}


def test_of_two_workers_that_open_it_one_succeeds(table: BreakerTable) -> None:
    assert table.replace(ME, SendingState(), open_state(NOW))
    assert not table.replace(ME, SendingState(), open_state(NOW + 1))
    assert table.states([ME])[ME].opened_at == NOW


def test_an_operators_word_in_between_wins(table: BreakerTable, operator: ControlState) -> None:
    operator.pause(ME, "by hand", NOW)
    assert not table.replace(ME, SendingState(), open_state())
    operator.resume(ME, NOW + 1)
    assert not table.replace(ME, SendingState(), open_state())

    resumed = table.read([ME], NOW)[ME].state
    assert resumed.counts_from == pytest.approx(NOW + 1, abs=0.001)
    assert table.replace(ME, resumed, open_state(NOW + 2))


def test_probes_are_taken_up_to_the_limit_and_do_not_stand_in_the_way_of_closing(
    table: BreakerTable, sender: ControlTable
) -> None:
    table.replace(ME, SendingState(), open_state())
    probed_at = NOW + 3_600
    taken = [
        sender.take_probe(ME, f"email-{n}", limit=2, now=probed_at, stale_before=probed_at - 3_600) for n in range(3)
    ]
    state = table.states([ME])[ME]

    assert taken == [True, True, False]
    assert (state.probes, state.probed_at) == (["email-0", "email-1"], probed_at)
    assert table.replace(ME, open_state(), closed(state, NOW + 3_700, 2))
    assert not sender.take_probe(ME, "email-9", limit=2, now=NOW, stale_before=0)


def test_probes_of_long_ago_make_room(table: BreakerTable, sender: ControlTable) -> None:
    table.replace(ME, SendingState(), open_state())
    sender.take_probe(ME, "email-1", limit=1, now=NOW, stale_before=NOW - 60)
    assert not sender.take_probe(ME, "email-2", limit=1, now=NOW + 60, stale_before=NOW)
    assert sender.take_probe(ME, "email-3", limit=1, now=NOW + 61, stale_before=NOW + 1)

    assert table.states([ME])[ME].probes == ["email-3"]


def test_of_two_verdicts_on_the_same_probes_one_stands(table: BreakerTable, sender: ControlTable) -> None:
    table.replace(ME, SendingState(), open_state())
    sender.take_probe(ME, "email-1", limit=5, now=NOW, stale_before=0)
    seen = table.states([ME])[ME]

    assert table.replace(ME, seen, reopened(seen, NOW + 10))
    assert not table.replace(ME, seen, closed(SendingState(), NOW + 10, 3))
    again = table.states([ME])[ME]
    assert (again.paused, again.probes, again.opened_at) == (True, [], NOW + 10)


def test_a_closed_breaker_can_be_opened_again(table: BreakerTable) -> None:
    table.replace(ME, SendingState(), open_state())
    table.replace(ME, open_state(), closed(SendingState(), NOW + 1, 3))
    seen = table.states([ME])[ME]
    new = opened(seen, "complaint", "why", None, NOW + 2)

    assert new is not None
    assert table.replace(ME, seen, new)
    assert table.states([ME])[ME] == msgspec.structs.replace(new, counts_from=NOW + 1)


@pytest.mark.parametrize("operation", ["update_item", "batch_get_item", "put_item"])
def test_a_table_that_does_not_answer_is_a_transient_error(
    table: BreakerTable, client: DynamoDBClient, operation: str
) -> None:
    calls: dict[str, Callable[[], object]] = {
        "update_item": lambda: table.count(ME, Counts(bounces=1), NOW),
        "batch_get_item": lambda: table.read([ME], NOW),
        "put_item": lambda: table.replace(ME, SendingState(), open_state()),
    }
    with Stubber(client) as stub:
        stub.add_client_error(operation, "ThrottlingException", "slow down")
        with pytest.raises(TransientError, match="DynamoDB error in the control table: ThrottlingException") as caught:
            calls[operation]()

    assert caught.value.code == "AWS006"
