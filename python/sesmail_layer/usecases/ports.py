"""What the use cases need from outside, as Protocols; `aws/` fulfils them, tests hand in fakes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.pacing import Quota
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_event import SendingEvent
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.pending_request import PendingRequest
from sesmail_layer.domain.status_event import StatusEvent

if TYPE_CHECKING:
    # The feedback processor has no use for Jinja2, and would pay for it at every cold start.
    from sesmail_layer.domain.template.templates import Template


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

    def has_sent_to(self, address: str) -> bool:
        """True where an email to this case-folded address was handed to SES, within the retention."""

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


class Reservation(msgspec.Struct, frozen=True):
    """What a bucket answered."""

    granted: bool
    empty_at: float
    """The time at which the bucket was empty before this reservation (granted), or is now (refused). Unix seconds."""


class Bucket(Protocol):
    def advance(self, name: str, cost_seconds: float, *, floor: float, latest_start: float) -> Reservation:
        """Atomically: take `empty_at`, at least `floor`; refuse if it is after `latest_start`; else add the cost."""


class Producers(msgspec.Struct, frozen=True):
    """Policies and states as the control table holds them, by event source."""

    policies: dict[str, ProducerPolicy]
    states: dict[str, SendingState]


class Control(Protocol):
    """Raises TransientError where the table cannot be reached: what cannot be looked up is not sent yet."""

    def producers(self, sources: Collection[str]) -> Producers:
        """Reads policies and states of sources (and of `*`), in one call."""

    def take(self, counter: str, wanted: int, limit: int, expires_at: float) -> int:
        """Adds up to `wanted` to a counter that must not pass `limit`; gives how many it had room for."""

    def take_probe(self, source: str, email_id: str, *, limit: int, now: float, stale_before: float) -> bool:
        """Notes an email as one of the breaker's probes; False when it has enough of them.

        Where the latest of them went before `stale_before`, they make room for new ones.
        """

    def count_sent(self, source: str, emails: int, now: float, *, sources: Collection[str] = ()) -> None:
        """Adds to the breaker's counts of a producer, or of the account, with the producers that they are of."""


class Tally(msgspec.Struct, frozen=True):
    """A source's state with a day's counts of it."""

    state: SendingState
    timeline: Mapping[int, Counts]
    """By the Unix time at which each slot of five minutes begins."""
    sources: frozenset[str] = frozenset()
    """Of the account: the producers that its emails are of."""


class BreakerTable(Protocol):
    """Every change of a state is conditional. Raises TransientError where the table cannot be reached."""

    def count(self, source: str, counts: Counts, now: float) -> None:
        """Adds to a source's counts of the present five minutes."""

    def read(self, sources: Collection[str], now: float) -> Mapping[str, Tally]:
        """Reads sources' states and counts, consistently, in one go."""

    def states(self, sources: Collection[str]) -> Mapping[str, SendingState]:
        """Reads those states that there are."""

    def replace(self, source: str, seen: SendingState, new: SendingState) -> bool:
        """Puts a state in place of the one that was read; False where it has changed meanwhile."""


class QuotaSource(Protocol):
    def quota(self) -> Quota | None:
        """Gives what SES allows, at most a minute old where SES could be asked; None while nobody knows."""


class Mailer(Protocol):
    def send(self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str]) -> str:
        """Sends once and gives SES's message id.

        Raises PermanentError (SES refuses this message), HoldError (not now), TransientError (surely not sent), and
        OutcomeUnknownError.
        """


class Templates(Protocol):
    def load(self, name: str, locale: str | None, compile_seconds: float) -> Template:
        """Gives a template, compiled in the given time at most.

        Raises TemplateError, and TransientError when S3 cannot answer.
        """


class AttachmentObjects(Protocol):
    def read(self, s3_uri: str, field: str, max_bytes: int) -> bytes:
        """Reads one object. Raises PermanentError `attachment_error` naming the field, and TransientError."""


class WaitingQueue(Protocol):
    def put(self, body: str, delay_seconds: float) -> None:
        """Puts a message on the retry queue. Raises TransientError."""


class FeedbackBacklog(Protocol):
    def is_empty(self) -> bool:
        """True where no SES event waits in the feedback queue or its DLQ."""


class StatusBus(Protocol):
    def publish(self, events: Sequence[StatusEvent]) -> Mapping[str, str]:
        """Publishes in batches of ten, trying refused entries again; gives those that stay refused, id to reason."""


class SendingBus(Protocol):
    def announce(self, event: SendingEvent) -> str | None:
        """Publishes that sending stops or goes on; gives the reason where the bus stays unwilling."""


class PendingTable(Protocol):
    """Requests kept for a soft bounce's retry, a day at most. Raises TransientError."""

    def keep(self, email_id: str, request: PendingRequest) -> None: ...

    def get(self, email_id: str) -> PendingRequest | None:
        """Reads a request; never an expired one."""

    def forget(self, email_ids: Collection[str]) -> None:
        """Deletes requests, kept or not."""


class Metrics(Protocol):
    def count(self, name: str, value: float = 1) -> None: ...

    def level(self, name: str, value: float) -> None: ...


class Log(Protocol):
    """structlog's bound logger: an event's name, its data as keys."""

    def debug(self, event: str, **data: Any) -> Any: ...

    def info(self, event: str, **data: Any) -> Any: ...

    def warning(self, event: str, **data: Any) -> Any: ...

    def error(self, event: str, **data: Any) -> Any: ...
