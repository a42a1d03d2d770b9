"""The control table: what all workers share (the rate bucket, what SES allows, and who asks SES for it)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.dynamodb_items import (
    from_item,
    is_condition_failure,
    read_items,
    refused_item,
    to_item,
    transient,
)
from sesmail_layer.domain.guards.pacing import Quota
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.sender.ports import Producers, Reservation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_STILL_FILLING = "emptyAt BETWEEN :floor AND :latest"
_FULL = "attribute_not_exists(emptyAt) OR emptyAt < :floor"
_NOBODY_ASKS = "attribute_not_exists(leaseUntil) OR leaseUntil < :now"

_NOT_REACHED = "DynamoDB error in the control table"
_TRIES = 5
_COUNTS_KEPT_SECONDS = 3 * 86_400


class ControlTable:
    def __init__(self, client: DynamoDBClient, table_name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table_name = table_name
        self._sleep = sleep
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
        moved, item = self._update(name, update, condition, values)
        self._last_seen[name] = float(item["emptyAt"]["N"]) if "emptyAt" in item else 0.0
        return self._last_seen[name] - cost if moved else None

    def _update(
        self,
        key: str,
        update: str,
        condition: str | None,
        values: dict[str, Any],
        names: dict[str, str] | None = None,
    ) -> tuple[bool, dict[str, Any]]:
        """Updates an item; gives True and what was changed, or False and the item that the condition refused."""
        optional: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        if condition:
            optional |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        try:
            answer = self._client.update_item(
                TableName=self._table_name,
                Key={"pk": {"S": key}},
                UpdateExpression=update,
                ExpressionAttributeValues=values,
                ReturnValues="UPDATED_NEW",
                **optional,
            )
        except ClientError as err:
            if not is_condition_failure(err):
                raise transient(err, _NOT_REACHED, code="AWS006") from err
            return False, refused_item(err)
        except BotoCoreError as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        return True, dict(answer.get("Attributes", {}))

    def producers(self, sources: Collection[str]) -> Producers:
        """Reads policies and states by event source, in one call. Raises TransientError."""
        keys = [f"{kind}#{source}" for source in sources for kind in ("producer", "state")]
        try:
            items = {
                item["pk"]["S"]: item for item in read_items(self._client, self._table_name, "pk", keys, self._sleep)
            }
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        return Producers(
            policies={
                key.removeprefix("producer#"): from_item(item, ProducerPolicy)
                for key, item in items.items()
                if key.startswith("producer#")
            },
            states={
                key.removeprefix("state#"): from_item(item, SendingState)
                for key, item in items.items()
                if key.startswith("state#")
            },
        )

    def take(self, counter: str, wanted: int, limit: int, expires_at: float) -> int:
        """Adds to a counter as much of `wanted` as its limit has room for. Raises TransientError."""
        # Never more than the limit: a counter that is not there yet takes whatever it is given.
        wanted = min(wanted, limit)
        for _ in range(_TRIES):
            if wanted <= 0:
                return 0
            taken, item = self._update(
                counter,
                "ADD taken :wanted SET #ttl = :ttl",
                "attribute_not_exists(taken) OR taken <= :before",
                {":wanted": _number(wanted), ":before": _number(limit - wanted), ":ttl": _number(int(expires_at))},
                {"#ttl": "ttl"},
            )
            if taken:
                return wanted
            already = round(float(item.get("taken", {"N": "0"})["N"]))
            wanted = min(wanted, limit - already)
        return 0

    def take_probe(self, source: str, email_id: str, *, limit: int, now: float, stale_before: float) -> bool:
        """Notes an email as a probe of an open breaker, while it has room for one. Raises TransientError."""
        key, paused = f"state#{source}", {":true": {"BOOL": True}}
        note: dict[str, Any] = {":id": {"L": [{"S": email_id}]}, ":now": _number(now), **paused}
        taken, item = self._update(
            key,
            "SET probes = list_append(if_not_exists(probes, :none), :id), probedAt = :now",
            "paused = :true AND (attribute_not_exists(probes) OR size(probes) < :limit)",
            {**note, ":none": {"L": []}, ":limit": _number(limit)},
        )
        if not taken and float(item.get("probedAt", {"N": "0"})["N"]) < stale_before:
            stale = {**note, ":stale": _number(stale_before)}
            update = "SET probes = :id, probedAt = :now"
            taken, _ = self._update(key, update, "paused = :true AND probedAt < :stale", stale)
        return taken

    def count_sent(self, source: str, emails: int, now: float, *, sources: Collection[str] = ()) -> None:
        """Adds sent emails to the breaker's counts. Raises TransientError."""
        self.count(source, {"s": emails}, now, sources)

    def count(self, source: str, numbers: Mapping[str, int], now: float, sources: Collection[str] = ()) -> None:
        """Adds to the counts of the present five minutes: `s` sent, `b` hard bounces, `c` complaints.

        `sources` are the producers in an account's count: who they were in that hour. Raises TransientError.
        """
        minute = f"{int(now // 60) % 60 // 5 * 5:02d}"
        adding = {f"#{kind} :{kind}": number for kind, number in numbers.items()}
        values: dict[str, Any] = {f":{kind}": _number(number) for kind, number in numbers.items()}
        if sources:
            adding["sources :sources"] = 0
            values[":sources"] = {"SS": sorted(sources)}
        self._update(
            f"count#{source}#{utc_text(now)[:13]}",
            f"ADD {', '.join(adding)} SET #ttl = :ttl",
            None,
            values | {":ttl": _number(int(now) + _COUNTS_KEPT_SECONDS)},
            {f"#{kind}": f"{kind}{minute}" for kind in numbers} | {"#ttl": "ttl"},
        )

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
        values = {":now": _number(now), ":until": _number(now + seconds)}
        return self._update("quota", "SET leaseUntil = :until", _NOBODY_ASKS, values)[0]

    def _item(self, key: str) -> dict[str, Any]:
        try:
            answer = self._client.get_item(TableName=self._table_name, Key={"pk": {"S": key}}, ConsistentRead=True)
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err
        return dict(answer.get("Item", {}))


def _number(value: float) -> dict[str, str]:
    """Microseconds are exact enough, and keep sums of floats within DynamoDB's 38 digits."""
    return {"N": str(round(Decimal(value), 6))}
