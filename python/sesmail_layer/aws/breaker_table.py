"""The breaker's part of the control table: counts by source and five minutes, and the states that follow from them.

`count#<source>#<YYYY-MM-DDTHH>` holds `s00` … `s55` emails sent (written by the sender), `b00` … hard bounces and `c00`
… complaints; the account's, whose source is `*`, also which producers they are of (`sources`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.dynamodb_items import from_item, put_if, read_items, to_item, transient
from sesmail_layer.domain.guards.breaker import SLOT_SECONDS, WINDOWS_SECONDS, Counts
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.feedback.ports import Tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_HOUR_SECONDS = 3_600
_KEPT_SECONDS = 3 * 86_400
_KINDS = {"s": "emails", "b": "bounces", "c": "complaints"}
_NOT_REACHED = "DynamoDB error in the control table"

# A state is replaced only if nobody, worker or operator, has changed it since it was read. A sender may add a probe.
_SEEN = ("paused", "pausedBy", "openedAt", "trip", "countsFrom")


class BreakerTable:
    def __init__(self, client: DynamoDBClient, table_name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table_name = table_name
        self._sleep = sleep

    def count(self, source: str, counts: Counts, now: float) -> None:
        """Adds bounces and complaints to the present five minutes. Raises TransientError."""
        minute = f"{int(now) % _HOUR_SECONDS // SLOT_SECONDS * SLOT_SECONDS // 60:02d}"
        numbers = {kind: getattr(counts, name) for kind, name in _KINDS.items() if getattr(counts, name)}
        if not numbers:
            return
        adding = ", ".join(f"{kind}{minute} :{kind}" for kind in numbers)
        values: dict[str, Any] = {f":{kind}": {"N": str(number)} for kind, number in numbers.items()}
        try:
            self._client.update_item(
                TableName=self._table_name,
                Key={"pk": {"S": f"count#{source}#{utc_text(now)[:13]}"}},
                UpdateExpression=f"ADD {adding} SET #ttl = :ttl",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={**values, ":ttl": {"N": str(int(now) + _KEPT_SECONDS)}},
            )
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err

    def read(self, sources: Collection[str], now: float) -> Mapping[str, Tally]:
        """Reads states and a day's counts of sources, consistently, in one go. Raises TransientError."""
        keys = [f"count#{source}#{hour}" for source in sources for hour in _hours(now)]
        items = self._items([*keys, *(f"state#{source}" for source in sources)])
        return {source: _tally(source, items, now) for source in sources}

    def states(self, sources: Collection[str]) -> Mapping[str, SendingState]:
        """Reads the states alone; without an item, a source has none. Raises TransientError."""
        items = self._items([f"state#{source}" for source in sources])
        return {key.removeprefix("state#"): from_item(item, SendingState) for key, item in items.items()}

    def replace(self, source: str, seen: SendingState, new: SendingState) -> bool:
        """Puts a state in place of the one read; False where it has changed meanwhile. Raises TransientError."""
        nothing = to_item(SendingState(), {})
        before = to_item(seen, {})
        clauses = [
            f"({name} = :{name}" + (f" OR attribute_not_exists({name}))" if before[name] == nothing[name] else ")")
            for name in _SEEN
        ]
        item = {"pk": {"S": f"state#{source}"}, **to_item(new, {})}
        values = {f":{name}": before[name] for name in _SEEN}
        try:
            return put_if(self._client, self._table_name, item, " AND ".join(clauses), values) is None
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err

    def _items(self, keys: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
        try:
            found = read_items(self._client, self._table_name, "pk", keys, self._sleep)
            return {item["pk"]["S"]: item for item in found}
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS006") from err


def _hours(now: float) -> Iterator[str]:
    """The hours that reach into the longest window."""
    start = int(now - max(WINDOWS_SECONDS) - SLOT_SECONDS) // _HOUR_SECONDS * _HOUR_SECONDS
    return (utc_text(hour)[:13] for hour in range(start, int(now) + 1, _HOUR_SECONDS))


def _tally(source: str, items: Mapping[str, Mapping[str, Any]], now: float) -> Tally:
    timeline: dict[int, Counts] = {}
    sources: set[str] = set()
    for hour in _hours(now):
        item = items.get(f"count#{source}#{hour}", {})
        sources |= set(item.get("sources", {}).get("SS", []))
        begin = int(utc_seconds(f"{hour}:00:00Z"))
        for minute in range(0, 60, SLOT_SECONDS // 60):
            found = {name: _number(item.get(f"{kind}{minute:02d}")) for kind, name in _KINDS.items()}
            if any(found.values()):
                timeline[begin + minute * 60] = Counts(**found)
    state = items.get(f"state#{source}")
    return Tally(from_item(state, SendingState) if state else SendingState(), timeline, frozenset(sources))


def _number(attribute: Mapping[str, str] | None) -> int:
    # Not every endpoint takes the zeros off, as DynamoDB does: `10.000000`.
    return round(float(attribute["N"])) if attribute else 0
