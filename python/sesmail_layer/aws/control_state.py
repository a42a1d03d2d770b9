"""The states `state#<source>` of the control table: who is paused, by whom, why; an operator's pause and resume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.dynamodb_items import from_item, is_condition_failure, transient
from sesmail_layer.domain.sending_state import SendingState
from sesmail_layer.domain.times import utc_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCOUNT = "*"
"""The source under which the whole account's state stands."""

_PREFIX = "state#"
_NOT_REACHED = "DynamoDB error in the control table"

_IS_PAUSED = "paused = :true"
# The breaker's probes end with an operator's pause: nothing goes out until somebody says so.
_BREAKER_PART = "openedAt, trip, probes, goodProbes"
_PAUSE = f"SET paused = :true, pausedBy = :operator, pausedReason = :reason, pausedAt = :now REMOVE {_BREAKER_PART}"
# What happened before an operator let mail out again does not count any more.
_RESUME = f"SET countsFrom = :now REMOVE paused, pausedBy, pausedReason, pausedAt, {_BREAKER_PART}"


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
        values = {
            ":true": {"BOOL": True},
            ":operator": {"S": "operator"},
            ":reason": {"S": reason},
            ":now": {"S": utc_text(now)},
        }
        after = self._update(source, _PAUSE, values, ReturnValues="ALL_NEW")
        return from_item(after or {}, SendingState)

    def resume(self, source: str, now: float) -> SendingState | None:
        """Ends a pause, whoever made it; gives the state before, or None where nothing was paused.

        Raises TransientError.
        """
        values = {":now": {"N": str(round(now, 3))}, ":true": {"BOOL": True}}
        before = self._update(source, _RESUME, values, ReturnValues="ALL_OLD", ConditionExpression=_IS_PAUSED)
        return None if before is None else from_item(before, SendingState)

    def _update(self, source: str, update: str, values: Mapping[str, Any], **more: Any) -> Mapping[str, Any] | None:
        """Gives the attributes asked for; None where the condition does not hold."""
        try:
            answer = self._client.update_item(
                TableName=self._table_name,
                Key=_key(source),
                UpdateExpression=update,
                ExpressionAttributeValues=values,
                **more,
            )
        except ClientError as err:
            if is_condition_failure(err):
                return None
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        except BotoCoreError as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        return answer["Attributes"]


def _key(source: str) -> dict[str, Any]:
    return {"pk": {"S": f"{_PREFIX}{source}"}}
