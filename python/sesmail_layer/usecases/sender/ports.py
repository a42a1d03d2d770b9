"""What the sender's use case is handed: its ports, and what the operator decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import msgspec

from sesmail_layer.usecases.ports import (
    AttachmentObjects,
    Clock,
    FeedbackBacklog,
    Log,
    Mailer,
    Metrics,
    QuotaSource,
    StatusBus,
    SuppressionTable,
    Templates,
    TrackingTable,
    WaitingQueue,
)
from sesmail_layer.usecases.retry import KeptRequests
from sesmail_layer.usecases.sender.pacing import Pacer
from sesmail_layer.usecases.sender.producer_guard import ProducerGuard


class SendingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided."""

    default_sender_email: str
    default_sender_name: str
    retention_days: int = 90
    refuse_unknown_fields: bool = False
    max_message_bytes: int = 10 * 1024 * 1024
    max_schedule_days: int = 30
    max_hold_seconds: float = 86_400
    daily_quota_reserve: float = 0.1
    """The share of SES's 24-hour quota that is kept for transactional mail."""
    claim_settle_seconds: float = 300
    resend_unknown: bool = True


class SendingPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender needs from outside."""

    tracking: TrackingTable
    suppression: SuppressionTable
    templates: Templates
    attachments: AttachmentObjects
    mailer: Mailer
    bus: StatusBus
    waiting: WaitingQueue
    backlog: FeedbackBacklog
    quota: QuotaSource
    pacer: Pacer
    guard: ProducerGuard
    bulk_lane: WaitingQueue
    """Where what a policy makes bulk goes."""
    kept: KeptRequests
    clock: Clock
    metrics: Metrics
    log: Log
    fingerprint: Callable[[str], str]
    """Gives what logs say in place of a case-folded address."""
    time_limit: Callable[[float], AbstractContextManager[None]]
    """Ends a block with a PermanentError when it runs for longer than the given seconds."""
    run_all: Callable[[Sequence[Callable[[], object]]], None]
    """Runs independent steps, side by side where it can; none of them raises."""
