"""The breaker's counts on moto's DynamoDB, written by the sender and the feedback processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import MOST_SOURCES, Counts, Timeline
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from tests.aws.conftest import CONTROL, NOW, calls_of, stored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SLOT = 1_795_516_200
ME = "my.application"


@pytest.fixture
def counts(control: DynamoDBClient) -> SendingCounts:
    return SendingCounts(control, CONTROL)


def test_sender_and_breaker_count_in_the_same_slots(counts: SendingCounts) -> None:
    counts.count_sent(ME, 7, NOW)
    counts.count_sent(ME, 3, NOW + 200)
    counts.count(ME, Counts(bounces=2, complaints=1), NOW)
    counts.count(ME, Counts(bounces=1), NOW + 300)

    tally = counts.read([ME], NOW + 300)[ME]
    assert tally.timeline == {SLOT: Counts(10, 2, 1), SLOT + 300: Counts(0, 1, 0)}
    assert tally.state == SendingState()


def test_a_day_and_a_slot_are_read_and_what_is_older_is_not(counts: SendingCounts) -> None:
    for ago in (86_400 + 7_200, 86_400, 3_600, 0):
        counts.count_sent(ME, 1, NOW - ago)

    assert set(counts.read([ME], NOW)[ME].timeline) == {SLOT - 86_400, SLOT - 3_600, SLOT}


def test_suspects_are_listed_by_hour_and_those_on_most_lists_come_first(counts: SendingCounts) -> None:
    counts.list_suspects(["b", "a"], NOW - 90_000)
    assert counts.suspects(NOW) == []

    counts.list_suspects(["early", "often"], NOW - 7_200)
    counts.list_suspects(["often"], NOW - 3_600)
    counts.list_suspects(["b", "a"], NOW)
    assert counts.suspects(NOW) == ["often", "a", "b", "early"]


def test_a_list_of_suspects_stays_short_however_many_there_are(counts: SendingCounts, control: DynamoDBClient) -> None:
    for number in range(200):
        counts.list_suspects([f"app-{number:03}"], NOW)

    assert counts.suspects(NOW) == [f"app-{number:03}" for number in range(MOST_SOURCES)]
    counts.list_suspects(["next-hour"], NOW + 3_600)
    assert counts.suspects(NOW + 3_600)[0] == "next-hour"
    assert float(stored(control, "suspects#2026-11-24T10")["ttl"]["N"]) == NOW + 3 * 86_400


def test_a_day_of_lists_is_read_in_one_call(counts: SendingCounts, control: DynamoDBClient) -> None:
    calls = calls_of(control)
    counts.suspects(NOW)

    assert calls == ["BatchGetItem"]


def test_the_item_of_the_account_does_not_grow_with_its_producers(
    counts: SendingCounts, control: DynamoDBClient
) -> None:
    """Each batch of the sender writes it, and a write costs a unit for each kilobyte."""
    counts.count_sent(ACCOUNT, 3, NOW)
    counts.count(ACCOUNT, Counts(bounces=2), NOW)

    assert stored(control, f"count#{ACCOUNT}#2026-11-24T10").keys() == {"pk", "ttl", "s30", "b30"}


def test_several_sources_are_read_in_one_call(counts: SendingCounts, control: DynamoDBClient) -> None:
    calls = calls_of(control)
    counts.read([ME, "other", ACCOUNT], NOW)

    assert calls == ["BatchGetItem"]


def test_the_account_its_day_and_the_pauses_are_read_in_one_call(
    counts: SendingCounts, control: DynamoDBClient
) -> None:
    counts.count_sent(ACCOUNT, 9, NOW)
    counts.count_excluded(Counts(4, 2, 0), NOW)
    pauses: Any = {"pk": {"S": "pauses"}, "paused": {"SS": ["app-1", "unknown"]}}
    control.put_item(TableName=CONTROL, Item=pauses)
    control.put_item(TableName=CONTROL, Item={"pk": {"S": "state#app-1"}, "paused": {"BOOL": True}})
    calls = calls_of(control)
    reading = counts.read_account([f"app-{number}" for number in range(40)], NOW)

    assert calls == ["BatchGetItem"]
    assert reading.tally.timeline == {SLOT: Counts(9, 0, 0)}
    assert reading.excluded == {SLOT: Counts(4, 2, 0)}
    assert reading.pauses == {"app-1", "unknown"}
    assert reading.states == {"app-1": SendingState(paused=True)}


def test_a_state_that_was_read_says_more_than_the_list_of_pauses(
    counts: SendingCounts, control: DynamoDBClient
) -> None:
    """A crash between the two writes, or an operator who deletes a state by hand, leaves a name on the list."""
    pauses: Any = {"pk": {"S": "pauses"}, "paused": {"SS": ["*", "resumed", "paused", "not read"]}}
    control.put_item(TableName=CONTROL, Item=pauses)
    control.put_item(TableName=CONTROL, Item={"pk": {"S": "state#resumed"}, "paused": {"BOOL": False}})
    control.put_item(TableName=CONTROL, Item={"pk": {"S": "state#paused"}, "paused": {"BOOL": True}})

    reading = counts.read_account(["resumed", "paused"], NOW)

    assert reading.pauses == {"paused", "not read"}


def test_counting_nothing_writes_nothing(counts: SendingCounts, control: DynamoDBClient) -> None:
    counts.count(ME, Counts(), NOW)
    assert control.scan(TableName=CONTROL)["Count"] == 0


@pytest.mark.parametrize(("seconds", "slot"), [(0, "00"), (299, "00"), (300, "05"), (3_599, "55")])
def test_a_slot_is_named_by_its_first_minute_in_the_item_of_its_hour(
    counts: SendingCounts, control: DynamoDBClient, seconds: int, slot: str
) -> None:
    hour = NOW - NOW % 3_600
    counts.count_sent(ME, 2, hour + seconds)
    counts.count(ME, Counts(bounces=1, complaints=1), hour + seconds)

    item = stored(control, f"count#{ME}#2026-11-24T10")
    assert {name: round(float(value["N"])) for name, value in item.items() if name != "pk"} == {
        f"s{slot}": 2,
        f"b{slot}": 1,
        f"c{slot}": 1,
        "ttl": hour + seconds + 3 * 86_400,
    }


def test_a_tally_has_the_state_of_its_source(counts: SendingCounts, control: DynamoDBClient) -> None:
    control.put_item(TableName=CONTROL, Item={"pk": {"S": f"state#{ME}"}, "paused": {"BOOL": True}})

    tallies = counts.read([ME, "other"], NOW)
    assert (tallies[ME].state, tallies["other"].state) == (SendingState(paused=True), SendingState())


# --- what the account's rate excludes ---------------------------------------------------------------------------------


def pause(control: DynamoDBClient, source: str, paused: Any = None) -> None:
    control.put_item(TableName=CONTROL, Item={"pk": {"S": f"state#{source}"}, "paused": paused or {"BOOL": True}})


DAY: Timeline = {SLOT - 300 * slot: Counts(1 + slot % 7, slot % 2, slot % 3) for slot in range(289)}


def test_a_day_of_counts_is_excluded_as_a_whole(counts: SendingCounts, control: DynamoDBClient) -> None:
    pause(control, ME)
    counts.exclude(ME, DAY, NOW)

    assert counts.excluded(NOW) == DAY
    assert counts.read([ME], NOW)[ME].state.excluded


def test_a_pause_is_excluded_once_however_many_workers_do_it(counts: SendingCounts, control: DynamoDBClient) -> None:
    pause(control, ME)
    for _ in range(3):
        counts.exclude(ME, {SLOT: Counts(10, 2, 1)}, NOW)

    assert counts.excluded(NOW) == {SLOT: Counts(10, 2, 1)}


def test_a_producer_that_has_been_resumed_meanwhile_is_not_excluded(
    counts: SendingCounts, control: DynamoDBClient
) -> None:
    pause(control, ME, {"BOOL": False})
    counts.exclude(ME, {SLOT: Counts(10, 2, 1)}, NOW)
    counts.exclude("never.paused", {SLOT: Counts(10, 2, 1)}, NOW)

    assert counts.excluded(NOW) == {}
    assert "Item" not in control.get_item(TableName=CONTROL, Key={"pk": {"S": "state#never.paused"}})


def test_a_pause_that_was_written_by_hand_is_excluded(counts: SendingCounts, control: DynamoDBClient) -> None:
    pause(control, ME, {"S": "yes"})
    counts.exclude(ME, {SLOT: Counts(10, 2, 1)}, NOW)

    assert counts.excluded(NOW) == {SLOT: Counts(10, 2, 1)}


def test_a_producer_without_counts_is_marked(counts: SendingCounts, control: DynamoDBClient) -> None:
    pause(control, ME)
    counts.exclude(ME, {}, NOW)

    assert counts.read([ME], NOW)[ME].state.excluded


def test_the_counts_of_all_paused_producers_are_one_read_however_many_there_are(
    counts: SendingCounts, control: DynamoDBClient
) -> None:
    for number in range(40):
        pause(control, f"app-{number}")
        counts.exclude(f"app-{number}", {SLOT: Counts(10, 2), SLOT - 7_200: Counts(3)}, NOW)
    counts.count_excluded(Counts(bounces=1, complaints=2), NOW + 300)
    calls = calls_of(control)

    assert counts.excluded(NOW) == {
        SLOT: Counts(400, 80),
        SLOT + 300: Counts(0, 1, 2),
        SLOT - 7_200: Counts(120),
    }
    assert calls == ["BatchGetItem"]
    assert float(stored(control, "excluded#2026-11-24T10")["ttl"]["N"]) == NOW + 300 + 3 * 86_400


def test_a_transaction_that_met_another_one_is_a_transient_error(control: DynamoDBClient) -> None:
    class Busy:
        def transact_write_items(self, **_: Any) -> None:
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
            response: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(response, "TransactWriteItems")

    busy: Any = Busy()
    with pytest.raises(TransientError) as caught:
        SendingCounts(busy, CONTROL).exclude(ME, {SLOT: Counts(1)}, NOW)
    assert caught.value.code == "AWS006"


def test_a_source_cannot_be_named_as_what_is_excluded(counts: SendingCounts) -> None:
    counts.count_sent("excluded", 5, NOW)
    assert counts.excluded(NOW) == {}
