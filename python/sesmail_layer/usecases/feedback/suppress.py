"""Who is not to be written to any more, after what SES said."""

from __future__ import annotations

from collections.abc import Iterable

from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason
from sesmail_layer.domain.record.soft_bounce_run import soft_bounce_run
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.outcomes import Outcome
from sesmail_layer.domain.ses.ses_events import UNKNOWN_TIME, SesEvent
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.ports import Clock, SuppressionTable, TrackingTable

_DAY_SECONDS = 86_400
_RECORDS_LOOKED_AT = 25
"""Of an address, to find a run of soft bounces: emails without an outcome lie between."""


class FeedbackSuppression:
    """Adds to the list what an outcome asks for; doing it twice changes nothing."""

    def __init__(
        self,
        suppression: SuppressionTable,
        tracking: TrackingTable,
        clock: Clock,
        *,
        soft_bounce_threshold: int,
        not_spam_lifts: bool,
    ) -> None:
        self._suppression = suppression
        self._tracking = tracking
        self._clock = clock
        self._soft_bounce_threshold = soft_bounce_threshold
        self._not_spam_lifts = not_spam_lifts

    def apply(
        self, event: SesEvent, outcome: Outcome, record: TrackingRecord | None, beside: Iterable[TrackingRecord] = ()
    ) -> SuppressionReason | None:
        """Suppresses the outcome's recipient if it must be; gives the reason.

        `beside` are records of this batch, newer than what the index may know.
        """
        address = outcome.entry.recipient
        if address is None:
            return None
        if outcome.not_spam and self._not_spam_lifts:
            self._suppression.remove(address, only=SuppressionReason.SPAM_COMPLAINT)
        reason = outcome.suppress
        counts = reason is None and outcome.counts_towards_soft_bounce_limit
        if counts and record is not None and self._struck_out(record, address, beside):
            reason = SuppressionReason.CONSECUTIVE_SOFT_BOUNCES
        if reason is not None:
            self._suppression.add(self._entry(event, outcome, record, address, reason))
        return reason

    def _struck_out(self, record: TrackingRecord, address: str, beside: Iterable[TrackingRecord]) -> bool:
        """Looks at the latest emails to the address. The index knows `to` only: a copy's soft bounces do not add up."""
        if record.to_email is None or address in record.recipients:
            return False
        newest = {found.email_id: found for found in self._tracking.latest_to(record.to_email, _RECORDS_LOOKED_AT)}
        newest |= {other.email_id: other for other in (*beside, record) if other.to_email == record.to_email}
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
