"""The checked emails of a run, on disk: a file of any length takes the same memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

from sesmail_client import Email

_CACHE_KB = 2_048
# In an order in which what was not requested is one range.
_NEW, _LEFT_OUT, _REQUESTED, _CHANGED = range(4)


class StoredEmail(NamedTuple):
    line: int
    email_id: str
    text: str
    """The email as JSON."""
    failed_event: str | None = None
    """The event of the request with which it failed before; None: it did not."""

    @classmethod
    def of(cls, line: int, email: Email) -> StoredEmail:
        return cls(line, str(email["email_id"]), json.dumps(email, ensure_ascii=False))

    @property
    def email(self) -> Email:
        email: Email = json.loads(self.text)
        return email


class Counts(NamedTuple):
    """Emails by what became of them in this run and earlier ones."""

    to_request: int
    requested: int
    left_out: int
    changed: int


class EmailStore(AbstractContextManager["EmailStore"]):
    """Emails in the order of their rows, each id once. The file has no name and ends with the process."""

    def __init__(self) -> None:
        # An empty name: SQLite's own temporary file, which is removed when it is opened.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        self._database.execute(
            "CREATE TABLE emails (place INTEGER PRIMARY KEY, id TEXT UNIQUE, line INTEGER, email TEXT, "
            "state INTEGER, failed_event TEXT)"
        )

    def __exit__(self, *_error: object) -> None:
        self._database.close()

    def add(self, email: StoredEmail) -> int | None:
        """Add an email; return None, or the line of the one that has this id."""
        row = (email.email_id, email.line, email.text, _NEW)
        added = self._database.execute("INSERT OR IGNORE INTO emails (id, line, email, state) VALUES (?, ?, ?, ?)", row)
        if added.rowcount:
            return None
        (other,) = self._database.execute("SELECT line FROM emails WHERE id = ?", (email.email_id,)).fetchone()
        return int(other)

    def leave_out(self, email_ids: Iterable[str]) -> None:
        """Note that these emails are not to be sent, since their recipients are suppressed."""
        self._mark(email_ids, _LEFT_OUT)

    def mark_requested(self, email_ids: Iterable[str]) -> None:
        """Note that these emails were put on the bus, in this run or an earlier one."""
        self._mark(email_ids, _REQUESTED)

    def mark_changed(self, email_ids: Iterable[str]) -> None:
        """Note that these emails failed before with other data, but for those that are left out anyway."""
        rows = [(_CHANGED, email_id, _NEW) for email_id in email_ids]
        self._database.executemany("UPDATE emails SET state = ? WHERE id = ? AND state = ?", rows)

    def mark_failed(self, events: Mapping[str, str]) -> None:
        """Note with which event's request these emails failed before, by their ids."""
        rows = [(event, email_id) for email_id, event in events.items()]
        self._database.executemany("UPDATE emails SET failed_event = ? WHERE id = ?", rows)

    def changed_lines(self, limit: int) -> list[int]:
        """Return the first lines of emails that failed before with other data."""
        query = "SELECT line FROM emails WHERE state = ? ORDER BY place LIMIT ?"
        return [int(line) for (line,) in self._database.execute(query, (_CHANGED, limit))]

    def counts(self) -> Counts:
        found = dict(self._database.execute("SELECT state, COUNT(*) FROM emails GROUP BY state").fetchall())
        return Counts(*(found.get(state, 0) for state in (_NEW, _REQUESTED, _LEFT_OUT, _CHANGED)))

    def to_request(self, size: int) -> Iterator[list[StoredEmail]]:
        """Yield the emails to put on the bus, in batches in the order of their rows."""
        return self._batches(_NEW, _NEW, size)

    def not_requested(self, size: int) -> Iterator[list[StoredEmail]]:
        """Yield the emails that were not put on the bus, those left out too, in batches."""
        return self._batches(_NEW, _LEFT_OUT, size)

    def requested(self, size: int) -> Iterator[list[StoredEmail]]:
        """Yield the emails that were put on the bus, in batches."""
        return self._batches(_REQUESTED, _REQUESTED, size)

    def _mark(self, email_ids: Iterable[str], state: int) -> None:
        rows = [(state, email_id) for email_id in email_ids]
        self._database.executemany("UPDATE emails SET state = ? WHERE id = ?", rows)

    def _batches(self, lowest: int, highest: int, size: int) -> Iterator[list[StoredEmail]]:
        # Page by page, so that the caller may mark emails in between.
        query = (
            "SELECT place, line, id, email, failed_event FROM emails "
            "WHERE place > ? AND state BETWEEN ? AND ? ORDER BY place LIMIT ?"
        )
        after = 0
        while rows := self._database.execute(query, (after, lowest, highest, size)).fetchall():
            after = rows[-1][0]
            yield [StoredEmail(*row) for _, *row in rows]
