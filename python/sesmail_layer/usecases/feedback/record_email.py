"""Brings what SES said of one email into its record."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, Transition, fold
from sesmail_layer.domain.ses.outcomes import Outcome, outcomes
from sesmail_layer.domain.ses.ses_events import SesEvent, address
from sesmail_layer.usecases.feedback.suppress import FeedbackSuppression
from sesmail_layer.usecases.ports import Clock, TrackingTable

_WRITES = 20
_PAUSE_SECONDS = (0.01, 0.1)


class News(msgspec.Struct, frozen=True):
    """One message with the event in it."""

    message: QueueMessage
    event: SesEvent


class Said(msgspec.Struct, frozen=True):
    """One outcome, and the news that brought it."""

    news: News
    outcome: Outcome


class Recorded(msgspec.Struct, frozen=True):
    """An email's record as it is stored now, and what changed it."""

    record: TrackingRecord
    said: list[Said]
    fresh: dict[str, Said]
    """By its entry's key, each thing said that the record did not have: what may be counted."""
    suppressed: list[SuppressionReason]
    transitions: list[Transition]
    """All that the news changed, now or when it first came."""
    retold: frozenset[str] = frozenset()
    """The keys of entries that may have come before, and of which nobody may have been told."""

    def stored(self) -> Recorded:
        return msgspec.structs.replace(self, record=self.record.next_revision())

    def due(self) -> list[Said]:
        """What has to be acted on: what is new, and what an earlier try may have left undone. It bears repetition."""
        return [each for each in self.said if self._is_due(each.outcome.entry.key)]

    def due_entries(self) -> list[Entry]:
        """The record's entries that are due, as the record has them."""
        return [entry for entry in self.record.history if self._is_due(entry.key)]

    def due_transitions(self) -> list[Transition]:
        return [moved for moved in self.transitions if self._is_due(moved.entry.key)]

    def owners(self, key: str) -> set[str]:
        """The messages that brought an entry."""
        return {each.news.message.message_id for each in self.said if each.outcome.entry.key == key}

    def _is_due(self, key: str) -> bool:
        return key in self.fresh or key in self.retold


class EmailFeedback:
    """Suppresses first, then folds and stores: a crash between the two leaves the safer half."""

    def __init__(self, tracking: TrackingTable, suppression: FeedbackSuppression, clock: Clock) -> None:
        self._tracking = tracking
        self._suppression = suppression
        self._clock = clock

    def record(self, record: TrackingRecord, news: Sequence[News], beside: Iterable[TrackingRecord]) -> Recorded:
        """Folds all news of one email in one write, over whatever other workers store meanwhile.

        `beside` are other records of this batch. News that the record has already writes nothing.
        """
        for _ in range(_WRITES):
            recorded = self._folded(record, news, beside)
            standing = self._tracking.replace(recorded.record) if recorded.fresh else None
            if standing is None:
                return recorded.stored() if recorded.fresh else recorded
            record = standing
            self._clock.sleep(random.uniform(*_PAUSE_SECONDS))
        raise TransientError(f"Failed to update tracking record: it changed {_WRITES} times meanwhile", code="FBK003")

    def _folded(self, record: TrackingRecord, news: Sequence[News], beside: Iterable[TrackingRecord]) -> Recorded:
        own = [found for one in (record.to_email, *record.recipients) if (found := address(one))]
        said = [
            Said(one, outcome) for one in news for outcome in outcomes(one.event, attempt_of(one.event, record), own)
        ]
        folded, transitions = fold(record, [each.outcome.entry for each in said])
        new_keys = {entry.key for entry in folded.history} - {entry.key for entry in record.history}
        fresh = {each.outcome.entry.key: each for each in reversed(said) if each.outcome.entry.key in new_keys}
        suppressed = [
            reason
            for each in fresh.values()
            if (reason := self._suppression.apply(each.news.event, each.outcome, folded, beside))
        ]
        return Recorded(folded, said, fresh, suppressed, transitions)


def attempt_of(event: SesEvent, record: TrackingRecord) -> int:
    """Which attempt an event is about: our tag says it; an identity's notification is told by SES's id."""
    if event.attempt is not None:
        return event.attempt
    same = (entry.attempt for entry in record.history if entry.detail.get("sesMessageId") == event.ses_message_id)
    return next(same, 1)
