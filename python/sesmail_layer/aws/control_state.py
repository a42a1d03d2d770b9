"""The states `state#<source>` of the control table: who is paused, by whom, why; an operator's pause and resume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.dynamodb_items import from_item, is_condition_failure, transient
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.times import utc_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PREFIX = "state#"
_NOT_REACHED = "DynamoDB error in the control table"

_IS_PAUSED = "paused = :true"
# The breaker's part ends with an operator's pause: no probe goes out until somebody says so.
_OPERATOR_S = {"paused": ":true", "pausedBy": ":operator", "pausedReason": ":reason", "pausedAt": ":now"}
_KEPT = (*_OPERATOR_S, "countsFrom")
_BREAKER_S = [field.encode_name for field in msgspec.structs.fields(SendingState) if field.encode_name not in _KEPT]
_PAUSE = (
    "SET " + ", ".join(f"{name} = {value}" for name, value in _OPERATOR_S.items()) + " REMOVE " + ", ".join(_BREAKER_S)
)


class ControlState:
    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def paused(self) -> Mapping[str, SendingState]:
        """Gives all that is paused, by source, the account's first. Reads the whole table: for people, not for workers.

        Raises TransientError.
        """
        found: dict[str, SendingState] = {}
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table_name,
            ConsistentRead=True,
            FilterExpression="begins_with(pk, :prefix) AND " + _IS_PAUSED,
            ExpressionAttributeValues={":prefix": {"S": _PREFIX}, ":true": {"BOOL": True}},
        )
        try:
            for page in pages:
                for item in page["Items"]:
                    found[item["pk"]["S"].removeprefix(_PREFIX)] = from_item(item, SendingState)
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        return {source: found[source] for source in sorted(found, key=lambda one: (one != ACCOUNT, one))}

    def pause(self, source: str, reason: str, now: float) -> SendingState:
        """Pauses for an operator, over whatever the breaker had decided; gives the new state. Raises TransientError."""
        values: dict[str, Any] = {
            ":true": {"BOOL": True},
            ":operator": {"S": "operator"},
            ":reason": {"S": reason},
            ":now": {"S": utc_text(now)},
        }
        try:
            answer = self._client.update_item(
                TableName=self._table_name,
                Key=_key(source),
                UpdateExpression=_PAUSE,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
            )
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        return from_item(answer["Attributes"], SendingState)

    def resume(self, source: str, now: float) -> SendingState | None:
        """Ends a pause, whoever made it; gives the state before, or None where nothing was paused.

        What bounced before does not count any more. Raises TransientError.
        """
        try:
            answer = self._client.put_item(
                TableName=self._table_name,
                Item=_key(source) | {"countsFrom": {"N": str(round(now, 3))}},
                ConditionExpression=_IS_PAUSED,
                ExpressionAttributeValues={":true": {"BOOL": True}},
                ReturnValues="ALL_OLD",
            )
        except ClientError as err:
            if is_condition_failure(err):
                return None
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        except BotoCoreError as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        return from_item(answer["Attributes"], SendingState)


def _key(source: str) -> dict[str, Any]:
    return {"pk": {"S": f"{_PREFIX}{source}"}}
