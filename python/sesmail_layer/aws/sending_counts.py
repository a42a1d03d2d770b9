"""The breaker's counts in the control table, by source and five minutes.

`count#<source>#<YYYY-MM-DDTHH>` holds, for each slot of its hour, emails sent (`s00` … `s55`), hard bounces (`b00` …)
and complaints (`c00` …). `suspects#<YYYY-MM-DDTHH>` lists the first producers of that hour with a bounce or a
complaint: an item of its own, since a list in the account's would make each of its writes dearer. The account's item
has the day's first figures, too (aws/daily_figures.py), and the sender's emails are counted with them.

`excluded#<YYYY-MM-DDTHH>` holds the part of the account's counts that its rate leaves out: what producers had when
they were paused, and what is counted for them until they are resumed. Nothing is ever taken off: counts from before a
resumption stay excluded. So the account is judged by two sources' counts, however many producers are paused.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from sesmail_layer.aws.control_items import (
    FIGURES_KEPT_SECONDS,
    MAY_BE_PAUSED,
    ControlItems,
    control_errors,
    hour_key,
    number,
    read_number,
    slot_of,
    state_key,
    states_in,
)
from sesmail_layer.aws.dynamodb_items import Item
from sesmail_layer.domain.guards.breaker import MOST_SOURCES, SLOT_SECONDS, WINDOWS_SECONDS, Counts, Tally, Timeline
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.times import utc_seconds, utc_text

_HOUR_SECONDS = 3_600
_KEPT_SECONDS = 3 * 86_400
_PAUSES = "pauses"
_FIELDS = {"s": "emails", "b": "bounces", "c": "complaints"}


class AccountReading(NamedTuple):
    """What one read finds about the account."""

    tally: Tally
    excluded: Timeline
    """The counts that the account's rate leaves out."""
    states: Mapping[str, SendingState]
    """Of the producers that were asked for; one without an item is left out."""
    pauses: frozenset[str]
    """The producers that are paused, known or not."""


class SendingCounts(ControlItems):
    def count_sent(self, source: str, emails: int, now: float) -> None:
        """Add sent emails to the current slot. Raises TransientError."""
        self.count(source, Counts(emails=emails), now)

    def read(self, sources: Collection[str], now: float) -> Mapping[str, Tally]:
        """Read the states and the last day's counts of sources, in one call. Raises TransientError."""
        keys = [hour_key(source, hour) for source in sources for hour in _hours(now)]
        items = self._get_many([*keys, *(state_key(source) for source in sources)])
        states = states_in(items)
        return {
            source: Tally(states.get(source, SendingState()), _timeline(partial(hour_key, source), items, now))
            for source in sources
        }

    def excluded(self, now: float) -> Timeline:
        """Read the last day's counts that the account's rate leaves out. Raises TransientError."""
        items = self._get_many([_excluded_key(hour) for hour in _hours(now)])
        return _timeline(_excluded_key, items, now)

    def read_account(self, sources: Collection[str], now: float) -> AccountReading:
        """Read the account's state and last day, and the states of some producers: one call for up to 40 of them.

        Raises TransientError.
        """
        asked = {ACCOUNT, *sources}
        keys = [key(hour) for key in (partial(hour_key, ACCOUNT), _excluded_key) for hour in _hours(now)]
        items = self._get_many([_PAUSES, *keys, *map(state_key, asked)])
        states = states_in(items)
        listed = frozenset(items.get(_PAUSES, {}).get("paused", {}).get("SS", []))
        return AccountReading(
            tally=Tally(states.get(ACCOUNT, SendingState()), _timeline(partial(hour_key, ACCOUNT), items, now)),
            excluded=_timeline(_excluded_key, items, now),
            states=states,
            # The list is written after a state, so a state that was read is the newer of the two.
            pauses=listed - asked | {source for source, state in states.items() if state.paused},
        )

    def count_excluded(self, counts: Counts, now: float) -> None:
        """Add to what is excluded in the current slot. Raises TransientError."""
        self._add(_excluded_key, counts, now)

    def exclude(self, source: str, counts: Timeline, now: float) -> None:
        """Exclude a paused producer's counts, and mark its state: all of it or nothing, and once a pause.

        A transaction needs the rights of its updates alone. Raises TransientError.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
        """
        hours: dict[str, list[tuple[int, Counts]]] = defaultdict(list)
        for start, found in counts.items():
            hours[utc_text(start)[:13]].append((start, found))
        mark = {
            "Key": {"pk": {"S": state_key(source)}},
            "UpdateExpression": "SET excluded = :true",
            "ConditionExpression": f"{MAY_BE_PAUSED} AND (attribute_not_exists(excluded) OR excluded <> :true)",
            "ExpressionAttributeValues": {":true": {"BOOL": True}, ":false": {"BOOL": False}},
        }
        additions = [_addition(_excluded_key(hour), slots, now) for hour, slots in hours.items()]
        updates: Any = [{"Update": {"TableName": self._table_name, **one}} for one in (mark, *additions)]
        with control_errors():
            try:
                self._client.transact_write_items(TransactItems=updates)
            except ClientError as err:
                # Another worker was faster, or an operator has resumed.
                if not _failed_condition(err):
                    raise

    def list_suspects(self, sources: Collection[str], now: float) -> None:
        """List producers with a bounce or a complaint, while the hour's list has room. Raises TransientError."""
        self._update(
            _suspects_key(utc_text(now)[:13]),
            "ADD sources :sources SET #ttl = :ttl",
            {
                ":sources": {"SS": sorted(sources)},
                ":most": number(MOST_SOURCES),
                ":ttl": number(int(now) + _KEPT_SECONDS),
            },
            condition="attribute_not_exists(sources) OR size(sources) < :most",
            names={"#ttl": "ttl"},
        )

    def suspects(self, now: float) -> Sequence[str]:
        """Read the last day's lists: first who is on most of them, then who was listed last. Raises TransientError."""
        items = self._get_many([_suspects_key(hour) for hour in _hours(now)])
        hours: Counter[str] = Counter()
        latest: dict[str, str] = {}
        for key, item in sorted(items.items()):
            for source in item.get("sources", {}).get("SS", []):
                hours[source] += 1
                latest[source] = key
        return sorted(sorted(hours), key=lambda source: (hours[source], latest[source]), reverse=True)

    def count(self, source: str, counts: Counts, now: float) -> None:
        """Add to the current slot. Raises TransientError."""
        self._add(partial(hour_key, source), counts, now)

    def _add(self, key: Callable[[str], str], counts: Counts, now: float) -> None:
        if counts == Counts():
            return
        update = _addition(key(utc_text(now)[:13]), [(int(now), counts)], now)
        self._update(
            update["Key"]["pk"]["S"],
            update["UpdateExpression"],
            update["ExpressionAttributeValues"],
            names=update["ExpressionAttributeNames"],
        )


def _addition(key: str, slots: Collection[tuple[int, Counts]], now: float) -> dict[str, Any]:
    """Return the update that adds the counts of some times, all of one hour, to its item."""
    numbers = {
        slot_of(letter, start): getattr(counts, field)
        for start, counts in slots
        for letter, field in _FIELDS.items()
        if getattr(counts, field)
    }
    values = {f":{name}": number(value) for name, value in numbers.items()}
    kept = FIGURES_KEPT_SECONDS if key.startswith(hour_key(ACCOUNT, "")) else _KEPT_SECONDS
    return {
        "Key": {"pk": {"S": key}},
        "UpdateExpression": f"ADD {', '.join(f'{name} :{name}' for name in numbers)} SET #ttl = :ttl",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": values | {":ttl": number(int(now) + kept)},
    }


def _failed_condition(err: ClientError) -> bool:
    """True where a transaction was cancelled for its condition, and not because another one was under way."""
    reasons: Any = err.response.get("CancellationReasons", [])
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)


def _timeline(key: Callable[[str], str], items: Mapping[str, Item], now: float) -> Timeline:
    timeline: dict[int, Counts] = {}
    for hour in _hours(now):
        item = items.get(key(hour), {})
        start = int(utc_seconds(f"{hour}:00:00Z"))
        for seconds in range(0, _HOUR_SECONDS, SLOT_SECONDS):
            # Not every endpoint strips zeros as DynamoDB does (`10.000000`), hence not int().
            counts = {field: round(read_number(item, slot_of(letter, seconds))) for letter, field in _FIELDS.items()}
            if any(counts.values()):
                timeline[start + seconds] = Counts(**counts)
    return timeline


def _hours(now: float) -> Iterator[str]:
    """The hours that reach into the longest window."""
    start = int(now - max(WINDOWS_SECONDS) - SLOT_SECONDS) // _HOUR_SECONDS * _HOUR_SECONDS
    return (utc_text(hour)[:13] for hour in range(start, int(now) + 1, _HOUR_SECONDS))


def _excluded_key(hour: str) -> str:
    return f"excluded#{hour}"


def _suspects_key(hour: str) -> str:
    return f"suspects#{hour}"
