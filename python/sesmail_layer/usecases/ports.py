"""What both functions need from outside, as Protocols; `aws/` fulfils them, tests hand in fakes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.figures import Reached
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.soft_bounce_run import PastEmail
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import PendingRequest
from sesmail_layer.domain.status_event import StatusEvent

RunAll = Callable[[Sequence[Callable[[], object]]], None]
"""Runs independent steps, concurrently where it can; none of them raises."""


def one_after_another(steps: Sequence[Callable[[], object]]) -> None:
    """Run steps in their order: for those without a pool of threads."""
    for step in steps:
        step()


class Clock(Protocol):
    def now(self) -> float:
        """Return the Unix time in seconds."""

    def sleep(self, seconds: float) -> None: ...


class TrackingTable(Protocol):
    """Every write is conditional. Raises TransientError when DynamoDB cannot answer."""

    def create(self, record: TrackingRecord) -> TrackingRecord | None:
        """Put a first record; return None, or the existing record (and leave it)."""

    def replace(self, record: TrackingRecord) -> TrackingRecord | None:
        """Put a record over the revision that it was read with; return None, or the newer record (and leave it).

        After success the table holds `record.next_revision()`.
        """

    def get_many(self, email_ids: Collection[str]) -> Mapping[str, TrackingRecord]:
        """Read records, consistently, in as few calls as possible."""

    def has_sent_to(self, address: str) -> bool:
        """Return True where an email to this case-folded address was accepted by SES, within the retention."""

    def find_by_ses_message_id(self, ses_message_id: str) -> str | None:
        """Return the emailId; may lag a little behind the writes."""

    def latest_to(self, address: str, limit: int) -> Sequence[PastEmail]:
        """Read the newest emails to a case-folded `to`, newest first; may lag a little behind the writes."""


class SuppressionTable(Protocol):
    """Raises TransientError when DynamoDB cannot answer: suppression fails closed."""

    def get_many(self, addresses: Collection[str]) -> Mapping[str, Suppression]:
        """Read the entries in force for case-folded addresses, consistently; expired ones are left out."""

    def add(self, suppression: Suppression) -> None:
        """Add an entry, or merge it with the existing one; idempotent."""

    def remove(self, address: str, only: SuppressionReason | None = None) -> None:
        """Remove an address from the list; with `only`, not where it is listed for another reason."""


class DelayQueue(Protocol):
    def put(self, body: str, delay_seconds: float) -> None:
        """Send a message that is delivered after a delay. Raises TransientError."""

    def put_all(self, messages: Sequence[tuple[str, float]]) -> Mapping[int, TransientError]:
        """Send messages with their delays in as few calls as possible; return the errors of some by their index."""


class DeadLetters(Protocol):
    def put_all(self, messages: Sequence[tuple[QueueMessage, str]]) -> Mapping[int, TransientError]:
        """Put what can never be read on the dead-letter queues, with its reasons; return the errors by the index."""


class Announcement(Protocol):
    """An event of the engine other than a status event."""

    @property
    def detail_type(self) -> str: ...

    @property
    def detail(self) -> bytes:
        """JSON."""

    @property
    def event_id(self) -> str: ...


class StatusBus(Protocol):
    def publish(self, events: Sequence[StatusEvent]) -> Mapping[str, str]:
        """Publish in batches of ten, retry refused entries; return those still refused, id to reason."""

    def announce(self, event: Announcement) -> str | None:
        """Publish an event; return the reason if EventBridge rejects it."""


class PendingTable(Protocol):
    """Requests kept for a soft bounce's retry, a day at most. Raises TransientError."""

    def keep(self, email_id: str, request: PendingRequest) -> None: ...

    def keep_all(self, requests: Mapping[str, PendingRequest]) -> None:
        """Keep requests by their emails' ids, in as few calls as possible; where it raises, some may be kept."""

    def get(self, email_id: str) -> PendingRequest | None:
        """Read a request; never an expired one."""

    def forget(self, email_ids: Collection[str]) -> None:
        """Delete requests, kept or not."""


class DailyFigures(Protocol):
    """The figures of days (domain/figures.py), and the account's count of sent emails, which costs them no write."""

    def add(self, reached: Sequence[Reached], sent: int, now: float, last_start: float) -> None:
        """Count what a batch reached, and the emails that it sent (without those that no rate of SES's counts).

        Begins no call after `last_start` (Unix seconds). Raises TransientError where some could not be added; they are
        added with the next batch.
        """


class Metrics(Protocol):
    def count(self, name: str, value: float = 1) -> None: ...

    def level(self, name: str, value: float) -> None: ...

    def changed(self, name: str, value: float) -> None:
        """Set a level to what it changed to, so that it outlasts the older value that other functions still emit."""

    def highest(self, name: str, seconds: float) -> None:
        """Keep the largest of a metric's values since the last flush, in seconds."""


class Log(Protocol):
    """structlog's bound logger: an event's name, its data as keys."""

    def info(self, event: str, **data: Any) -> Any: ...

    def warning(self, event: str, **data: Any) -> Any: ...

    def error(self, event: str, **data: Any) -> Any: ...
