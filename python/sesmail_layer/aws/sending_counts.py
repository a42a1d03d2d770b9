"""The breaker's counts in the control table, by source and five minutes.

`count#<source>#<YYYY-MM-DDTHH>` holds, for each slot of its hour, emails sent (`s00` … `s55`), hard bounces (`b00` …)
and complaints (`c00` …). `suspects#<YYYY-MM-DDTHH>` lists the first producers of that hour with a bounce or a
complaint: an item of its own, since a list in the account's would make each of its writes dearer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from sesmail_layer.aws.control_items import ControlItems, number, read_number, state_key, states_in
from sesmail_layer.aws.dynamodb_items import Item
from sesmail_layer.domain.guards.breaker import MOST_SOURCES, SLOT_SECONDS, WINDOWS_SECONDS, Counts, Tally
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.times import utc_seconds, utc_text

_HOUR_SECONDS = 3_600
_KEPT_SECONDS = 3 * 86_400
_FIELDS = {"s": "emails", "b": "bounces", "c": "complaints"}


class SendingCounts(ControlItems):
    def count_sent(self, source: str, emails: int, now: float) -> None:
        """Add sent emails to the current slot. Raises TransientError."""
        self.count(source, Counts(emails=emails), now)

    def read(self, sources: Collection[str], now: float) -> Mapping[str, Tally]:
        """Read the states and the last day's counts of sources, in one call. Raises TransientError."""
        keys = [_key(source, hour) for source in sources for hour in _hours(now)]
        items = self._get_many([*keys, *(state_key(source) for source in sources)])
        states = states_in(items)
        return {source: _tally(source, items, states, now) for source in sources}

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
        slot = _slot(int(now) % _HOUR_SECONDS // SLOT_SECONDS * SLOT_SECONDS)
        numbers = {letter: getattr(counts, field) for letter, field in _FIELDS.items() if getattr(counts, field)}
        if not numbers:
            return
        additions = ", ".join(f"{letter}{slot} :{letter}" for letter in numbers)
        values: dict[str, Item] = {f":{letter}": number(value) for letter, value in numbers.items()}
        self._update(
            _key(source, utc_text(now)[:13]),
            f"ADD {additions} SET #ttl = :ttl",
            values | {":ttl": number(int(now) + _KEPT_SECONDS)},
            names={"#ttl": "ttl"},
        )


def _tally(source: str, items: Mapping[str, Item], states: Mapping[str, SendingState], now: float) -> Tally:
    timeline: dict[int, Counts] = {}
    for hour in _hours(now):
        item = items.get(_key(source, hour), {})
        start = int(utc_seconds(f"{hour}:00:00Z"))
        for seconds in range(0, _HOUR_SECONDS, SLOT_SECONDS):
            # Not every endpoint strips zeros as DynamoDB does (`10.000000`), hence not int().
            counts = {field: round(read_number(item, letter + _slot(seconds))) for letter, field in _FIELDS.items()}
            if any(counts.values()):
                timeline[start + seconds] = Counts(**counts)
    return Tally(states.get(source, SendingState()), timeline)


def _hours(now: float) -> Iterator[str]:
    """The hours that reach into the longest window."""
    start = int(now - max(WINDOWS_SECONDS) - SLOT_SECONDS) // _HOUR_SECONDS * _HOUR_SECONDS
    return (utc_text(hour)[:13] for hour in range(start, int(now) + 1, _HOUR_SECONDS))


def _key(source: str, hour: str) -> str:
    return f"count#{source}#{hour}"


def _suspects_key(hour: str) -> str:
    return f"suspects#{hour}"


def _slot(seconds: int) -> str:
    """Name a slot by the minute of its hour in which it starts."""
    return f"{seconds // 60:02d}"
