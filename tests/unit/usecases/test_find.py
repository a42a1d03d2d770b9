"""Finding emails, page by page, against a scan of the same records."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from random import Random

import msgspec
import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.find import READS_PER_PAGE, Criteria, CursorError, Page, find

START = 1_795_000_000.0
DAYS = 20
FIRST, LAST = utc_text(START), utc_text(START + DAYS * 86_400)


class FakeIndexes:
    """The table's indexes in memory. Entries of one time are in no order of ids, as in DynamoDB."""

    def __init__(self, records: Sequence[TrackingRecord]) -> None:
        self.records = {record.email_id: record for record in records}
        self.reads = 0

    def keys_to(
        self, address: str, *, since: str, until: str, after: tuple[str, str] | None, limit: int
    ) -> tuple[Sequence[tuple[str, str]], bool]:
        return self._keys([r for r in self.records.values() if r.to_email == address], since, until, after, limit)

    def keys_of_day(
        self, day: str, *, since: str, until: str, after: tuple[str, str] | None, limit: int
    ) -> tuple[Sequence[tuple[str, str]], bool]:
        return self._keys([r for r in self.records.values() if r.date_partition == day], since, until, after, limit)

    def _keys(
        self, records: list[TrackingRecord], since: str, until: str, after: tuple[str, str] | None, limit: int
    ) -> tuple[Sequence[tuple[str, str]], bool]:
        self.reads += 1
        inside = [(r.timestamp, r.email_id) for r in records if since <= r.timestamp <= until]
        keys = sorted(inside, key=_place, reverse=True)
        first = keys.index(after) + 1 if after else 0
        return keys[first : first + limit], len(keys) > first + limit

    def find_by_ses_message_id(self, ses_message_id: str) -> str | None:
        return next((r.email_id for r in self.records.values() if r.ses_message_id == ses_message_id), None)

    def get_many(self, email_ids: Collection[str]) -> Mapping[str, TrackingRecord]:
        self.reads += len(email_ids)
        return {one: self.records[one] for one in email_ids if one in self.records}


def _place(key: tuple[str, str]) -> tuple[str, str]:
    return key[0], key[1][::-1]


def a_record(number: int, random: Random) -> TrackingRecord:
    # Whole minutes, so that many share their time.
    at = utc_text(START + random.randrange(DAYS * 1_440 // 6) * 360)
    return TrackingRecord(
        email_id=f"email-{number}",
        status=random.choice(list(Status)),
        attempt=1,
        timestamp=at,
        date_partition=at[:10],
        ttl=0,
        to_email=f"person-{random.randrange(40)}@example.com",
        original_source=random.choice(["shop", "crm", None]),
        template_name=random.choice(["welcome", "receipt", None]),
        tags=random.sample(["spring", "vip", "eu"], random.randrange(4)),
        topic=random.choice(["welcome", "news", None]),
        ses_message_id=f"ses-{number}",
    )


def a_filter(random: Random) -> Criteria:
    first, last = sorted(START + random.random() * DAYS * 86_400 for _ in range(2))
    return Criteria(
        since=random.choice([FIRST, utc_text(first)]),
        until=random.choice([LAST, utc_text(last)]),
        to=random.choice([None, None, f"person-{random.randrange(42)}@example.com"]),
        producer=random.choice([None, None, "shop", "nothing"]),
        template=random.choice([None, None, "welcome"]),
        tag=random.choice([None, None, None, "spring", "nothing"]),
        topic=random.choice([None, None, None, "news"]),
        statuses=tuple(random.sample(list(Status), random.choice([0, 0, 1, 3]))),
        ses_id=random.choice([None] * 7 + [f"ses-{random.randrange(5_000)}"]),
    )


def all_pages(search: FakeIndexes, criteria: Criteria, limit: int) -> list[Page]:
    pages = [find(search, search, criteria, limit=limit)]
    while cursor := pages[-1].cursor:
        pages.append(find(search, search, criteria, limit=limit, cursor=cursor))
    return pages


def test_200_random_filters_answer_as_a_scan_of_5000_random_records() -> None:
    random = Random(15)
    records = [a_record(number, random) for number in range(5_000)]
    search = FakeIndexes(records)

    for _ in range(200):
        criteria, limit = a_filter(random), random.choice([7, 100, 1_000])
        found = [record for page in all_pages(search, criteria, limit) for record in page.records]

        assert sorted(r.email_id for r in found) == sorted(r.email_id for r in records if criteria.match(r)), criteria
        assert [r.timestamp for r in found] == sorted((r.timestamp for r in found), reverse=True)


def test_a_filter_that_nothing_matches_stops_at_its_budget_and_goes_on_by_its_cursor() -> None:
    random = Random(1)
    search = FakeIndexes([a_record(number, random) for number in range(5_000)])
    pages = all_pages(search, Criteria(since=FIRST, until=LAST, producer="nothing"), 10)

    assert len(pages) == 3
    assert pages[0].records == []
    assert LAST > pages[0].searched_back_to > pages[1].searched_back_to > pages[2].searched_back_to
    assert pages[2].searched_back_to == FIRST
    assert search.reads <= len(pages) * (READS_PER_PAGE + 100)


def test_emails_that_come_between_two_pages_are_on_none_of_them() -> None:
    random = Random(2)
    search = FakeIndexes([a_record(number, random) for number in range(50)])
    first = find(search, search, Criteria(since=FIRST, until=LAST), limit=20)
    late = utc_text(START + (DAYS + 1) * 86_400)
    new = msgspec.structs.replace(first.records[0], email_id="new", timestamp=late, date_partition=late[:10])
    search.records["new"] = new
    second = find(search, search, Criteria(since=FIRST, until=late), limit=50, cursor=first.cursor)

    assert len(second.records) == 30
    assert not {r.email_id for r in second.records} & {"new", *(r.email_id for r in first.records)}


def test_a_cursor_that_was_changed_or_is_of_another_search_is_refused() -> None:
    random = Random(3)
    search = FakeIndexes([a_record(number, random) for number in range(50)])
    cursor = find(search, search, Criteria(since=FIRST, until=LAST), limit=5).cursor or ""
    middle = "A" if cursor[20] != "A" else "B"

    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    longer = base64.urlsafe_b64encode(raw.replace(FIRST.encode(), b"2020" + FIRST[4:].encode())).decode().rstrip("=")

    for bad in (
        longer,
        cursor[:20] + middle + cursor[21:],
        cursor[:-3],
        "x",
        "ö",
        base64.b64encode(b"[]" * 9).decode(),
    ):
        with pytest.raises(CursorError, match="cursor"):
            find(search, search, Criteria(since=FIRST, until=LAST), limit=5, cursor=bad)
    for name in ("producer", "template", "tag", "topic"):
        other = msgspec.structs.replace(Criteria(since=FIRST, until=LAST), **{name: "shop"})
        with pytest.raises(CursorError, match="another search"):
            find(search, search, other, limit=5, cursor=cursor)


def test_a_span_means_the_period_of_the_first_page_on_all_pages() -> None:
    random = Random(4)
    search = FakeIndexes([a_record(number, random) for number in range(50)])
    first = find(search, search, Criteria(since=FIRST, until=LAST), limit=20)
    second = find(search, search, Criteria(since=LAST, until=LAST), limit=50, cursor=first.cursor)

    assert len(second.records) == 30


@pytest.mark.parametrize("limit", [0, 1_001])
def test_a_page_has_1_to_1000_emails(limit: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        find(FakeIndexes([]), FakeIndexes([]), Criteria(since=FIRST, until=LAST), limit=limit)


@pytest.mark.parametrize("requests", [2, 3, 7])
def test_pages_of_few_requests_find_the_same_as_one_large_page(requests: int) -> None:
    random = Random(requests)
    indexes = FakeIndexes([a_record(number, random) for number in range(500)])
    criteria = Criteria(since=FIRST, until=LAST, producer="crm", statuses=(Status.BOUNCED, Status.FAILED))
    whole = find(indexes, indexes, criteria, limit=1_000)
    found: list[str] = []
    cursor = None
    while True:
        asked = CountedRequests(indexes)
        page = find(asked, asked, criteria, limit=50, cursor=cursor, requests=requests)
        assert asked.requests <= requests
        found += [record.email_id for record in page.records]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == [record.email_id for record in whole.records]


def test_a_page_takes_at_least_a_query_and_a_read() -> None:
    indexes = FakeIndexes([])
    with pytest.raises(ValueError, match="at least 2 requests"):
        find(indexes, indexes, Criteria(since=FIRST, until=LAST), limit=1, requests=1)


class CountedRequests:
    """Counts how often the database is asked; a read has at most 100 keys."""

    def __init__(self, indexes: FakeIndexes) -> None:
        self._indexes = indexes
        self.requests = 0

    def keys_to(
        self, address: str, *, since: str, until: str, after: tuple[str, str] | None, limit: int
    ) -> tuple[Sequence[tuple[str, str]], bool]:
        self.requests += 1
        return self._indexes.keys_to(address, since=since, until=until, after=after, limit=limit)

    def keys_of_day(
        self, day: str, *, since: str, until: str, after: tuple[str, str] | None, limit: int
    ) -> tuple[Sequence[tuple[str, str]], bool]:
        self.requests += 1
        return self._indexes.keys_of_day(day, since=since, until=until, after=after, limit=limit)

    def find_by_ses_message_id(self, ses_message_id: str) -> str | None:
        self.requests += 1
        return self._indexes.find_by_ses_message_id(ses_message_id)

    def get_many(self, email_ids: Collection[str]) -> Mapping[str, TrackingRecord]:
        assert len(email_ids) <= 100
        self.requests += bool(email_ids)
        return self._indexes.get_many(email_ids)
