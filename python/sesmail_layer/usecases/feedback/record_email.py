"""Fold the SES events of one email into its record."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import (
    REDIRECTED_TO,
    Entry,
    TrackingRecord,
    Transition,
    claim_detail,
    fold,
    reached,
)
from sesmail_layer.domain.ses.outcomes import Outcome, outcomes
from sesmail_layer.domain.ses.ses_events import SesEvent, address
from sesmail_layer.usecases.feedback.suppress import FeedbackSuppression
from sesmail_layer.usecases.ports import Clock, Log, Metrics, TrackingTable

_WRITES = 20
_PAUSE_SECONDS = (0.01, 0.1)
_DEAD_LETTER_SECONDS = 3.0


class FeedbackMessage(msgspec.Struct, frozen=True):
    """One SQS message and its SES event."""

    message: QueueMessage
    event: SesEvent
    maybe_unpublished: bool
    """True where an earlier try may have stored the event without acting on it and publishing it."""


class EventOutcome(msgspec.Struct, frozen=True):
    """One outcome, and the message that it is from."""

    source: FeedbackMessage
    outcome: Outcome


class FeedbackResult(msgspec.Struct, frozen=True, kw_only=True):
    """An email's record as it is stored now, and what a batch changed in it.

    New entries have to be acted on, and those that an earlier try may have stored only: acting twice is harmless.
    """

    record: TrackingRecord
    outcomes: list[EventOutcome]
    """Of all the batch's messages of this email, new or not."""
    new_entries: frozenset[str]
    """The keys of entries that the record did not have: only these are counted."""
    reached: list[Status]
    """The statuses of the figures that the batch brought first."""
    suppressed: list[SuppressionReason]
    outcomes_to_act_on: list[EventOutcome]
    entries_to_act_on: list[Entry]
    transitions_to_act_on: list[Transition]
    maybe_unpublished: bool
    """True where an earlier try may have stored some of the entries without publishing them."""

    def count_in(self, metrics: Metrics) -> None:
        """Count what is new, by status; the sender counts what it sends."""
        by_key = {each.outcome.entry.key: each.outcome for each in self.outcomes}
        if refused := sum(by_key[key].sender_refused for key in self.new_entries):
            metrics.count("SenderRefused", refused)
        for transition in self.transitions_to_act_on:
            status = transition.entry.status
            if status and status is not Status.SENT and transition.entry.key in self.new_entries:
                metrics.count("Email" + status.replace("_", " ").title().replace(" ", ""))

    def log_to(self, log: Log) -> int:
        """Write a line for each of the email's messages; return their number."""
        messages = {each.source.message.message_id: each.source for each in self.outcomes}
        for one in messages.values():
            what = {each.outcome.entry.what for each in self.outcomes if each.source is one}
            log.info(
                "feedback.recorded",
                kind=one.event.kind,
                email_id=self.record.email_id,
                ses_message_id=one.event.ses_message_id,
                status=self.record.status,
                what=sorted(filter(None, what)),
            )
        return len(messages)


class FeedbackTime(msgspec.Struct, frozen=True):
    """Until when the steps of a batch of SES events may begin, in Unix seconds.

    What has no time any more waits, so that nothing is killed: any of the calls may take 3 s in a batch of 50, and
    longer where its service does not answer (aws/clients.py).
    """

    find: float
    """Looking up the emails of untagged events: time must be left to record what was found."""
    record: float
    act: float
    """Everything else: reading, following up, publishing, noting what waits, and each call (aws/call_limit.py)."""
    dead_letters: float
    """Putting dead letters: the same service takes what waits afterwards, and may be as slow again."""

    @classmethod
    def until(cls, deadline: float, now: float, call_seconds: float) -> FeedbackTime:
        """Divide the time until an invocation is cut off. `call_seconds` is what a call without an answer takes."""
        left = deadline - now
        # One such call, and the time to requeue the batch.
        act = deadline - call_seconds - min(1.0, left * 0.1)
        record = min(act, max(deadline - call_seconds - 4.0, now + left * 0.3))
        # Short functions leave little time until `act`, and a dead letter needs some of it.
        dead_letters = act - min(_DEAD_LETTER_SECONDS, (act - now) / 2)
        return cls(find=min(act, now + left * 0.15), record=record, act=act, dead_letters=dead_letters)

    def check(self, now: float) -> None:
        """Raise TransientError where nothing may begin any more."""
        if now > self.act:
            raise TransientError("No time left in this batch", code="AWS006")


class EmailFeedback:
    """Suppresses first, then folds and stores: a crash between the two leaves the suppression, which is safer."""

    def __init__(self, tracking: TrackingTable, suppression: FeedbackSuppression, clock: Clock) -> None:
        self._tracking = tracking
        self._suppression = suppression
        self._clock = clock

    def record(
        self, record: TrackingRecord, messages: Sequence[FeedbackMessage], batch_records: Iterable[TrackingRecord]
    ) -> FeedbackResult:
        """Fold all messages of one email in one write, over what other workers store at the same time.

        `batch_records` are the records of this batch. Where all entries exist already, nothing is written.
        """
        tried: frozenset[str] = frozenset()
        for _ in range(_WRITES):
            folded = self._fold(record, messages, batch_records, tried)
            if not folded.new_entries:
                return folded
            newer = self._tracking.replace(folded.record)
            if newer is None:
                return msgspec.structs.replace(folded, record=folded.record.next_revision())
            record, tried = newer, tried | folded.new_entries
            self._clock.sleep(random.uniform(*_PAUSE_SECONDS))
        raise TransientError(f"Failed to update tracking record: it changed {_WRITES} times meanwhile", code="FBK003")

    def _fold(
        self,
        record: TrackingRecord,
        messages: Sequence[FeedbackMessage],
        batch_records: Iterable[TrackingRecord],
        tried: frozenset[str],
    ) -> FeedbackResult:
        """`tried` are the keys of entries that this worker has put before.

        botocore repeats a call without an answer: what fails its condition may be what the first call has written.
        """
        own = [recipient for one in (record.to_email, *record.recipients) if (recipient := address(one))]
        found = [EventOutcome(one, outcome) for one in messages for outcome in _outcomes(one, record, own)]
        folded, transitions = fold(record, [each.outcome.entry for each in found])
        new = {entry.key for entry in folded.history} - {entry.key for entry in record.history}
        first_by_key = {each.outcome.entry.key: each for each in reversed(found) if each.outcome.entry.key in new}
        suppressed = [
            reason
            for each in first_by_key.values()
            if (reason := self._suppression.apply(each.source.event, each.outcome, folded, batch_records))
        ]
        repeated = {each.outcome.entry.key for each in found if each.source.maybe_unpublished} | (tried - new)
        to_act_on = new | repeated
        return FeedbackResult(
            record=folded,
            outcomes=found,
            new_entries=frozenset(new),
            reached=reached(record, folded),
            suppressed=suppressed,
            outcomes_to_act_on=[each for each in found if each.outcome.entry.key in to_act_on],
            entries_to_act_on=[entry for entry in folded.history if entry.key in to_act_on],
            transitions_to_act_on=[moved for moved in transitions if moved.entry.key in to_act_on],
            maybe_unpublished=bool(repeated),
        )


def _outcomes(message: FeedbackMessage, record: TrackingRecord, own: Iterable[str]) -> list[Outcome]:
    """Return an event's outcomes for a record, which names a redirected attempt, whatever the mode is now.

    An identity's notification has no tags.
    """
    event, attempt = message.event, _attempt_of(message, record)
    if not event.redirected and REDIRECTED_TO in claim_detail(record, attempt):
        event = msgspec.structs.replace(event, redirected=True)
    return outcomes(event, attempt, own)


def _attempt_of(message: FeedbackMessage, record: TrackingRecord) -> int:
    """Return the attempt that an event is about: by the tag, or, as notifications have no tags, by SES's id."""
    event = message.event
    if event.attempt is not None:
        return event.attempt
    same = (entry.attempt for entry in record.history if entry.detail.get("sesMessageId") == event.ses_message_id)
    return next(same, 1)
