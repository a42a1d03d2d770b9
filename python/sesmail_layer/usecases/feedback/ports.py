"""What the feedback processor needs from outside, and what the operator decided."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_event import SendingEvent
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.usecases.ports import Clock, Log, Metrics, StatusBus, SuppressionTable, TrackingTable

if TYPE_CHECKING:
    from sesmail_layer.usecases.feedback.record_email import Recorded


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
        """Add to a source's counts of the present five minutes."""

    def read(self, sources: Collection[str], now: float) -> Mapping[str, Tally]:
        """Read sources' states and counts, consistently, in one call."""

    def states(self, sources: Collection[str]) -> Mapping[str, SendingState]:
        """Read those states that exist."""

    def replace(self, source: str, seen: SendingState, new: SendingState) -> bool:
        """Put a state in place of the one that was read; False where it has changed since."""


class SendingBus(Protocol):
    def announce(self, event: SendingEvent) -> str | None:
        """Publish that sending is paused or resumed; return the reason where the bus still refuses."""


FollowUp = Callable[[Sequence["Recorded"]], Mapping[str, TransientError]]
"""Acts on what is due of a batch; returns, by email id, what went wrong and has to be tried again."""


class FeedbackRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided; Terraform sets every one."""

    topic_arn: str
    """The one topic whose messages are taken for SES's; empty: not checked."""
    alarm_topic_arn: str
    """The one topic whose messages are taken for CloudWatch's; empty: none is."""
    max_receive_count: int
    """The queue's maxReceiveCount: after it, a message that fails goes to the dead-letter queue."""
    soft_bounce_threshold: int
    not_spam_lifts_suppression: bool


class FeedbackPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What the composition root hands to the door, `RecordFeedback`."""

    tracking: TrackingTable
    suppression: SuppressionTable
    bus: StatusBus
    clock: Clock
    metrics: Metrics
    log: Log
    follow_ups: tuple[FollowUp, ...] = ()
    """What is to be done about a batch's emails once their records are stored."""
    on_alarm: Callable[[Mapping[str, Any]], None] | None = None
    """What is to be done about a CloudWatch alarm. TransientError makes SQS redeliver it."""
