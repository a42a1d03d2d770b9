"""The figures of days in the control table: emails by producer, template, tag and topic, and status.

A name gets a number on the day on which it is first counted (domain/figure_names.py): `figures#<YYYY-MM-DD>#<page>`
lists the names of 40 numbers (`listed`), and the usual ones come first. A counter is called by its number and its
status: `7d` is what was delivered of the name with number 7.

    numbers 0 to 19     the total, the four `*other*`, the day's first 15 names: by the hour
        sent, failed    in the account's hour, `count#*#<YYYY-MM-DDTHH>`, which the sender writes once a batch anyway
        the others      in `figures#<YYYY-MM-DDTHH>`, an item of its own: no key takes two writes an email. It also has
                        what was delivered by slots of five minutes (`d00` … `d55`)
    the other numbers   by the day, a status and 100 numbers in an item: `figures#<YYYY-MM-DD>#d0` has what was
                        delivered of the names with the numbers 20 to 119

So a batch costs the sender no write more, and the feedback processor one; and one for each status and 100 further
names that it has. All of these items are below 1 KB, which is one write unit. A page is written when a name is new; it
may have counters of an earlier version, which are read, too. Nothing is read but for a name that the container has not
met that day.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sesmail_layer.aws.control_items import (
    FIGURES_KEPT_SECONDS,
    POLICY,
    ControlItems,
    hour_key,
    number,
    read_number,
    slot_of,
)
from sesmail_layer.aws.dynamodb_items import Item
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.figure_names import PAGES, TOTAL, DayNames, text_of
from sesmail_layer.domain.figures import (
    OTHER,
    DayFigures,
    Kind,
    Name,
    Reached,
    StatusCounts,
    count_reached,
    figures_in,
    sum_figures,
)
from sesmail_layer.domain.guards.breaker import SLOT_SECONDS
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CountOf = Callable[[str, str, int], None]
"""Counts a producer's emails in a metric."""

_IN_HOUR = 20
"""So many of a day's numbers are counted in the account's hours: an item of 1 KB has room for them."""
_IN_ITEM = 100
"""So many of the further numbers have their counters of one status in one item of 1 KB."""
_LETTERS = {
    Status.SENT: "s",
    Status.DELIVERED: "d",
    Status.BOUNCED: "b",
    Status.COMPLAINED: "c",
    Status.OPENED: "o",
    Status.FAILED: "f",
}
_STATUSES = {letter: status for status, letter in _LETTERS.items()}
_SENDERS = frozenset({Status.SENT, Status.FAILED})
"""What the sender counts, but for events that are faster than its record."""
_TRIES = 8
_MOST_PENDING = 5_000
"""Counters that wait for a table that cannot be written; further names are counted as `*other*`."""
_MOST_ERRORS = 2
"""After so many the table does not answer: the batch's status events must not wait for it."""
_MOST_UNLISTED = _MOST_PENDING
"""Sources that are remembered as ones without a policy: whoever may write to the bus can invent them."""
_ASK_AGAIN_SECONDS = 300.0
"""How long a source is taken for one without a policy."""


class DailyFigures(ControlItems):
    """Lives with the container: it knows the day's names, and what could not be added yet."""

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        *,
        count_of: CountOf | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`count_of` counts the same in the metrics of the producers that have figures of their own."""
        super().__init__(client, table_name, sleep=sleep)
        self._count_of = count_of
        self._clock = clock
        self._last_start = math.inf
        self._day = DayNames("")
        self._unlisted: dict[str, float] = {}
        """Sources without a policy of their own, with the time at which to ask again."""
        self._pending: StatusCounts = Counter()
        self._pending_sent = 0

    def add(self, reached: Sequence[Reached], sent: int, now: float, last_start: float = math.inf) -> None:
        """Count what a batch reached, and `sent` emails in the account's present slot.

        Begins no call after `last_start` (Unix seconds). Raises TransientError where some could not be added; they are
        added with the next batch.
        """
        self._last_start = last_start
        self._pending_sent += sent
        counts = count_reached(reached)
        for (name, status), emails in counts.items():
            full = name and (name, status) not in self._pending and len(self._pending) >= _MOST_PENDING
            self._pending[Name(name.kind, OTHER) if name and full else name, status] += emails
        if self._day.date != utc_text(now)[:10]:
            self._day = DayNames(utc_text(now)[:10])
        try:
            self._number({name for name, _ in self._pending if name}, now)
        finally:
            self._count_metrics(counts)
        self._write(now)

    def read(self, days: Collection[str]) -> Mapping[str, DayFigures]:
        """Read the figures of days (`YYYY-MM-DD`), all names of them. Raises TransientError."""
        names, pages = self._read_pages(days)
        hours = {date: [key for hour in range(24) for key in _hour_keys(f"{date}T{hour:02}")] for date in days}
        keys = {date: [*hours[date], *_further_keys(day)] for date, day in names.items()}
        items = self._get_many([key for some in keys.values() for key in some])
        return {
            date: _figures(day, [*pages[date], *(items[key] for key in keys[date] if key in items)])
            for date, day in names.items()
        }

    def read_hours(self, hours: Collection[str]) -> DayFigures:
        """Read the figures of some hours (`YYYY-MM-DDTHH`): the total, and each day's first names.

        Raises TransientError.
        """
        days, _ = self._read_pages({hour[:10] for hour in hours})
        items = self._get_many([key for hour in hours for key in _hour_keys(hour)])
        return sum_figures(
            _figures(days[hour[:10]], [items[key] for key in _hour_keys(hour) if key in items]) for hour in hours
        )

    def delivered_since(self, start: float, now: float) -> int:
        """Count what was delivered since a time, in all slots that reach beyond it, as the breaker does.

        Raises TransientError.
        """
        slots = range(int(start) // SLOT_SECONDS * SLOT_SECONDS, int(now) + 1, SLOT_SECONDS)
        keys = {slot: _figures_key(utc_text(slot)[:13]) for slot in slots}
        items = self._get_many(set(keys.values()))
        return sum(round(read_number(items.get(key, {}), slot_of("d", slot))) for slot, key in keys.items())

    # --- names --------------------------------------------------------------------------------------------------------

    def _number(self, names: Collection[Name], now: float) -> None:
        """Give names that the day does not know a number, while it has any; the others are counted as `*other*`."""
        self._unlisted = {source: until for source, until in self._unlisted.items() if until > now}
        caught_up, contended = False, 0
        while contended < _TRIES:
            new = [name for name in sorted(names, key=text_of) if self._day.takes(name) and not self._is_unlisted(name)]
            if not new:
                return
            if not caught_up:
                self._catch_up()
                self._leave_out_unlisted(new, now)
                caught_up = True
            elif not self._list(new, now):
                contended += 1
                self._sleep(random.uniform(0.01, 0.05))

    def _list(self, names: Sequence[Name], now: float) -> bool:
        """List as many names as the last page has room for; False where another container has listed some meanwhile."""
        page = self._day.last_page
        before = self._day.pages[page]
        texts = self._day.texts_that_fit(names)
        added, item = self._update(
            _page_key(self._day.date, page),
            "SET listed = list_append(if_not_exists(listed, :none), :new), #ttl = :ttl",
            {
                ":none": {"L": []},
                ":new": {"L": [{"S": text} for text in texts]},
                ":ttl": number(int(now) + FIGURES_KEPT_SECONDS),
                ":seen": number(len(before)),
            },
            condition="size(listed) = :seen" if before else "attribute_not_exists(listed) AND :seen = :seen",
            names={"#ttl": "ttl"},
        )
        self._day.learn(page, [*before, *texts] if added else _listed(item))
        return added

    def _is_unlisted(self, name: Name) -> bool:
        return name.kind is Kind.PRODUCER and name.name in self._unlisted

    def _catch_up(self) -> None:
        """Read what other containers have numbered."""
        page = self._day.last_page
        while True:
            key = _page_key(self._day.date, page)
            self._day.learn(page, _listed(self._get_many([key]).get(key, {})))
            if self._day.last_page == page:
                return
            page = self._day.last_page

    def _leave_out_unlisted(self, names: Collection[Name], now: float) -> None:
        """Producers are counted by name where Terraform's `producers` lists them."""
        sources = [name.name for name in names if name.kind is Kind.PRODUCER and self._day.takes(name)]
        listed = self._get_many([f"{POLICY}{source}" for source in sources]) if sources else {}
        self._unlisted |= {source: now + _ASK_AGAIN_SECONDS for source in sources if f"{POLICY}{source}" not in listed}
        for oldest in [*self._unlisted][:-_MOST_UNLISTED]:
            del self._unlisted[oldest]

    def _read_pages(self, days: Collection[str]) -> tuple[Mapping[str, DayNames], Mapping[str, list[Item]]]:
        """Read the names of days and the items with them, in as few calls as there are pages in the longest day."""
        names = {date: DayNames(date) for date in days}
        found: dict[str, list[Item]] = {date: [] for date in days}
        page, left = 0, list(days)
        while left and page < PAGES:
            items = self._get_many([_page_key(date, page) for date in left])
            for date in left:
                found[date].append(items.get(_page_key(date, page), {}))
                names[date].learn(page, _listed(found[date][-1]))
            left = [date for date in left if names[date].last_page > page]
            page += 1
        return names, found

    # --- counters -----------------------------------------------------------------------------------------------------

    def _count_metrics(self, counts: StatusCounts) -> None:
        if self._count_of is None:
            return
        for (name, status), emails in counts.items():
            if name and name.kind is Kind.PRODUCER and name in self._day.numbers and name.name != OTHER:
                self._count_of(name.name, f"Email{status.title()}", emails)

    def _write(self, now: float) -> None:
        """Write the pending counters, item by item. Raises TransientError; the written ones are pending no more."""
        account = hour_key(ACCOUNT, utc_text(now)[:13])
        by_item: dict[str, list[tuple[Name | None, Status]]] = defaultdict(list)
        for name, status in self._pending:
            by_item[self._key_of(self._day.number_of(name), status, now)].append((name, status))
        if self._pending_sent:
            by_item.setdefault(account, [])
        errors = []
        for key, counters in by_item.items():
            try:
                self._add(key, self._counts(counters, self._pending_sent if key == account else 0, now), now)
            except TransientError as err:
                errors.append(err)
                if len(errors) == _MOST_ERRORS:
                    break
                continue
            for counter in counters:
                del self._pending[counter]
            if key == account:
                self._pending_sent = 0
        if errors:
            raise errors[0]

    def _counts(self, counters: Sequence[tuple[Name | None, Status]], sent: int, now: float) -> Mapping[str, int]:
        """Return what to add to an item, by the names of its attributes."""
        counts: Counter[str] = Counter()
        for name, status in counters:
            counts[f"{self._day.number_of(name)}{_LETTERS[status]}"] += self._pending[name, status]
        if sent:
            counts[slot_of("s", now)] += sent
        if (None, Status.DELIVERED) in counters:
            counts[slot_of("d", now)] += self._pending[None, Status.DELIVERED]
        return counts

    def _key_of(self, position: int, status: Status, now: float) -> str:
        if position >= _IN_HOUR:
            return _further_key(self._day.date, _LETTERS[status], (position - _IN_HOUR) // _IN_ITEM)
        account, figures = _hour_keys(utc_text(now)[:13])
        return account if status in _SENDERS else figures

    def _add(self, key: str, counts: Mapping[str, int], now: float) -> None:
        additions = ", ".join(f"#{name} :{name}" for name in counts)
        self._update(
            key,
            f"ADD {additions} SET #ttl = :ttl",
            {f":{name}": number(emails) for name, emails in counts.items()}
            | {":ttl": number(int(now) + FIGURES_KEPT_SECONDS)},
            names={f"#{name}": name for name in counts} | {"#ttl": "ttl"},
        )

    # --- calls --------------------------------------------------------------------------------------------------------

    def _get_many(self, keys: Collection[str]) -> Mapping[str, Item]:
        self._check_time()
        return super()._get_many(keys)

    def _update(self, *args: Any, **options: Any) -> tuple[bool, Item]:
        self._check_time()
        return super()._update(*args, **options)

    def _check_time(self) -> None:
        if self._clock() > self._last_start:
            raise TransientError("No time left in this batch to count the day's figures", code="AWS006")


def _listed(item: Item) -> list[str]:
    return [str(one.get("S", "")) for one in item.get("listed", {}).get("L", [])]


def _figures_key(hour: str) -> str:
    return f"figures#{hour}"


def _hour_keys(hour: str) -> tuple[str, str]:
    return hour_key(ACCOUNT, hour), _figures_key(hour)


def _page_key(date: str, page: int) -> str:
    return f"figures#{date}#{page}"


def _further_key(date: str, letter: str, block: int) -> str:
    return f"figures#{date}#{letter}{block}"


def _further_keys(day: DayNames) -> list[str]:
    """Return the keys of the counters of a day's names beyond the first ones."""
    blocks = range(math.ceil((max(day.numbers.values()) + 1 - _IN_HOUR) / _IN_ITEM))
    return [_further_key(day.date, letter, block) for letter in _LETTERS.values() for block in blocks]


def _figures(day: DayNames, items: Collection[Item]) -> DayFigures:
    """Sum the counters of items, by the day's names."""
    counts: dict[int, Counter[Status]] = defaultdict(Counter)
    for item in items:
        for counter in item:
            digits, status = counter[:-1], _STATUSES.get(counter[-1:])
            if status and digits.isdecimal():
                counts[int(digits)][status] += round(read_number(item, counter))
    found = {name: figures_in(counts[position]) for name, position in day.numbers.items() if position in counts}
    return DayFigures(total=figures_in(counts[TOTAL]), by_name=found)
