"""Find emails, newest first, page by page: by address, producer, template, tag, topic, status, time or SES's id.

The index that reads least is used. A page reads a bounded number of records: one that looks for something rare may
end early, with how far back it searched, and a cursor to go on.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_seconds, utc_text

LARGEST_PAGE = 1_000
READS_PER_PAGE = 2_000
"""Index queries and records that one page reads at most."""
_FEWEST_REQUESTS = 2
"""An index query, and the records that it names."""
_CHUNK = 100
_DAY_SECONDS = 86_400
_CHECK_BYTES = 8


class CursorError(ValueError):
    """The cursor was damaged, or belongs to another search."""


class Indexes(Protocol):
    """The tracking table's indexes by address and day.

    Keys are (timestamp, emailId), newest first; True: there are more.
    """

    def keys_to(
        self, address: str, *, since: str, until: str, after: tuple[str, str] | None, limit: int
    ) -> tuple[Sequence[tuple[str, str]], bool]: ...

    def keys_of_day(
        self, day: str, *, since: str, until: str, after: tuple[str, str] | None, limit: int
    ) -> tuple[Sequence[tuple[str, str]], bool]: ...


class Emails(Protocol):
    """The tracking table's records."""

    def find_by_ses_message_id(self, ses_message_id: str) -> str | None: ...

    def get_many(self, email_ids: Collection[str]) -> Mapping[str, TrackingRecord]: ...


class Criteria(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for: an email matches all that are given. `since` and `until` belong to the period."""

    since: str
    until: str
    to: str | None = None
    """The case-folded `to`; a cc or bcc is in no index."""
    producer: str | None = None
    template: str | None = None
    tag: str | None = None
    topic: str | None = None
    """A record of an earlier version has none; its template's name is its topic then, as everywhere."""
    statuses: Sequence[Status] = ()
    ses_id: str | None = None

    def match(self, record: TrackingRecord) -> bool:
        return (
            self.to in (None, record.to_email)
            and self.producer in (None, record.original_source)
            and self.template in (None, record.template_name)
            and (self.tag is None or self.tag in record.tags)
            and self.topic in (None, record.topic or record.template_name)
            and self.ses_id in (None, record.ses_message_id)
            and (not self.statuses or record.status in self.statuses)
            and self.since <= record.timestamp <= self.until
        )

    @property
    def selective(self) -> bool:
        """True where a record that an index names may still not match."""
        return bool(self.producer or self.template or self.tag or self.topic or self.statuses)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    records: Sequence[TrackingRecord]
    searched_back_to: str
    cursor: str | None
    """Where the next page starts; None: everything was searched."""


class _Cursor(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    search: str
    since: str
    until: str
    day: str
    after: tuple[str, str] | None


def find(
    indexes: Indexes,
    emails: Emails,
    criteria: Criteria,
    *,
    limit: int,
    cursor: str | None = None,
    requests: int | None = None,
) -> Page:
    """Return one page of the emails that match. Raises CursorError, ValueError (limit) and TransientError.

    With a cursor, the period is that of the first page: `7d` means the same on all pages. With `requests`, the page
    also ends before it asks the database more often than that; at least two are allowed.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise ValueError(f"a page has 1 to {LARGEST_PAGE} emails")
    if requests is not None and requests < _FEWEST_REQUESTS:
        raise ValueError(f"a page takes at least {_FEWEST_REQUESTS} requests")
    start = _read_cursor(cursor, criteria) if cursor else None
    if start:
        criteria = msgspec.structs.replace(criteria, since=start.since, until=start.until)
    if criteria.ses_id:
        return _by_ses_id(emails, criteria)
    return _walk(indexes, emails, criteria, limit, start, requests)


def _by_ses_id(emails: Emails, criteria: Criteria) -> Page:
    email_id = emails.find_by_ses_message_id(criteria.ses_id or "")
    records = emails.get_many([email_id]).values() if email_id else ()
    return Page(records=list(filter(criteria.match, records)), searched_back_to=criteria.since, cursor=None)


def _walk(
    indexes: Indexes, emails: Emails, criteria: Criteria, limit: int, start: _Cursor | None, requests: int | None
) -> Page:
    found: list[TrackingRecord] = []
    reads, asked, back_to = 0, 0, criteria.until
    after = start.after if start else None
    for day in _days(criteria, start.day if start else None):
        more = True
        while more:
            if reads >= READS_PER_PAGE or (requests is not None and asked + _FEWEST_REQUESTS > requests):
                return _page(found, back_to, criteria, day, after)
            chunk = _CHUNK if criteria.selective else min(_CHUNK, limit - len(found))
            keys, more = _keys(indexes, criteria, day, after, chunk)
            records = emails.get_many([email_id for _, email_id in keys])
            reads += 1 + len(keys)
            asked += 2 if keys else 1
            for key in keys:
                after, back_to = key, key[0]
                record = records.get(key[1])
                if record and criteria.match(record):
                    found.append(record)
                if len(found) == limit:
                    return _page(found, back_to, criteria, day, after)
        after, back_to = None, max(criteria.since, f"{day}T00:00:00.000Z") if day else criteria.since
    return Page(records=found, searched_back_to=criteria.since, cursor=None)


def _days(criteria: Criteria, first: str | None) -> Iterator[str]:
    """Yield the days to read, newest first; one empty day where the address's index holds all."""
    if criteria.to:
        yield ""
        return
    day = first or criteria.until[:10]
    while day >= criteria.since[:10]:
        yield day
        day = utc_text(utc_seconds(f"{day}T00:00:00Z") - _DAY_SECONDS)[:10]


def _keys(
    indexes: Indexes, criteria: Criteria, day: str, after: tuple[str, str] | None, limit: int
) -> tuple[Sequence[tuple[str, str]], bool]:
    since, until = criteria.since, criteria.until
    if criteria.to:
        return indexes.keys_to(criteria.to, since=since, until=until, after=after, limit=limit)
    return indexes.keys_of_day(day, since=since, until=until, after=after, limit=limit)


def _page(
    found: Sequence[TrackingRecord], back_to: str, criteria: Criteria, day: str, after: tuple[str, str] | None
) -> Page:
    place = _Cursor(search=_digest(criteria), since=criteria.since, until=criteria.until, day=day, after=after)
    text = msgspec.json.encode(place)
    return Page(
        records=found,
        searched_back_to=back_to,
        cursor=base64.urlsafe_b64encode(_check(text) + text).decode().rstrip("="),
    )


def _read_cursor(cursor: str, criteria: Criteria) -> _Cursor:
    """Parse a cursor of this search. The check finds damage; a search shows only what its caller may read anyway."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if raw[:_CHECK_BYTES] != _check(raw[_CHECK_BYTES:]):
            raise CursorError("the cursor is damaged: give it as the last page printed it")
        place = msgspec.json.decode(raw[_CHECK_BYTES:], type=_Cursor)
        for time in (place.since, place.until, *([f"{place.day}T00:00:00Z"] if place.day else [])):
            utc_seconds(time)
    except CursorError:
        raise
    except ValueError as err:
        raise CursorError("the cursor cannot be read: give it as the last page printed it") from err
    if place.search != _digest(criteria) or bool(place.day) == bool(criteria.to):
        raise CursorError("the cursor belongs to another search: give the same filters as for the first page")
    return place


def _digest(criteria: Criteria) -> str:
    """Name a search without its period, and without the address, which must not be in a cursor."""
    statuses = sorted(criteria.statuses)
    facts = [criteria.to, criteria.producer, criteria.template, statuses, criteria.ses_id]
    facts += [criteria.tag, criteria.topic]
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:16]


def _check(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()[:_CHECK_BYTES]
