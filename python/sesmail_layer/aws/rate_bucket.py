"""The rate buckets `pacer#<lane>` of the control table, shared by all senders."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sesmail_layer.aws.control_items import NUMBER, ControlItems, is_outside, number, read_number
from sesmail_layer.aws.dynamodb_items import Item
from sesmail_layer.domain.guards.pacing import Reservation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FILLING = "emptyAt BETWEEN :floor AND :latest"
_FULL = is_outside("emptyAt", ":floor", ":far")
_FAR_SECONDS = 86_400.0
"""More than all reservations together ever reach ahead."""
_TRIES = 5
_REMEMBERED_SECONDS = 10.0
"""For so long a refusal is repeated without a write; an item that was changed by hand is found out after that."""


class RateBucket(ControlItems):
    def __init__(self, client: DynamoDBClient, table_name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(client, table_name, sleep=sleep)
        self._last_seen: dict[str, float] = {}
        self._seen_at_floor: dict[str, float] = {}

    def advance(self, name: str, cost_seconds: float, *, floor: float, latest_start: float) -> Reservation:
        """Reserve sending time in one conditional write. Raises TransientError.

        While the bucket fills, a reservation is an addition, so concurrent workers never retry because of each other.
        A full bucket restarts from `floor`. The time at which a bucket is empty only grows, so what this worker knows
        to be refused costs no write.
        """
        if latest_start < floor:
            return Reservation(False, floor)
        if self._is_refused(name, floor, latest_start):
            return Reservation(False, self._last_seen[name])
        for _ in range(_TRIES):
            if floor <= self._last_seen.get(name, 0.0) <= floor + _FAR_SECONDS:
                empty_at = self._add(name, cost_seconds, floor, latest_start)
            else:
                empty_at = self._restart(name, cost_seconds, floor)
            if empty_at is not None:
                return Reservation(True, empty_at)
            if self._last_seen[name] > latest_start:
                return Reservation(False, self._last_seen[name])
        return Reservation(False, max(floor, self._last_seen[name]))

    def _is_refused(self, name: str, floor: float, latest: float) -> bool:
        recently = floor - self._seen_at_floor.get(name, 0.0) < _REMEMBERED_SECONDS
        return recently and latest < self._last_seen[name] <= floor + _FAR_SECONDS

    def _add(self, name: str, cost: float, floor: float, latest: float) -> float | None:
        values = {":cost": number(cost), ":floor": number(floor), ":latest": number(latest)}
        return self._move(name, "SET emptyAt = emptyAt + :cost", _FILLING, values, cost, floor)

    def _restart(self, name: str, cost: float, floor: float) -> float | None:
        times = {":start": floor + cost, ":floor": floor, ":far": floor + _FAR_SECONDS}
        values = {":number": NUMBER} | {key: number(time) for key, time in times.items()}
        return self._move(name, "SET emptyAt = :start", _FULL, values, cost, floor)

    def _move(
        self, name: str, update: str, condition: str, values: Mapping[str, Item], cost: float, floor: float
    ) -> float | None:
        """Return when the bucket was empty before, or None; in both cases remember when it is empty now."""
        moved, item = self._update(name, update, values, condition=condition)
        self._last_seen[name] = read_number(item, "emptyAt")
        self._seen_at_floor[name] = floor
        return self._last_seen[name] - cost if moved else None
