"""What adapters of DynamoDB share: items to structs and back, batched reads, conditional puts, errors."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded, Underflow
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.answers import answer
from sesmail_layer.domain.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
Item = dict[str, Any]

# DynamoDB's limits for a key's size in bytes, by the key's role in a table or an index.
HASH_KEY_BYTES = 2048
RANGE_KEY_BYTES = 1024

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-data-types
_NUMBERS = Context(prec=38, Emin=-128, Emax=126, traps=[Inexact, Overflow, Underflow, Rounded, InvalidOperation])

_KEYS_PER_CALL = 100
_ROUNDS = 5
_FIRST_PAUSE_SECONDS = 0.05


def to_item(value: msgspec.Struct, key_bytes: Mapping[str, int]) -> Item:
    """Convert a struct to an item; `attributes` explains `key_bytes`."""
    return typed_item(attributes(value, key_bytes))


def attributes(value: msgspec.Struct, key_bytes: Mapping[str, int]) -> dict[str, Any]:
    """Convert a struct to an item's attributes as plain values.

    `key_bytes` names the attributes that are keys, with the largest size of each. An unusable key (empty, too long) is
    left out: DynamoDB would reject the whole item for it.
    """
    plain = {name: given for name, given in msgspec.to_builtins(value).items() if given is not None}
    unusable = {name for name, limit in key_bytes.items() if not _usable_key(plain.get(name), limit)}
    return {name: given for name, given in plain.items() if name not in unusable}


def typed_item(plain: Mapping[str, Any]) -> Item:
    return {name: _typed(given) for name, given in plain.items()}


def from_item(item: Mapping[str, Any], kind: type[T]) -> T:
    """Convert an item to a struct, ignoring attributes that the struct does not have."""
    return msgspec.convert({name: plain_value(value) for name, value in item.items()}, kind)


def read_items(
    client: DynamoDBClient, table_name: str, key_name: str, keys: Collection[str], sleep: Callable[[float], None]
) -> Iterator[Item]:
    """Read items by their string key, consistently, retrying unprocessed keys with back-off.

    Raises TransientError when some keys stay unread, and botocore's own errors.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
    """
    ordered = sorted({key for key in keys if _usable_key(key, HASH_KEY_BYTES)})
    for start in range(0, len(ordered), _KEYS_PER_CALL):
        some: list[Item] = [{key_name: {"S": key}} for key in ordered[start : start + _KEYS_PER_CALL]]
        for round_number in range(_ROUNDS):
            answer = client.batch_get_item(RequestItems={table_name: {"Keys": some, "ConsistentRead": True}})
            yield from answer["Responses"].get(table_name, [])
            left: dict[str, Any] = dict(answer.get("UnprocessedKeys", {}))
            some = left[table_name]["Keys"] if left else []
            if not some:
                break
            sleep(_FIRST_PAUSE_SECONDS * 2**round_number * random.uniform(0.5, 1))
        else:
            raise TransientError(f"{len(some)} keys of {table_name} stayed unread", code="AWS003")


def put_if(
    client: DynamoDBClient, table_name: str, item: Item, condition: str, values: Mapping[str, Any]
) -> Item | None:
    """Put an item under a condition; return None, or the existing item that failed it (empty: deleted meanwhile).

    Raises botocore's own errors.
    """
    given: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
    try:
        client.put_item(
            **given,
            TableName=table_name,
            Item=item,
            ConditionExpression=condition,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as err:
        if not is_condition_failure(err):
            raise
        return rejected_item(err)
    return None


@contextmanager
def dynamodb_errors(message: str, *, code: str) -> Iterator[None]:
    """Raise every error as a TransientError with this message. A failed condition is an answer: it passes unchanged."""
    try:
        yield
    except (BotoCoreError, ClientError, TransientError) as err:
        if isinstance(err, ClientError) and is_condition_failure(err):
            raise
        raise TransientError(f"{message}: {_reason(err)}", code=code) from err


def _reason(err: BotoCoreError | ClientError | TransientError) -> str:
    return err.message if isinstance(err, TransientError) else answer(err)


def rejected_item(err: ClientError) -> Item:
    """Return the item that failed a condition; empty if there is none."""
    response: dict[str, Any] = dict(err.response)
    return dict(response.get("Item", {}))


def is_condition_failure(err: ClientError) -> bool:
    return err.response["Error"].get("Code") == "ConditionalCheckFailedException"


def _usable_key(value: object, limit: int) -> bool:
    """Return False for what is too long, and for halves of surrogate pairs, which JSON can have and UTF-8 cannot."""
    try:
        return isinstance(value, str) and 0 < len(value.encode()) <= limit
    except UnicodeEncodeError:
        return False


def _typed(value: Any) -> Item:
    """Convert a plain value to DynamoDB's typed JSON: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html"""
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dict):
        return {"M": {name: _typed(inner) for name, inner in value.items()}}
    return {"L": [_typed(inner) for inner in value]}


def _number(value: float) -> Item:
    """Convert a number; one that DynamoDB cannot hold (metadata may contain one) is kept as text."""
    try:
        number = _NUMBERS.create_decimal(str(value))
    except (Inexact, Overflow, Underflow, Rounded, InvalidOperation):
        return {"S": str(value)}
    return {"N": str(number)} if number.is_finite() else {"S": str(value)}


def plain_value(value: Mapping[str, Any]) -> Any:
    [(kind, content)] = value.items()
    match kind:
        case "NULL":
            return None
        case "N":
            number = Decimal(content)
            return int(number) if number == number.to_integral_value() else float(number)
        case "M":
            return {name: plain_value(inner) for name, inner in content.items()}
        case "L":
            return [plain_value(inner) for inner in content]
        case "SS":
            return set(content)
    return content
