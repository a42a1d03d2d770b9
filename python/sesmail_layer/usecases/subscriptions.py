"""What a recipient wants no more: written to the suppression list, then published.

t0  the entry is written (idempotent)     a crash here: no more mail; the producer does not know yet
t1  the event is published                whoever asked gets an error at t0 and asks again: the same event id

Coming back is the reverse: the event is published, then the entry is removed.
"""

from __future__ import annotations

from collections.abc import Collection

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import (
    SUPPRESSION_TYPES,
    Suppression,
    SuppressionReason,
    source_key,
    topic_key,
)
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_text
from sesmail_layer.domain.unsubscribe.events import RESUBSCRIBED, UNSUBSCRIBED, By, unsubscribe_event
from sesmail_layer.usecases.ports import Clock, Log, Metrics, StatusBus, SuppressionTable

_UNSUBSCRIBE = SuppressionReason.UNSUBSCRIBE


class Subscriptions:
    """Unsubscribes addresses from topics, or from all bulk mail of a source, and lets them come back."""

    def __init__(self, suppression: SuppressionTable, bus: StatusBus, clock: Clock, metrics: Metrics, log: Log) -> None:
        self._suppression = suppression
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._log = log

    def leave(
        self, address: str, topic: str | None, *, source: str, by: By, record: TrackingRecord | None = None
    ) -> None:
        """Suppress a case-folded address for a topic's bulk mail, or for all of the source (None).

        The address's own entry stays as it is: merged with a bounce that expires, it would block receipts for ever.
        Raises TransientError.
        """
        key = source_key(address, source) if topic is None else topic_key(address, topic)
        existing = self._suppression.get_many([key]).get(key)
        at = existing.added_to_suppression_date if existing else utc_text(self._clock.now())
        if existing is None or existing.reason is not _UNSUBSCRIBE:
            self._suppression.add(_entry(key, topic, source, at, record))
        self._announce(UNSUBSCRIBED, address, topic, source, by, at, record)

    def come_back(
        self, address: str, topic: str, *, source: str, record: TrackingRecord, others: Collection[str] = ()
    ) -> bool:
        """Undo `leave` for a topic; False: nothing to undo, or another reason blocks it. Raises TransientError.

        Where all bulk mail of the source was left, that ends too, and `others`, the source's other topics, stay left.
        The event goes first, under an id made of the entry: whoever asked gets an error and asks again, and once the
        entry is gone a repeated click publishes nothing.
        """
        all_of_source = source_key(address, source)
        found = self._suppression.get_many([topic_key(address, topic), all_of_source])
        entries = sorted(found.values(), key=lambda entry: entry.added_to_suppression_date)
        if not entries or any(entry.reason is not _UNSUBSCRIBE for entry in entries):
            return False
        now_text = utc_text(self._clock.now())
        if all_of_source in found:
            for other in others:
                self._suppression.add(_entry(topic_key(address, other), other, source, now_text, record))
        left_at = entries[-1].added_to_suppression_date
        self._announce(RESUBSCRIBED, address, topic, source, "page", now_text, record, left_at=left_at)
        for entry in entries:  # The newest last: a retry after half of it has the same event id.
            self._suppression.remove(entry.email, only=_UNSUBSCRIBE)
        return True

    def _announce(
        self,
        detail_type: str,
        address: str,
        topic: str | None,
        source: str,
        by: By,
        at: str,
        record: TrackingRecord | None,
        left_at: str | None = None,
    ) -> None:
        event = unsubscribe_event(
            detail_type, address=address, topic=topic, source=source, by=by, at=at, record=record, left_at=left_at
        )
        if (why := self._bus.announce(event)) is not None:
            raise TransientError(f"Failed to publish '{detail_type}': {why}", code="BUS001")
        left = detail_type == UNSUBSCRIBED
        self._metrics.count("RecipientUnsubscribed" if left else "RecipientResubscribed")
        self._log.info(
            "recipient.unsubscribed" if left else "recipient.resubscribed",
            topic=topic,
            source=source,
            by=by,
            email_id=record.email_id if record else None,
        )


def _entry(key: str, topic: str | None, source: str, at: str, record: TrackingRecord | None) -> Suppression:
    return Suppression(
        email=key,
        suppression_type=SUPPRESSION_TYPES[_UNSUBSCRIBE],
        reason=_UNSUBSCRIBE,
        added_to_suppression_date=at,
        email_id=record.email_id if record else None,
        ses_message_id=record.ses_message_id if record else None,
        source=source,
        topic=topic,
    )
