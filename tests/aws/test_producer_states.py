"""Policies and states on moto's DynamoDB, as sender, breaker and operator change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.domain.guards.breaker import closed, opened, reopened
from sesmail_layer.domain.guards.sending_state import ACCOUNT, Evidence, SendingState
from tests.aws.conftest import CONTROL, NOW, calls_of, stored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ME = "my.application"
EVIDENCE = Evidence(window_seconds=3_600, emails=100, bounces=20, complaints=1)


@pytest.fixture
def states(control: DynamoDBClient) -> ProducerStates:
    return ProducerStates(control, CONTROL)


def open_state(now: float = NOW) -> SendingState:
    state = opened(SendingState(), "bounce", "too many", EVIDENCE, now)
    assert state is not None
    return state


def test_policies_and_states_come_in_one_read(states: ProducerStates, control: DynamoDBClient) -> None:
    for key, attributes in {
        "producer#shop": {"templates": {"L": [{"S": "order-*"}]}, "emailsPerDay": {"N": "100"}},
        "producer#*": {"enabled": {"BOOL": False}},
        "state#shop": {"paused": {"BOOL": True}, "pausedBy": {"S": "operator"}},
    }.items():
        control.put_item(TableName=CONTROL, Item={"pk": {"S": key}, **attributes})  # type: ignore[dict-item]
    calls = calls_of(control)
    found = states.producers(["shop", "other", "*"])
    assert calls == ["BatchGetItem"]
    assert set(found.policies) == {"shop", "*"}
    assert (found.policies["shop"].templates, found.policies["shop"].emails_per_day) == (["order-*"], 100)
    assert found.policies["*"].enabled is False
    assert {source: state.paused for source, state in found.states.items()} == {"shop": True}


def put_role_senders(control: DynamoDBClient, addresses: dict[str, Any]) -> None:
    control.put_item(TableName=CONTROL, Item={"pk": {"S": "role-senders"}, "addresses": addresses})


def test_the_roles_senders_come_in_the_same_read(states: ProducerStates, control: DynamoDBClient) -> None:
    put_role_senders(control, {"L": [{"S": "*@example.com"}, {"S": "Billing@example.org"}]})
    calls = calls_of(control)

    assert states.producers(["shop"]).role_senders == ["*@example.com", "Billing@example.org"]
    assert calls == ["BatchGetItem"]


@pytest.mark.parametrize("addresses", [{"L": []}, {"S": "*@example.com"}, {"L": [{"S": "*@example.com"}, {"N": "1"}]}])
def test_a_list_of_senders_that_cannot_be_read_whole_leaves_it_to_iam(
    states: ProducerStates, control: DynamoDBClient, addresses: dict[str, Any]
) -> None:
    assert states.producers(["shop"]).role_senders is None
    put_role_senders(control, addresses)
    assert states.producers(["shop"]).role_senders is None


def test_every_reader_gets_the_state_that_was_written(states: ProducerStates) -> None:
    assert states.replace(ME, SendingState(), open_state())

    assert states.states([ME, "other"]) == {ME: open_state()}
    assert states.producers([ME]).states[ME] == open_state()
    assert states.paused() == {ME: open_state()}


def test_of_two_workers_that_open_it_one_succeeds(states: ProducerStates) -> None:
    assert states.replace(ME, SendingState(), open_state(NOW))
    assert not states.replace(ME, SendingState(), open_state(NOW + 1))
    assert states.states([ME])[ME].opened_at == NOW


def test_a_replacement_that_botocore_repeats_after_it_was_stored_succeeded_and_is_listed(
    states: ProducerStates, monkeypatch: pytest.MonkeyPatch, control: DynamoDBClient
) -> None:
    put_item = control.put_item

    def twice(**call: Any) -> Any:
        put_item(**call)
        return put_item(**call)

    monkeypatch.setattr(control, "put_item", twice)
    assert states.replace(ME, SendingState(), open_state())
    assert states.listed_pauses() == {ME}


def test_an_operators_change_since_the_read_wins(states: ProducerStates) -> None:
    states.pause(ME, "by hand", NOW)
    assert not states.replace(ME, SendingState(), open_state())
    states.resume(ME, NOW + 1)
    assert not states.replace(ME, SendingState(), open_state())

    resumed = states.states([ME])[ME]
    assert resumed.counts_from == pytest.approx(NOW + 1, abs=0.001)
    assert states.replace(ME, resumed, open_state(NOW + 2))


def test_probes_are_taken_up_to_the_limit_and_do_not_prevent_closing(states: ProducerStates) -> None:
    states.replace(ME, SendingState(), open_state())
    probed_at = NOW + 3_600
    taken = [
        states.take_probe(ME, f"email-{n}", limit=2, now=probed_at, stale_before=probed_at - 3_600) for n in range(3)
    ]
    state = states.states([ME])[ME]

    assert taken == [True, True, False]
    assert (state.probes, state.probed_at) == (["email-0", "email-1"], probed_at)
    assert states.replace(ME, open_state(), closed(state, NOW + 3_700, 2))
    assert not states.take_probe(ME, "email-9", limit=2, now=NOW, stale_before=0)


def test_stale_probes_make_room_for_new_ones(states: ProducerStates) -> None:
    states.replace(ME, SendingState(), open_state())
    states.take_probe(ME, "email-1", limit=1, now=NOW, stale_before=NOW - 60)
    assert not states.take_probe(ME, "email-2", limit=1, now=NOW + 60, stale_before=NOW)
    assert states.take_probe(ME, "email-3", limit=1, now=NOW + 61, stale_before=NOW + 1)

    assert states.states([ME])[ME].probes == ["email-3"]


def test_of_two_verdicts_on_the_same_probes_one_is_kept(states: ProducerStates) -> None:
    states.replace(ME, SendingState(), open_state())
    states.take_probe(ME, "email-1", limit=5, now=NOW, stale_before=0)
    seen = states.states([ME])[ME]

    assert states.replace(ME, seen, reopened(seen, NOW + 10))
    assert not states.replace(ME, seen, closed(SendingState(), NOW + 10, 3))
    again = states.states([ME])[ME]
    assert (again.paused, again.probes, again.opened_at) == (True, [], NOW + 10)


def test_a_closed_breaker_can_be_opened_again(states: ProducerStates) -> None:
    states.replace(ME, SendingState(), open_state())
    states.replace(ME, open_state(), closed(SendingState(), NOW + 1, 3))
    seen = states.states([ME])[ME]
    new = opened(seen, "complaint", "why", None, NOW + 2)

    assert new is not None
    assert states.replace(ME, seen, new)
    assert states.states([ME])[ME] == msgspec.structs.replace(new, counts_from=NOW + 1)


def test_a_source_without_a_pause_takes_no_probe(states: ProducerStates, control: DynamoDBClient) -> None:
    assert not states.take_probe(ME, "email-1", limit=5, now=NOW, stale_before=NOW + 1)
    assert stored(control, f"state#{ME}") == {}


def test_an_operators_pause_ends_the_breakers_and_keeps_where_counts_begin(
    states: ProducerStates, control: DynamoDBClient
) -> None:
    before = msgspec.structs.replace(open_state(), probes=["email-1"], probed_at=NOW, counts_from=NOW - 60)
    states.replace(ME, SendingState(), before)

    new = states.pause(ME, "wrong prices", NOW + 1)

    assert new == states.states([ME])[ME]
    assert new == SendingState(
        paused=True,
        paused_by="operator",
        paused_reason="wrong prices",
        paused_at="2026-11-24T10:31:01.000Z",
        counts_from=NOW - 60,
    )
    assert {"openedAt", "trip", "evidence", "probes", "probedAt", "goodProbes"}.isdisjoint(
        stored(control, f"state#{ME}")
    )


def test_resuming_restarts_the_counts_and_returns_the_pause(states: ProducerStates) -> None:
    paused = states.pause(ME, "wrong prices", NOW)

    assert states.resume(ME, NOW + 1) == paused
    assert states.states([ME])[ME] == SendingState(counts_from=NOW + 1)


def test_what_is_not_paused_cannot_be_resumed(states: ProducerStates, control: DynamoDBClient) -> None:
    assert states.resume(ME, NOW) is None
    assert stored(control, f"state#{ME}") == {}


def test_paused_sources_are_listed_with_the_account_first(states: ProducerStates, control: DynamoDBClient) -> None:
    for source in ("z.shop", ACCOUNT, "a.shop"):
        states.pause(source, "why", NOW)
    states.pause("resumed", "why", NOW)
    states.resume("resumed", NOW)
    control.put_item(TableName=CONTROL, Item={"pk": {"S": "producer#b.shop"}, "paused": {"BOOL": True}})

    assert list(states.paused()) == [ACCOUNT, "a.shop", "z.shop"]


# --- who is paused, by name -------------------------------------------------------------------------------------------


def test_every_pause_and_resumption_is_listed_whoever_made_it(states: ProducerStates) -> None:
    before = open_state()
    assert states.replace("by.breaker", SendingState(), before)
    states.pause("by.operator", "wrong prices", NOW)
    assert states.listed_pauses() == {"by.breaker", "by.operator"}
    assert states.producers(["another"]).any_paused

    assert states.replace("by.breaker", before, closed(before, NOW, 3))
    states.resume("by.operator", NOW)
    assert states.listed_pauses() == frozenset()
    assert not states.producers(["another"]).any_paused


def test_a_state_that_changed_meanwhile_is_not_listed(states: ProducerStates) -> None:
    states.pause(ME, "", NOW)
    states.resume(ME, NOW)

    assert not states.replace(ME, SendingState(), open_state())
    assert states.listed_pauses() == frozenset()


def test_resuming_once_more_takes_a_forgotten_pause_off_the_list(states: ProducerStates) -> None:
    """A function that ended between its two writes left it there."""
    states.list_pause(ME, paused=True)

    assert states.resume(ME, NOW) is None
    assert states.listed_pauses() == frozenset()


def test_a_failed_probe_changes_no_list(states: ProducerStates, control: DynamoDBClient) -> None:
    before = open_state()
    states.replace(ME, SendingState(), before)
    calls = calls_of(control)

    assert states.replace(ME, before, reopened(before, NOW + 1))
    assert calls == ["PutItem"]


def test_a_full_list_takes_no_more_pauses_and_still_forgets(
    states: ProducerStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_layer.aws.producer_states._MOST_LISTED", 2)
    for source in ("a", "b", "c"):
        states.pause(source, "", NOW)
    assert states.listed_pauses() == {"a", "b"}

    for source in ("a", "b", "c"):
        states.resume(source, NOW)
    states.pause("d", "", NOW)
    assert states.listed_pauses() == frozenset({"d"})


def test_the_list_is_read_with_policies_and_states_in_one_call(states: ProducerStates, control: DynamoDBClient) -> None:
    states.pause(ME, "", NOW)
    calls = calls_of(control)

    assert states.producers(["another"]).any_paused
    assert calls == ["BatchGetItem"]


def test_a_state_that_was_excluded_meanwhile_is_not_replaced(states: ProducerStates, control: DynamoDBClient) -> None:
    """Its replacement would be excluded once more."""
    before = open_state()
    states.replace(ME, SendingState(), before)
    SendingCounts(control, CONTROL).exclude(ME, {}, NOW)

    assert not states.replace(ME, before, reopened(before, NOW))
    excluded = msgspec.structs.replace(before, excluded=True)
    assert states.replace(ME, excluded, reopened(excluded, NOW))


def test_an_operators_pause_of_a_paused_producer_keeps_its_counts_excluded_and_a_resumption_ends_it(
    states: ProducerStates, control: DynamoDBClient
) -> None:
    states.replace(ME, SendingState(), open_state())
    SendingCounts(control, CONTROL).exclude(ME, {}, NOW)

    assert states.pause(ME, "", NOW).excluded
    states.resume(ME, NOW)
    assert not states.pause(ME, "", NOW).excluded
