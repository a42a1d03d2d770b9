"""Items and structs, batched reads, conditional puts, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.stub import Stubber

from sesmail_layer.aws.dynamodb_items import dynamodb_errors, from_item, put_if, read_items, to_item
from sesmail_layer.domain.errors import TransientError
from tests.aws.conftest import CONTROL, calls_of, stored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Thing(msgspec.Struct, rename="camel"):
    some_id: str = ""
    value: Any = None


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        ("text", {"S": "text"}),
        ("", {"S": ""}),
        (True, {"BOOL": True}),
        (1, {"N": "1"}),
        (0.5, {"N": "0.5"}),
        ([1, "a", None], {"L": [{"N": "1"}, {"S": "a"}, {"NULL": True}]}),
        ({"a": {"b": False}}, {"M": {"a": {"M": {"b": {"BOOL": False}}}}}),
    ],
)
def test_a_value_keeps_its_type_both_ways(value: object, typed: dict[str, Any]) -> None:
    item = to_item(Thing("a", value), {})
    assert item == {"someId": {"S": "a"}, "value": typed}
    read = from_item(item, Thing).value
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize("number", [10**38, 1e300, 1e-200, float("inf")])
def test_a_number_that_dynamodb_cannot_hold_is_kept_as_text(number: float) -> None:
    assert to_item(Thing("a", number), {})["value"] == {"S": str(number)}


def test_unset_fields_and_unusable_keys_are_left_out() -> None:
    limits = {"someId": 4}
    assert to_item(Thing("abcd"), limits) == {"someId": {"S": "abcd"}}
    assert to_item(Thing("abcde"), limits) == {}
    assert to_item(Thing("äbcä"), limits) == {}, "the limit is in bytes"
    assert to_item(Thing(""), limits) == {}


def test_unknown_attributes_are_ignored_and_sets_read() -> None:
    assert from_item({"someId": {"S": "a"}, "new": {"S": "b"}, "value": {"SS": ["x", "y"]}}, Thing) == Thing(
        "a", {"x", "y"}
    )


def _no_pause(seconds: float) -> None:
    raise AssertionError("every key was processed")


def test_a_read_takes_one_call_per_hundred_keys_and_skips_unusable_ones(control: DynamoDBClient) -> None:
    control.put_item(TableName=CONTROL, Item={"pk": {"S": "7"}})
    calls = calls_of(control)
    keys = [*map(str, range(101)), "7", "", "x" * 2049]
    found = list(read_items(control, CONTROL, "pk", keys, _no_pause))
    assert found == [{"pk": {"S": "7"}}]
    assert calls == ["BatchGetItem"] * 2


def unprocessed(*keys: str) -> dict[str, Any]:
    return {"Responses": {}, "UnprocessedKeys": {CONTROL: {"Keys": [{"pk": {"S": key}} for key in keys]}}}


def test_unprocessed_keys_are_read_again_after_a_pause(control: DynamoDBClient) -> None:
    pauses: list[float] = []
    with Stubber(control) as stub:
        stub.add_response("batch_get_item", unprocessed("b"))
        request = {"Keys": [{"pk": {"S": "b"}}], "ConsistentRead": True}
        stub.add_response(
            "batch_get_item", {"Responses": {CONTROL: [{"pk": {"S": "b"}}]}}, {"RequestItems": {CONTROL: request}}
        )
        assert list(read_items(control, CONTROL, "pk", ["a", "b"], pauses.append)) == [{"pk": {"S": "b"}}]
    assert len(pauses) == 1
    assert 0.025 <= pauses[0] <= 0.05


def test_keys_that_stay_unprocessed_are_a_transient_error(control: DynamoDBClient) -> None:
    pauses: list[float] = []
    with Stubber(control) as stub:
        for _ in range(5):
            stub.add_response("batch_get_item", unprocessed("a"))
        with pytest.raises(TransientError, match=f"^1 keys of {CONTROL} stayed unread$") as caught:
            list(read_items(control, CONTROL, "pk", ["a"], pauses.append))
    assert caught.value.code == "AWS003"
    assert len(pauses) == 5


def test_a_conditional_put_writes_or_returns_the_existing_item(control: DynamoDBClient) -> None:
    first, second = {"pk": {"S": "a"}, "n": {"N": "1"}}, {"pk": {"S": "a"}, "n": {"N": "2"}}
    absent = "attribute_not_exists(pk)"
    assert put_if(control, CONTROL, first, absent, {}) is None
    assert put_if(control, CONTROL, second, absent, {}) == first
    assert stored(control, "a") == first
    assert put_if(control, CONTROL, second, "n = :n", {":n": {"N": "1"}}) is None
    assert put_if(control, CONTROL, {"pk": {"S": "b"}}, "n = :n", {":n": {"N": "1"}}) == {}


def test_other_errors_of_a_conditional_put_are_raised(control: DynamoDBClient) -> None:
    with Stubber(control) as stub:
        stub.add_client_error("put_item", "ThrottlingException")
        with pytest.raises(ClientError, match="ThrottlingException"):
            put_if(control, CONTROL, {"pk": {"S": "a"}}, "attribute_not_exists(pk)", {})


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "slow down"}}, "PutItem")


def test_an_error_says_what_failed_and_aws_s_reason() -> None:
    with pytest.raises(TransientError) as caught, dynamodb_errors("Failed to write", code="AWS999"):
        raise client_error("ThrottlingException")
    assert (caught.value.message, caught.value.code) == ("Failed to write: ThrottlingException: slow down", "AWS999")


def test_an_error_of_our_side_does_not_quote_the_values_sent() -> None:
    with pytest.raises(TransientError) as caught, dynamodb_errors("Failed to write", code="AWS999"):
        raise ParamValidationError(report="jane@example.com is no number")
    assert caught.value.message == "Failed to write: ParamValidationError"


def test_a_failed_condition_passes_unchanged() -> None:
    with pytest.raises(ClientError), dynamodb_errors("Failed to write", code="AWS999"):
        raise client_error("ConditionalCheckFailedException")


def test_our_own_error_gets_the_message_and_code_of_what_failed() -> None:
    with pytest.raises(TransientError) as caught, dynamodb_errors("Failed to read", code="AWS999"):
        raise TransientError("2 keys stayed unread", code="AWS003")
    assert (caught.value.message, caught.value.code) == ("Failed to read: 2 keys stayed unread", "AWS999")
