"""Keeps the tracking records that the sender writes, and collects the status events that its batch owes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, Transition, fold
from sesmail_layer.domain.status_event import StatusEvent, status_event
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.ports import Clock, TrackingTable

_WRITTEN_HERE = frozenset({Status.DEFERRED, Status.SENT, Status.FAILED})


class Ledger:
    """One batch's book: create or amend a record, and remember every transition for the batch's one publication."""

    def __init__(self, table: TrackingTable, clock: Clock, retention_days: int) -> None:
        self._table = table
        self._clock = clock
        self._retention_days = retention_days
        self.events: list[StatusEvent] = []
        self.owed_by: dict[str, list[str]] = {}

    def blank(self, email_id: str) -> TrackingRecord:
        """Begins a record that is not stored yet."""
        now = self._clock.now()
        timestamp = utc_text(now)
        return TrackingRecord(
            email_id=email_id,
            status=Status.SENDING,
            attempt=1,
            timestamp=timestamp,
            date_partition=timestamp[:10],
            ttl=int(now) + self._retention_days * 86_400,
        )

    def create(self, record: TrackingRecord, entries: Sequence[Entry], owner: str) -> tuple[TrackingRecord, bool]:
        """Stores a new record with its first entries; gives it and True, or the one that stands there and False."""
        folded, transitions = fold(record, entries)
        standing = self._table.create(folded)
        if standing is not None:
            return standing, False
        self._note(folded, transitions, owner)
        return folded, True

    def take_over(
        self, record: TrackingRecord, entries: Sequence[Entry], owner: str, **changes: Any
    ) -> TrackingRecord | None:
        """Stores a known record's next revision; gives it, or None when another writer came first."""
        folded, transitions = fold(msgspec.structs.replace(record, **changes), entries)
        if self._table.replace(folded) is not None:
            return None
        self._note(folded, transitions, owner)
        return folded.next_revision()

    def amend(self, record: TrackingRecord, entries: Sequence[Entry], owner: str, **changes: Any) -> TrackingRecord:
        """Adds what happened, whoever else writes to the record meanwhile."""
        while True:
            folded, transitions = fold(msgspec.structs.replace(record, **changes), entries)
            standing = self._table.replace(folded)
            if standing is None:
                self._note(folded, transitions, owner)
                return folded.next_revision()
            record = standing

    def republish(self, record: TrackingRecord, owner: str) -> None:
        """Owes again what a redelivered message may not have published: same events, same ids."""
        _, transitions = fold(record, [entry for entry in record.history if entry.status in _WRITTEN_HERE])
        self._note(record, transitions, owner)

    def _note(self, record: TrackingRecord, transitions: Iterable[Transition], owner: str) -> None:
        for transition in transitions:
            event = status_event(record, transition)
            if event is not None:
                self.events.append(event)
                self.owed_by.setdefault(event.event_id, []).append(owner)
