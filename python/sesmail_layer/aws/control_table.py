"""The control table: what all workers share (the rate bucket, what SES allows, and who asks SES for it)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.dynamodb_items import from_item, is_condition_failure, to_item, transient
from sesmail_layer.domain.pacing import Quota
from sesmail_layer.usecases.ports import Reservation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_STILL_FILLING = "emptyAt BETWEEN :floor AND :latest"
_FULL = "attribute_not_exists(emptyAt) OR emptyAt < :floor"
_NOBODY_ASKS = "attribute_not_exists(leaseUntil) OR leaseUntil < :now"

_NOT_REACHED = "DynamoDB error in the control table"
_TRIES = 5


class ControlTable:
    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._client = client
        self._table_name = table_name
        self._last_seen: dict[str, float] = {}

    def advance(self, name: str, cost_seconds: float, *, floor: float, latest_start: float) -> Reservation:
        """Reserves in one conditional write. Raises TransientError.

        While the bucket fills, a reservation is an addition, so that workers never have to try again for each other's
        sake; a bucket that is full starts anew from `floor`.
        """
        if latest_start < floor:
            return Reservation(False, floor)
        for _ in range(_TRIES):
            if self._last_seen.get(name, 0.0) >= floor:
                empty_at = self._add(name, cost_seconds, floor, latest_start)
            else:
                empty_at = self._restart(name, cost_seconds, floor)
            if empty_at is not None:
                return Reservation(True, empty_at)
            if self._last_seen[name] > latest_start:
                return Reservation(False, self._last_seen[name])
        return Reservation(False, max(floor, self._last_seen[name]))

    def _add(self, name: str, cost: float, floor: float, latest: float) -> float | None:
        values = {":cost": _number(cost), ":floor": _number(floor), ":latest": _number(latest)}
        return self._move(name, "SET emptyAt = emptyAt + :cost", _STILL_FILLING, values, cost)

    def _restart(self, name: str, cost: float, floor: float) -> float | None:
        values = {":start": _number(floor + cost), ":floor": _number(floor)}
        return self._move(name, "SET emptyAt = :start", _FULL, values, cost)

    def _move(self, name: str, update: str, condition: str, values: dict[str, Any], cost: float) -> float | None:
        """Gives the time at which the bucket was empty before, or None; either way remembers the one it has now."""
        try:
            answer: dict[str, Any] = dict(
                self._client.update_item(
                    TableName=self._table_name,
                    Key={"pk": {"S": name}},
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ReturnValues="UPDATED_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            )
        except ClientError as err:
            if not is_condition_failure(err):
                raise transient(err, _NOT_REACHED, code="AWS006") from err
            item: dict[str, Any] = err.response.get("Item") or self._item(name)  # type: ignore[assignment]
            self._last_seen[name] = float(item["emptyAt"]["N"]) if "emptyAt" in item else 0.0
            return None
        except BotoCoreError as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        self._last_seen[name] = float(answer["Attributes"]["emptyAt"]["N"])
        return self._last_seen[name] - cost

    def read_quota(self) -> Quota | None:
        """Gives what SES last allowed, as stored. Raises TransientError."""
        item = self._item("quota")
        return from_item(item, Quota) if "checkedAt" in item else None

    def write_quota(self, quota: Quota) -> None:
        try:
            self._client.put_item(TableName=self._table_name, Item={"pk": {"S": "quota"}, **to_item(quota, {})})
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err

    def take_quota_lease(self, now: float, seconds: float) -> bool:
        """True for the one worker that is to ask SES; the others use what is stored. Raises TransientError."""
        try:
            self._client.update_item(
                TableName=self._table_name,
                Key={"pk": {"S": "quota"}},
                UpdateExpression="SET leaseUntil = :until",
                ConditionExpression=_NOBODY_ASKS,
                ExpressionAttributeValues={":now": _number(now), ":until": _number(now + seconds)},
            )
        except ClientError as err:
            if is_condition_failure(err):
                return False
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        except BotoCoreError as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        return True

    def _item(self, key: str) -> dict[str, Any]:
        try:
            answer = self._client.get_item(TableName=self._table_name, Key={"pk": {"S": key}}, ConsistentRead=True)
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        return dict(answer.get("Item", {}))


def _number(value: float) -> dict[str, str]:
    """Microseconds are exact enough, and keep sums of floats within DynamoDB's 38 digits."""
    return {"N": str(round(Decimal(value), 6))}
