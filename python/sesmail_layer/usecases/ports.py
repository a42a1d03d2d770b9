"""What the use cases need from outside, as Protocols; `aws/` fulfils them, tests hand in fakes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from sesmail_layer.domain.status_event import StatusEvent
from sesmail_layer.domain.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.tracking import TrackingRecord


class Clock(Protocol):
    def now(self) -> float:
        """Gives the Unix time in seconds."""

    def sleep(self, seconds: float) -> None: ...


class TrackingTable(Protocol):
    """Every write is conditional. Raises TransientError when DynamoDB cannot answer."""

    def create(self, record: TrackingRecord) -> TrackingRecord | None:
        """Puts a first record; gives None, or the record that is there already (and leaves it)."""

    def replace(self, record: TrackingRecord) -> TrackingRecord | None:
        """Puts a record over the revision that it was read with; gives None, or what came between (and leaves it).

        After success the table holds `record.next_revision()`.
        """

    def get_many(self, email_ids: Collection[str]) -> Mapping[str, TrackingRecord]:
        """Reads records, consistently, in as few calls as possible."""

    def find_by_ses_message_id(self, ses_message_id: str) -> TrackingRecord | None: ...

    def latest_to(self, address: str, limit: int) -> Sequence[TrackingRecord]:
        """Reads the newest records of a case-folded `to`, newest first; may lag a little behind what was written."""


class SuppressionTable(Protocol):
    """Raises TransientError when DynamoDB cannot answer: suppression fails closed."""

    def get_many(self, addresses: Collection[str]) -> Mapping[str, Suppression]:
        """Reads the entries in force for case-folded addresses, consistently; expired ones are left out."""

    def add(self, suppression: Suppression) -> None:
        """Adds an entry, or joins it with the one that stands; idempotent."""

    def remove(self, address: str, only: SuppressionReason | None = None) -> None:
        """Takes an address off the list; with `only`, not where it is listed for another reason."""


class StatusBus(Protocol):
    def publish(self, events: Sequence[StatusEvent]) -> Mapping[str, str]:
        """Publishes in batches of ten, trying refused entries again; gives those that stay refused, id to reason."""


class Metrics(Protocol):
    def count(self, name: str, value: float = 1) -> None: ...


class Log(Protocol):
    """structlog's bound logger: an event's name, its data as keys."""

    def debug(self, event: str, **data: Any) -> Any: ...

    def info(self, event: str, **data: Any) -> Any: ...

    def warning(self, event: str, **data: Any) -> Any: ...

    def error(self, event: str, **data: Any) -> Any: ...
