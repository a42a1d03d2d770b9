"""Producers' policies (`producer#<source>`), their sending states (`state#<source>`) and the senders that IAM lets the
sender's role use (`role-senders`) in the control table.

Terraform writes the policies and the senders; the breaker, the sender's probes and an operator's pause or resume
change the states. The item `pauses` lists the paused sources. It is written after the state: what a crash leaves
out is added by the next event of that producer that counts, or by another `sesmail resume`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from sesmail_layer.aws.control_items import (
    COUNT,
    MAY_BE_PAUSED,
    POLICY,
    ControlItems,
    by_source,
    cancel_key,
    cancellations_in,
    control_errors,
    hour_key,
    number,
    read_number,
    read_state,
    state_key,
    states_in,
)
from sesmail_layer.aws.dynamodb_items import Item, from_item, put_if, to_item
from sesmail_layer.domain.guards.producers import ProducerPolicy, Producers
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.times import utc_text

_ROLE_SENDERS = "role-senders"
_PAUSES = "pauses"
# Far below the 400 KB that an item may have, and more pauses than anyone looks at one by one.
_MOST_LISTED = 1_000
_TRUE: Item = {"BOOL": True}
_IS_PAUSED = "paused = :true"

# What a replacement must find unchanged. A sender may have added a probe.
_UNCHANGED = ("paused", "pausedBy", "openedAt", "trip", "countsFrom", "excluded")

# An operator's pause removes the breaker's attributes: no probe goes out until the operator resumes.
_PAUSE = {"paused": ":true", "pausedBy": ":operator", "pausedReason": ":reason", "pausedAt": ":now"}
_BREAKER_ATTRIBUTES = [
    name for name in SendingState.__struct_encode_fields__ if name not in (*_PAUSE, "countsFrom", "excluded")
]

_OF_SOURCES: Mapping[str, Any] = {
    "ProjectionExpression": "pk",
    "FilterExpression": "begins_with(pk, :policy) OR begins_with(pk, :state) OR begins_with(pk, :count)",
    "ExpressionAttributeValues": {":policy": {"S": POLICY}, ":state": {"S": state_key("")}, ":count": {"S": COUNT}},
}
"""A scan for the items of sources."""


class ProducerStates(ControlItems):
    def producers(self, sources: Collection[str]) -> Producers:
        """Read policies, states and cancellations by event source, in one call. Raises TransientError."""
        keys = [_ROLE_SENDERS, _PAUSES, *(f"{POLICY}{source}" for source in sources)]
        items = self._get_many([*keys, *map(state_key, sources), *map(cancel_key, sources)])
        policies = {source: _policy(item) for source, item in by_source(items, POLICY)}
        return Producers(
            policies=policies,
            states=states_in(items),
            role_senders=_addresses(items.get(_ROLE_SENDERS, {})),
            any_paused=bool(_listed(items.get(_PAUSES, {}))),
            cancellations=cancellations_in(items),
        )

    def states(self, sources: Collection[str]) -> Mapping[str, SendingState]:
        """Read the states; a source without an item is left out. Raises TransientError."""
        return states_in(self._get_many([state_key(source) for source in sources]))

    def replace(self, source: str, seen: SendingState, new: SendingState) -> bool:
        """Replace the state that was read; return False if it has changed since. Raises TransientError."""
        default, before = to_item(SendingState(), {}), to_item(seen, {})
        clauses = [
            f"({name} = :{name}" + (f" OR attribute_not_exists({name}))" if before[name] == default[name] else ")")
            for name in _UNCHANGED
        ]
        item = {"pk": {"S": state_key(source)}, **to_item(new, {})}
        values = {f":{name}": before[name] for name in _UNCHANGED}
        with control_errors():
            existing = put_if(self._client, self._table_name, item, " AND ".join(clauses), values)
        # botocore repeats a call without an answer: the first may have written what fails the second one's condition.
        replaced = existing is None or read_state(existing) == new
        if replaced and new.paused != seen.paused:
            self.list_pause(source, paused=new.paused)
        return replaced

    def listed_pauses(self) -> frozenset[str]:
        """Read which producers are paused. Raises TransientError."""
        return _listed(self._get_many([_PAUSES]).get(_PAUSES, {}))

    def list_pause(self, source: str, *, paused: bool) -> None:
        """List a source, or take it off; a list that is full takes no more. Raises TransientError."""
        values: dict[str, Item] = {":source": {"SS": [source]}}
        if not paused:
            self._update(_PAUSES, "DELETE paused :source", values)
            return
        has_room = "attribute_not_exists(paused) OR size(paused) < :most"
        self._update(_PAUSES, "ADD paused :source", values | {":most": number(_MOST_LISTED)}, condition=has_room)

    def take_probe(self, source: str, email_id: str, *, limit: int, now: float, stale_before: float) -> bool:
        """Record an email as a probe of an open breaker; return False if it has enough of them.

        Probes all taken before `stale_before` (Unix seconds) make room for a new one. Raises TransientError.
        """
        key = state_key(source)
        values: dict[str, Item] = {":id": {"L": [{"S": email_id}]}, ":now": number(now), ":true": _TRUE}
        taken, item = self._update(
            key,
            "SET probes = list_append(if_not_exists(probes, :none), :id), probedAt = :now",
            {**values, ":none": {"L": []}, ":limit": number(limit)},
            condition=f"{_IS_PAUSED} AND (attribute_not_exists(probes) OR size(probes) < :limit)",
        )
        if not taken and read_number(item, "probedAt") < stale_before:
            taken, _ = self._update(
                key,
                "SET probes = :id, probedAt = :now",
                {**values, ":stale": number(stale_before)},
                condition=f"{_IS_PAUSED} AND probedAt < :stale",
            )
        return taken

    def paused(self) -> Mapping[str, SendingState]:
        """Read all paused states by source, the account's first. Scans the table: for operators, not for workers.

        Raises TransientError.
        """
        return self.all().states

    def all(self) -> Producers:
        """Read all policies, and the states that are paused, as `paused` does. Raises TransientError."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table_name,
            ConsistentRead=True,
            FilterExpression=f"begins_with(pk, :policy) OR (begins_with(pk, :prefix) AND {MAY_BE_PAUSED})",
            ExpressionAttributeValues={
                ":policy": {"S": POLICY},
                ":prefix": {"S": state_key("")},
                ":false": {"BOOL": False},
            },
        )
        with control_errors():
            items = {item["pk"]["S"]: item for page in pages for item in page["Items"]}
        found = states_in(items)
        ordered = sorted(found, key=lambda source: (source != ACCOUNT, source))
        policies = {source: _policy(item) for source, item in by_source(items, POLICY)}
        return Producers(policies, {source: found[source] for source in ordered}, any_paused=bool(found))

    def knows(self, source: str, now: float) -> bool:
        """Return True where a source has a policy, a state, or emails sent within a day. Raises TransientError."""
        hours = [utc_text(now - hour * 3_600)[:13] for hour in range(25)]
        keys = [f"{POLICY}{source}", state_key(source), *(hour_key(source, hour) for hour in hours)]
        return bool(self._get_many(keys))

    def some_sources(self, start: str | None, requests: int) -> tuple[Sequence[str], str | None]:
        """Scan for sources as `known_sources` does, in so many requests; return the key to go on from, None at the end.

        Raises TransientError.
        """
        keys: list[str] = []
        for _ in range(requests):
            more: Any = {"ExclusiveStartKey": {"pk": {"S": start}}} if start else {}
            with control_errors():
                answer = self._client.scan(TableName=self._table_name, **_OF_SOURCES, **more)
            keys += [item["pk"]["S"] for item in answer["Items"]]
            start = answer.get("LastEvaluatedKey", {}).get("pk", {}).get("S")
            if start is None:
                break
        return sorted({_source_in(key) for key in keys} - {ACCOUNT}), start

    def known_sources(self) -> Sequence[str]:
        """Return the sources with a policy, a state, or emails sent in the last days. Scans the table: for operators.

        Raises TransientError.
        """
        pages = self._client.get_paginator("scan").paginate(TableName=self._table_name, **_OF_SOURCES)
        with control_errors():
            keys = [item["pk"]["S"] for page in pages for item in page["Items"]]
        return sorted({_source_in(key) for key in keys} - {ACCOUNT})

    def pause(self, source: str, reason: str, now: float) -> SendingState:
        """Pause for an operator, overriding the breaker; return the new state. Raises TransientError."""
        settings = ", ".join(f"{name} = {value}" for name, value in _PAUSE.items())
        with control_errors():
            answer = self._client.update_item(
                TableName=self._table_name,
                Key={"pk": {"S": state_key(source)}},
                UpdateExpression=f"SET {settings} REMOVE {', '.join(_BREAKER_ATTRIBUTES)}",
                ExpressionAttributeValues={
                    ":true": {"BOOL": True},
                    ":operator": {"S": "operator"},
                    ":reason": {"S": reason},
                    ":now": {"S": utc_text(now)},
                },
                ReturnValues="ALL_NEW",
            )
        self.list_pause(source, paused=True)
        return read_state(answer["Attributes"])

    def resume(self, source: str, now: float) -> SendingState | None:
        """End a pause and restart the counts from now; return the previous state, or None if it was not paused.

        Raises TransientError.
        """
        before = None
        # A failed condition: it was not paused.
        with suppress(ClientError), control_errors():
            answer = self._client.put_item(
                TableName=self._table_name,
                Item={"pk": {"S": state_key(source)}, "countsFrom": {"N": str(round(now, 3))}},
                ConditionExpression=MAY_BE_PAUSED,
                ExpressionAttributeValues={":false": {"BOOL": False}},
                ReturnValues="ALL_OLD",
            )
            before = read_state(answer["Attributes"])
        if before is not None or source in self.listed_pauses():
            self.list_pause(source, paused=False)
        return before


def _source_in(key: str) -> str:
    """Return the source in the key of a policy, a state or a count."""
    if key.startswith(COUNT):
        return key.removeprefix(COUNT).rpartition("#")[0]
    return key.removeprefix(POLICY).removeprefix(state_key(""))


def _listed(item: Item) -> frozenset[str]:
    return frozenset(item.get("paused", {}).get("SS", []))


def _addresses(item: Item) -> list[str] | None:
    """Read the role's senders; None where they cannot be read whole: IAM enforces them in any case."""
    texts = [one.get("S") for one in item.get("addresses", {}).get("L", [])]
    return [text for text in texts if text] if all(texts) and texts else None


def _policy(item: Item) -> ProducerPolicy:
    """Read a policy; one that cannot be read whole allows nothing, because its limits are unknown."""
    try:
        return from_item(item, ProducerPolicy)
    except (msgspec.ValidationError, ValueError, TypeError):
        return ProducerPolicy(enabled=False)
