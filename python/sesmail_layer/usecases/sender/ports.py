"""What the sender needs from outside, and what the operator decided."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.cancelling import CancelRule
from sesmail_layer.domain.guards.pacing import Quota, Reservation
from sesmail_layer.domain.guards.producers import Producers
from sesmail_layer.domain.ses.watermark import Progress
from sesmail_layer.domain.template.templates import Template
from sesmail_layer.usecases.ports import (
    Clock,
    DailyFigures,
    DeadLetters,
    DelayQueue,
    Log,
    Metrics,
    PendingTable,
    RunAll,
    StatusBus,
    SuppressionTable,
    TrackingTable,
)

if TYPE_CHECKING:
    from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery


class UnsubscribeUrlOf(Protocol):
    def __call__(self, record_id: str, source: str, address: str) -> str:
        """Return the signed link of an email to a case-folded address. Raises TransientError."""


class Templates(Protocol):
    def load(self, name: str, locale: str | None, compile_seconds: float) -> Template:
        """Return a template, compiled within the given time.

        Raises TemplateError, and TransientError when S3 cannot answer.
        """

    def recheck(self, name: str, locale: str | None) -> None:
        """Ask S3 for changes before the template is loaded again."""


class AttachmentObjects(Protocol):
    """Raises PermanentError `attachment_error` naming the field (it is gone, or above `max_bytes`), TransientError."""

    def size(self, s3_uri: str, field: str, max_bytes: int) -> int:
        """Return one object's size without reading it."""

    def read(self, s3_uri: str, field: str, max_bytes: int) -> bytes:
        """Read one object."""


class Mailer(Protocol):
    def longest_seconds(self, size: int) -> float:
        """Return how long `send` may take, time-outs included, for a message of `size` bytes."""

    def send(self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str], tenant: str) -> str:
        """Send once, for an SES tenant where that is not empty, and return SES's message id.

        Raises PermanentError (SES refuses this message), HoldError (not now), TransientError (not sent), and
        OutcomeUnknownError.
        """


class FeedbackProgress(Protocol):
    """How far the feedback processor has come: domain/ses/watermark.py. Raises TransientError."""

    def read(self, since: float, now: float) -> Progress:
        """Read the watermark, and what is noted of messages sent since a Unix time in seconds."""

    def send_probe(self, now: float) -> None:
        """Publish a probe to SES's topic, unless any worker did within the last 30 s."""


class RateBucket(Protocol):
    def advance(self, name: str, cost_seconds: float, *, floor: float, latest_start: float) -> Reservation:
        """Atomically: take `empty_at`, at least `floor`; refuse if it is after `latest_start`; else add the cost."""


class QuotaCache(Protocol):
    """SES's quota as one worker read it for all. Raises TransientError."""

    def read_quota(self) -> Quota | None: ...

    def write_quota(self, quota: Quota) -> None: ...

    def take_quota_lease(self, now: float, seconds: float) -> bool: ...


class QuotaApi(Protocol):
    def ask(self) -> Quota:
        """Ask SES. Raises TransientError."""


class ProducerStates(Protocol):
    """Raises TransientError where the table cannot be reached: what cannot be read is not sent yet."""

    def producers(self, sources: Collection[str]) -> Producers:
        """Read policies and states of sources (and of `*`), in one call."""

    def take_probe(self, source: str, email_id: str, *, limit: int, now: float, stale_before: float) -> bool:
        """Note an email as one of the breaker's probes; False when it has enough of them.

        Where the latest of them went before `stale_before`, new ones replace them.
        """


class CancelRules(Protocol):
    def add_rule(self, source: str, rule: CancelRule, *, kept_seconds: float) -> None:
        """Add to the cancellations in force of a source. Raises CancellationsFullError, TransientError."""


class CapCounters(Protocol):
    def take(self, counter: str, wanted: int, limit: int, expires_at: float) -> int:
        """Add up to `wanted` to a counter that must not pass `limit`; return how many fitted."""

    def give_back(self, counter: str, taken: int) -> None:
        """Take back what was added and not used. Raises TransientError."""


class SendingCounts(Protocol):
    def count_sent(self, source: str, emails: int, now: float) -> None:
        """Add to the breaker's counts of a producer, or of the account."""

    def count_excluded(self, counts: Counts, now: float) -> None:
        """Add to what the account's rate leaves out: the probes of paused producers."""


class SendingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided; Terraform sets every one."""

    default_sender_email: str
    default_sender_name: str
    brand: Mapping[str, str]
    """Template variables that every email has by default, by name: `brandColor`, `companyName`, …"""
    retention_days: int
    refuse_unknown_fields: bool
    max_message_bytes: int
    max_request_bytes: int
    """Size of a request with its envelope when it arrives."""
    max_schedule_days: int
    max_hold_seconds: float
    max_send_rate: float | None
    """Recipients a second; None: what SES says."""
    rate_utilisation: float
    bulk_rate_share: float
    daily_quota_reserve: float
    """The share of SES's 24-hour quota that is reserved for transactional mail."""
    claim_settle_seconds: float
    resend_unknown: bool
    breaker_cooldown_seconds: float
    soft_bounce_retries: int
    bulk_requires_unsubscribe: Literal["warn", "refuse"] = "warn"
    """What becomes of bulk mail without `listUnsubscribe`."""
    delivery: RestrictedDelivery | None = None
    """Who may receive mail; None: everybody, the delivery mode `live`."""


class SenderPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What the composition root hands to the door, `SendEmails`; each step is given its own part of it."""

    tracking: TrackingTable
    suppression: SuppressionTable
    pending: PendingTable
    producer_states: ProducerStates
    cancel_rules: CancelRules
    cap_counters: CapCounters
    sending_counts: SendingCounts
    figures: DailyFigures
    rate_bucket: RateBucket
    quota_cache: QuotaCache
    quota_api: QuotaApi
    templates: Templates
    attachments: AttachmentObjects
    mailer: Mailer
    bus: StatusBus
    retry_queue: DelayQueue
    bulk_retry_queue: DelayQueue
    bulk_queue: DelayQueue
    """Where an email goes that its producer's policy makes bulk."""
    dead_letters: DeadLetters
    progress: FeedbackProgress
    clock: Clock
    metrics: Metrics
    log: Log
    fingerprint: Callable[[str], str]
    """Returns what logs say in place of a case-folded address."""
    tombstones_of: Callable[[str], Sequence[str]]
    """Returns the keyed hashes under which an erased, case-folded address may be known. Raises TransientError."""
    unsubscribe_url_of: UnsubscribeUrlOf | None = None
    """Returns an email's own unsubscribe link; None: the engine has no endpoint for it."""
    time_limit: Callable[[float], AbstractContextManager[None]]
    """Ends a block with a PermanentError when it runs for longer than the given seconds."""
    run_all: RunAll
    bytes_in_flight: Callable[[int], AbstractContextManager[None]]
    """Waits until that many bytes of messages may be held in memory; its block holds them."""
