"""The breaker's counts in the control table, by source and five minutes.

`count#<source>#<YYYY-MM-DDTHH>` holds, for each slot of its hour, emails sent (`s00` … `s55`), hard bounces (`b00` …)
and complaints (`c00` …). The account's item (source `*`) also lists the producers of its emails (`sources`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sesmail_layer.aws.control_items import ControlItems, number, read_number, state_key, states_in
from sesmail_layer.aws.dynamodb_items import Item
from sesmail_layer.domain.guards.breaker import SLOT_SECONDS, WINDOWS_SECONDS, Counts, Tally
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.times import utc_seconds, utc_text

_HOUR_SECONDS = 3_600
_KEPT_SECONDS = 3 * 86_400
_FIELDS = {"s": "emails", "b": "bounces", "c": "complaints"}


class SendingCounts(ControlItems):
    def count_sent(self, source: str, emails: int, now: float, *, sources: Collection[str] = ()) -> None:
        """Add sent emails to the current slot; `sources` are the producers in the account's count.

        Raises TransientError.
        """
        self._add(source, Counts(emails=emails), now, sources)

    def count(self, source: str, counts: Counts, now: float) -> None:
        """Add to the current slot. Raises TransientError."""
        self._add(source, counts, now, ())

    def read(self, sources: Collection[str], now: float) -> Mapping[str, Tally]:
        """Read the states and the last day's counts of sources, in one call. Raises TransientError."""
        keys = [_key(source, hour) for source in sources for hour in _hours(now)]
        items = self._get_many([*keys, *(state_key(source) for source in sources)])
        states = states_in(items)
        return {source: _tally(source, items, states, now) for source in sources}

    def _add(self, source: str, counts: Counts, now: float, sources: Collection[str]) -> None:
        slot = _slot(int(now) % _HOUR_SECONDS // SLOT_SECONDS * SLOT_SECONDS)
        numbers = {letter: getattr(counts, field) for letter, field in _FIELDS.items() if getattr(counts, field)}
        if not numbers:
            return
        additions = [f"{letter}{slot} :{letter}" for letter in numbers]
        values: dict[str, Item] = {f":{letter}": number(value) for letter, value in numbers.items()}
        if sources:
            additions.append("sources :sources")
            values[":sources"] = {"SS": sorted(sources)}
        self._update(
            _key(source, utc_text(now)[:13]),
            f"ADD {', '.join(additions)} SET #ttl = :ttl",
            values | {":ttl": number(int(now) + _KEPT_SECONDS)},
            names={"#ttl": "ttl"},
        )


def _tally(source: str, items: Mapping[str, Item], states: Mapping[str, SendingState], now: float) -> Tally:
    timeline: dict[int, Counts] = {}
    sources: set[str] = set()
    for hour in _hours(now):
        item = items.get(_key(source, hour), {})
        sources |= set(item.get("sources", {}).get("SS", []))
        start = int(utc_seconds(f"{hour}:00:00Z"))
        for seconds in range(0, _HOUR_SECONDS, SLOT_SECONDS):
            # Not every endpoint strips zeros as DynamoDB does (`10.000000`), hence not int().
            counts = {field: round(read_number(item, letter + _slot(seconds))) for letter, field in _FIELDS.items()}
            if any(counts.values()):
                timeline[start + seconds] = Counts(**counts)
    return Tally(states.get(source, SendingState()), timeline, frozenset(sources))


def _hours(now: float) -> Iterator[str]:
    """The hours that reach into the longest window."""
    start = int(now - max(WINDOWS_SECONDS) - SLOT_SECONDS) // _HOUR_SECONDS * _HOUR_SECONDS
    return (utc_text(hour)[:13] for hour in range(start, int(now) + 1, _HOUR_SECONDS))


def _key(source: str, hour: str) -> str:
    return f"count#{source}#{hour}"


def _slot(seconds: int) -> str:
    """Name a slot by the minute of its hour in which it starts."""
    return f"{seconds // 60:02d}"
