"""Add to the suppression list what an SES event asks for."""

from __future__ import annotations

from collections.abc import Iterable

from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason
from sesmail_layer.domain.record.soft_bounce_run import past_email, soft_bounce_run
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.outcomes import Outcome
from sesmail_layer.domain.ses.ses_events import UNKNOWN_TIME, SesEvent
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.ports import Clock, SuppressionTable, TrackingTable

_DAY_SECONDS = 86_400
# Enough to find a run of soft bounces although emails without an outcome lie between them.
_LATEST_RECORDS = 25


class FeedbackSuppression:
    """Suppresses and lifts suppressions; idempotent."""

    def __init__(
        self,
        suppression: SuppressionTable,
        tracking: TrackingTable,
        clock: Clock,
        *,
        soft_bounce_threshold: int,
        not_spam_lifts_suppression: bool,
    ) -> None:
        self._suppression = suppression
        self._tracking = tracking
        self._clock = clock
        self._soft_bounce_threshold = soft_bounce_threshold
        self._not_spam_lifts_suppression = not_spam_lifts_suppression

    def apply(
        self,
        event: SesEvent,
        outcome: Outcome,
        record: TrackingRecord | None,
        batch_records: Iterable[TrackingRecord] = (),
    ) -> SuppressionReason | None:
        """Suppress the outcome's recipient if need be; return the reason.

        `batch_records` are the records of this batch, which may be newer than the index.
        """
        address = outcome.entry.recipient
        if address is None:
            return None
        if outcome.not_spam and self._not_spam_lifts_suppression:
            self._suppression.remove(address, only=SuppressionReason.SPAM_COMPLAINT)
        reason = outcome.suppress
        counts = reason is None and outcome.counts_towards_soft_bounce_limit
        if counts and record is not None and self._reached_soft_bounce_limit(record, address, batch_records):
            reason = SuppressionReason.CONSECUTIVE_SOFT_BOUNCES
        if reason is not None:
            self._suppression.add(self._entry(event, outcome, record, address, reason))
        return reason

    def _reached_soft_bounce_limit(
        self, record: TrackingRecord, address: str, batch_records: Iterable[TrackingRecord]
    ) -> bool:
        """Check the latest emails to the address. The index contains `to` only: a copy's soft bounces do not count."""
        if record.to_email is None or address in record.recipients:
            return False
        newest = {found.email_id: found for found in self._tracking.latest_to(record.to_email, _LATEST_RECORDS)}
        known = (other for other in (*batch_records, record) if other.to_email == record.to_email)
        newest |= {other.email_id: past_email(other) for other in known}
        in_order = sorted(newest.values(), key=lambda one: (one.timestamp, one.email_id), reverse=True)
        return soft_bounce_run(in_order) >= self._soft_bounce_threshold

    def _entry(
        self, event: SesEvent, outcome: Outcome, record: TrackingRecord | None, address: str, reason: SuppressionReason
    ) -> Suppression:
        added = event.at if event.at != UNKNOWN_TIME else utc_text(self._clock.now())
        days = outcome.suppress_days
        expires = None if days is None else utc_seconds(added) + days * _DAY_SECONDS
        return Suppression(
            email=address,
            suppression_type=SUPPRESSION_TYPES[reason],
            reason=reason,
            added_to_suppression_date=added,
            email_id=record.email_id if record else event.email_id,
            ses_message_id=event.ses_message_id,
            source=record.original_source if record else event.source,
            bounce_sub_type=outcome.entry.detail.get("bounceSubType"),
            diagnostic_code=outcome.entry.detail.get("diagnosticCode"),
            expires_at=None if expires is None else utc_text(expires),
            ttl=None if expires is None else int(expires),
        )
