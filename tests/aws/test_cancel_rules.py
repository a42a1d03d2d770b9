"""Cancellations in the control table: added by many at once, and read with the policies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import pytest

from sesmail_layer.aws.cancel_rules import CancelRules
from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.cancelling import Cancellations, CancellationsFullError, CancelRule
from tests.aws.conftest import CONTROL, NOW, stored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = 31 * 86_400.0
RULE = CancelRule(before=NOW, since=NOW - 60, tag="spring", template="welcome", by="its producer")


@pytest.fixture
def rules(control: DynamoDBClient) -> CancelRules:
    return CancelRules(control, CONTROL)


def test_a_rule_is_read_with_the_policies_of_its_source(rules: CancelRules, control: DynamoDBClient) -> None:
    rules.add_rule("shop", RULE, kept_seconds=KEPT)
    rules.add_erased("sha256:abc", NOW, kept_seconds=KEPT)

    read = ProducerStates(control, CONTROL).producers(["shop", "*", "blog"])

    assert read.cancellations == {
        "shop": Cancellations(rules=[RULE]),
        "*": Cancellations(erased={"sha256:abc": NOW}),
    }
    assert rules.read("shop") == Cancellations(rules=[RULE])
    assert rules.read("blog") == Cancellations()


def test_an_item_goes_when_its_latest_cancellation_has_ended(rules: CancelRules, control: DynamoDBClient) -> None:
    rules.add_rule("shop", RULE, kept_seconds=KEPT)
    rules.add_rule("shop", CancelRule(before=NOW - 100, tag="a"), kept_seconds=KEPT)

    assert float(stored(control, "cancel#shop")["ttl"]["N"]) == NOW + KEPT


def test_the_same_rule_again_writes_nothing(rules: CancelRules, control: DynamoDBClient) -> None:
    rules.add_rule("shop", RULE, kept_seconds=KEPT)
    before = stored(control, "cancel#shop")

    rules.add_rule("shop", RULE, kept_seconds=KEPT)

    assert stored(control, "cancel#shop") == before


def test_a_write_that_meets_another_is_repeated_after_a_pause(control: DynamoDBClient) -> None:
    others = [CancelRule(before=NOW, tag=tag) for tag in ("a", "b")]
    left, pauses = [*others], list[float]()
    other = CancelRules(control, CONTROL)

    def overtake(**_: object) -> None:
        if left:
            other.add_rule("shop", left.pop(0), kept_seconds=KEPT)

    client = boto3.client("dynamodb")
    client.meta.events.register("after-call.dynamodb.GetItem", overtake)
    rules = CancelRules(client, CONTROL, sleep=pauses.append)
    rules.add_rule("shop", RULE, kept_seconds=KEPT)

    assert len(pauses) == len(others)
    assert all(0 < seconds < 1 for seconds in pauses)
    assert rules.read("shop") == Cancellations(rules=[*others, RULE])


def test_rules_that_are_added_at_the_same_time_are_all_kept(rules: CancelRules) -> None:
    def add(number: int) -> None:
        rules.add_rule("shop", CancelRule(before=NOW, tag=f"t{number}"), kept_seconds=KEPT)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(12)))

    assert {rule.tag for rule in rules.read("shop").rules} == {f"t{number}" for number in range(12)}


def test_the_rule_after_the_hundredth_is_refused(rules: CancelRules) -> None:
    for number in range(100):
        rules.add_rule("shop", CancelRule(before=NOW, tag=f"t{number}"), kept_seconds=KEPT)

    with pytest.raises(CancellationsFullError):
        rules.add_rule("shop", CancelRule(before=NOW, tag="one-more"), kept_seconds=KEPT)

    rules.add_rule("shop", CancelRule(before=NOW + KEPT + 1, tag="later"), kept_seconds=KEPT)
    assert [rule.tag for rule in rules.read("shop").rules] == ["later"]


def test_an_item_that_others_keep_changing_is_tried_again_later(
    rules: CancelRules, control: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_layer.aws.cancel_rules.put_if", lambda *_args: {"version": {"N": "9"}})

    with pytest.raises(TransientError, match="changed 8 times") as error:
        rules.add_rule("shop", RULE, kept_seconds=KEPT)
    assert error.value.code == "AWS006"


def test_a_row_of_somebody_else_cancels_nothing(rules: CancelRules, control: DynamoDBClient) -> None:
    control.put_item(TableName=CONTROL, Item={"pk": {"S": "cancel#shop"}, "rules": {"S": "all of them"}})

    assert ProducerStates(control, CONTROL).producers(["shop"]).cancellations == {}
    rules.add_rule("shop", RULE, kept_seconds=KEPT)
    assert rules.read("shop").rules == [RULE]
