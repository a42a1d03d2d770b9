"""What the feedback processor needs from outside, and what the operator decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from sesmail_layer.domain.guards.breaker import Counts, Limits, Tally, Timeline
from sesmail_layer.domain.guards.sending_event import SendingEvent
from sesmail_layer.domain.guards.sending_state import SendingState
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


class SendingCounts(Protocol):
    """Raises TransientError where the table cannot be reached."""

    def count(self, source: str, counts: Counts, now: float) -> None:
        """Add to a source's counts of the present five minutes."""

    def list_suspects(self, sources: Collection[str], now: float) -> None:
        """List producers with a bounce or a complaint, while the hour's list has room."""

    def suspects(self, now: float) -> Sequence[str]:
        """Read whom the last day's lists name; those that are on most of them come first."""

    def read(self, sources: Collection[str], now: float) -> Mapping[str, Tally]:
        """Read sources' states and counts, consistently, in one call."""

    def exclude(self, source: str, counts: Timeline, now: float) -> None:
        """Exclude a paused producer's counts from the account's rate: once, even where two workers do."""

    def count_excluded(self, counts: Counts, now: float) -> None:
        """Add to the excluded counts what was counted for producers that are excluded already."""

    def excluded(self, now: float) -> Timeline:
        """Read the counts that the account's rate excludes: those of all producers from before they were resumed."""


class ProducerStates(Protocol):
    """Every change of a state is conditional. Raises TransientError where the table cannot be reached."""

    def states(self, sources: Collection[str]) -> Mapping[str, SendingState]:
        """Read those states that exist."""

    def replace(self, source: str, seen: SendingState, new: SendingState) -> bool:
        """Put a state in place of the one that was read; False where it has changed since."""

    def listed_pauses(self) -> frozenset[str]:
        """Read which producers are paused."""

    def list_pause(self, source: str, *, paused: bool) -> None:
        """List a source as paused, or take it off the list, as `replace` does."""


class AlarmStates(Protocol):
    """The states of the alarms on SES's own metrics. Raises TransientError."""

    def take_look(self, now: float, seconds: float) -> bool:
        """Return True for the one worker that shall look; the others may not for so many seconds."""

    def hasten_look(self, now: float, taken_seconds: float, seconds: float) -> None:
        """Let the next look be due after `seconds` in place of the `taken_seconds` of `take_look`.

        What an operator has postponed meanwhile stays.
        """

    def firing(self, names: Collection[str]) -> Sequence[str]:
        """Return which of these alarms are in ALARM."""


class SendingBus(Protocol):
    def announce(self, event: SendingEvent) -> str | None:
        """Publish that sending is paused or resumed; return the reason where the bus still refuses."""


class FeedbackProgress(Protocol):
    """What the sender learns of this function: domain/ses/watermark.py. Raises TransientError."""

    def note(self, sent_at: Mapping[str, float]) -> None:
        """Note messages as outstanding: by id, the Unix seconds at which each was sent."""

    def strike(self, sent_at: Mapping[str, float]) -> None:
        """Strike out notes, as they were made."""

    def advance(self, sent_at: float) -> None:
        """Record that a probe that was sent then has been handled."""


class FeedbackRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided; Terraform sets every one."""

    topic_arn: str
    """The one topic for SES's events; empty: not checked."""
    alarm_topic_arn: str
    """The one topic for CloudWatch's alarms; empty: no alarm is accepted."""
    alarms: Mapping[str, str]
    """The names of the alarms on SES's own metrics, with what each of them measures."""
    soft_bounce_threshold: int
    soft_bounce_retries: int
    soft_bounce_retry_delay_seconds: float
    not_spam_lifts_suppression: bool
    limits: Limits
    call_seconds: float
    """How long a call may take that its service does not answer."""


class FeedbackPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What the composition root hands to the door, `RecordFeedback`; each step is given its own part of it."""

    tracking: TrackingTable
    suppression: SuppressionTable
    producer_states: ProducerStates
    sending_counts: SendingCounts
    figures: DailyFigures
    alarm_states: AlarmStates
    pending: PendingTable
    retry_queue: DelayQueue
    bulk_retry_queue: DelayQueue
    feedback_queue: DelayQueue
    """The function's own queue, where events wait that cannot be handled now."""
    dead_letters: DeadLetters
    progress: FeedbackProgress
    bus: StatusBus
    sending_bus: SendingBus
    clock: Clock
    metrics: Metrics
    log: Log
    run_all: RunAll
