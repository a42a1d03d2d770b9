"""What the feedback processor needs from outside, and what the operator decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec

from sesmail_layer.domain.guards.breaker import Counts, Limits, Tally
from sesmail_layer.domain.guards.sending_event import SendingEvent
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.usecases.ports import (
    Clock,
    DelayQueue,
    Log,
    Metrics,
    PendingTable,
    StatusBus,
    SuppressionTable,
    TrackingTable,
)


class SendingCounts(Protocol):
    """Raises TransientError where the table cannot be reached."""

    def count(self, source: str, counts: Counts, now: float) -> None:
        """Add to a source's counts of the present five minutes."""

    def read(self, sources: Collection[str], now: float) -> Mapping[str, Tally]:
        """Read sources' states and counts, consistently, in one call."""


class ProducerStates(Protocol):
    """Every change of a state is conditional. Raises TransientError where the table cannot be reached."""

    def states(self, sources: Collection[str]) -> Mapping[str, SendingState]:
        """Read those states that exist."""

    def replace(self, source: str, seen: SendingState, new: SendingState) -> bool:
        """Put a state in place of the one that was read; False where it has changed since."""


class SendingBus(Protocol):
    def announce(self, event: SendingEvent) -> str | None:
        """Publish that sending is paused or resumed; return the reason where the bus still refuses."""


class FeedbackRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided; Terraform sets every one."""

    topic_arn: str
    """The one topic for SES's events; empty: not checked."""
    alarm_topic_arn: str
    """The one topic for CloudWatch's alarms; empty: no alarm is accepted."""
    alarms: Mapping[str, str]
    """The names of the alarms on SES's own metrics, with what each of them measures."""
    max_receive_count: int
    """The feedback queue's maxReceiveCount: after it, a message that fails goes to the dead-letter queue."""
    soft_bounce_threshold: int
    soft_bounce_retries: int
    soft_bounce_retry_delay_seconds: float
    not_spam_lifts_suppression: bool
    limits: Limits


class FeedbackPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What the composition root hands to the door, `RecordFeedback`; each step is given its own part of it."""

    tracking: TrackingTable
    suppression: SuppressionTable
    producer_states: ProducerStates
    sending_counts: SendingCounts
    pending: PendingTable
    retry_queue: DelayQueue
    bulk_retry_queue: DelayQueue
    bus: StatusBus
    sending_bus: SendingBus
    clock: Clock
    metrics: Metrics
    log: Log
