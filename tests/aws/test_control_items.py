"""The base of the control table's adapters: reads, updates, and one error for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from sesmail_layer.aws.cap_counters import CapCounters
from sesmail_layer.aws.control_items import ControlItems, number, read_number, states_in
from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.aws.quota_cache import QuotaCache
from sesmail_layer.aws.rate_bucket import RateBucket
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.pacing import Quota
from sesmail_layer.domain.guards.sending_state import SendingState
from tests.aws.conftest import CONTROL, NOW, stored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

QUOTA = Quota(max_send_rate=14.0, max_24_hour_send=50_000.0, sent_last_24_hours=12.0, checked_at=NOW)
CALLS: dict[str, tuple[str, Callable[[DynamoDBClient], object]]] = {
    "rate bucket": (
        "update_item",
        lambda client: RateBucket(client, CONTROL).advance("pacer#all", 1, floor=NOW, latest_start=NOW),
    ),
    "cap": ("update_item", lambda client: CapCounters(client, CONTROL).take("day#shop#x", 1, 1, NOW)),
    "read quota": ("get_item", lambda client: QuotaCache(client, CONTROL).read_quota()),
    "write quota": ("put_item", lambda client: QuotaCache(client, CONTROL).write_quota(QUOTA)),
    "lease": ("update_item", lambda client: QuotaCache(client, CONTROL).take_quota_lease(NOW, 15)),
    "count": ("update_item", lambda client: SendingCounts(client, CONTROL).count("shop", Counts(bounces=1), NOW)),
    "counts": ("batch_get_item", lambda client: SendingCounts(client, CONTROL).read(["shop"], NOW)),
    "policies": ("batch_get_item", lambda client: ProducerStates(client, CONTROL).producers(["shop"])),
    "states": ("batch_get_item", lambda client: ProducerStates(client, CONTROL).states(["shop"])),
    "replace": (
        "put_item",
        lambda client: ProducerStates(client, CONTROL).replace("shop", SendingState(), SendingState(paused=True)),
    ),
    "paused": ("scan", lambda client: ProducerStates(client, CONTROL).paused()),
    "pause": ("update_item", lambda client: ProducerStates(client, CONTROL).pause("shop", "why", NOW)),
    "resume": ("put_item", lambda client: ProducerStates(client, CONTROL).resume("shop", NOW)),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", ["throttled", "not reached"])
def test_a_table_that_cannot_answer_is_a_transient_error(
    control: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, call: str, how: str
) -> None:
    operation, act = CALLS[call]
    monkeypatch.undo()  # The fixture's update_item bypasses the stubber.

    def fail(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")

    if how == "not reached":
        monkeypatch.setattr(control, "_make_api_call", fail)
    with Stubber(control) as stub:
        stub.add_client_error(operation, "ThrottlingException", "slow down")
        with pytest.raises(TransientError) as caught:
            act(control)
    assert caught.value.code == "AWS006"
    reason = "ThrottlingException: slow down" if how == "throttled" else "EndpointConnectionError"
    assert caught.value.message == f"DynamoDB error in the control table: {reason}"


def test_an_update_returns_what_changed_or_the_item_that_failed_the_condition(control: DynamoDBClient) -> None:
    items = ControlItems(control, CONTROL)
    values = {":n": {"N": "3"}}
    changed, attributes = items._update("a", "SET n = :n", values)
    assert (changed, attributes["n"]) == (True, {"N": "3"})
    assert items._update("a", "SET n = :n", values, condition="n < :n") == (
        False,
        {"pk": {"S": "a"}, "n": {"N": "3"}},
    )
    assert items._update("b", "SET n = :n", values, condition="n < :n") == (False, {})
    assert stored(control, "b") == {}


def test_items_are_read_by_key_and_missing_ones_left_out(control: DynamoDBClient) -> None:
    items = ControlItems(control, CONTROL)
    for key in ("a", "b"):
        control.put_item(TableName=CONTROL, Item={"pk": {"S": key}, "of": {"S": key}})
    assert items._get("a")["of"] == {"S": "a"}
    assert items._get("c") == {}
    assert {key: item["of"]["S"] for key, item in items._get_many(["a", "b", "c"]).items()} == {"a": "a", "b": "b"}


@pytest.mark.parametrize(
    ("value", "written"), [(7, "7.000000"), (0.1 + 0.2, "0.300000"), (1_795_516_260.1234567, "1795516260.123457")]
)
def test_numbers_are_written_to_the_microsecond(value: float, written: str) -> None:
    assert number(value) == {"N": written}


def test_a_missing_number_is_zero() -> None:
    assert read_number({"n": {"N": "10.000000"}}, "n") == 10
    assert read_number({}, "n") == 0


def test_only_state_items_are_states() -> None:
    paused = {"paused": {"BOOL": True}}
    assert states_in({"state#shop": paused, "producer#shop": paused}) == {"shop": SendingState(paused=True)}
