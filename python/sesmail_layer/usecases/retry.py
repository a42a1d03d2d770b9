"""A soft bounce's one retry: the sender keeps the request, the feedback processor brings it back or forgets it.

    sender                   pending table        feedback processor
    -----------------------------------------------------------------------------------------
    claim
    keep ──────────────────► request
    send
                             request              soft bounce worth a retry → retry queue, then forget
                                                  delivered, bounced, complained, failed → forget
    refused by SES: forget

It is kept before SES has the email, so that no news of it can come before its request. What a crash leaves behind goes
after a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import pack_request, unpack_request
from sesmail_layer.usecases.feedback.record_email import Recorded
from sesmail_layer.usecases.ports import Clock, DelayQueue, Log, Metrics, PendingTable

if TYPE_CHECKING:
    # What reads requests is the sender's; the feedback processor starts without it.
    from sesmail_layer.usecases.sender.job import Email

_OVER = frozenset({Status.FAILED, Status.DELIVERED, Status.OPENED, Status.CLICKED, Status.BOUNCED, Status.COMPLAINED})
"""What an email cannot come back from: nothing is retried any more."""


class KeptRequests:
    """The sender's half."""

    def __init__(self, pending: PendingTable, log: Log, *, retries: int) -> None:
        self._pending = pending
        self._log = log
        self._retries = retries

    def keep(self, email: Email, claim: TrackingRecord) -> None:
        """Keep a claimed request if it may be retried. The email is sent all the same where that fails."""
        # With copies, a retry would send some of the recipients the email twice.
        if claim.attempt > self._retries or email.sensitive or claim.recipients:
            return
        request = pack_request(email.envelope, claim.attempt)
        if request is None:
            self._log.info("request.not_kept", message="Too large to be kept for a retry", email_id=email.email_id)
            return
        try:
            self._pending.keep(email.email_id, request)
        except TransientError as err:
            self._log.warning("request.not_kept", message=err.message, code=err.code, email_id=email.email_id)
            return
        email.kept = True

    def forget(self, email: Email) -> None:
        """Delete what was kept of an email that failed; where that fails too, it expires after a day."""
        if not email.kept:
            return
        try:
            self._pending.forget([email.email_id])
        except TransientError as err:
            self._log.warning("request.not_forgotten", message=err.message, code=err.code, email_id=email.email_id)


class SoftBounceRetry:
    """The feedback processor's half, a follow-up of what it recorded."""

    def __init__(
        self,
        pending: PendingTable,
        waiting: DelayQueue,
        clock: Clock,
        metrics: Metrics,
        log: Log,
        *,
        delay_seconds: float,
    ) -> None:
        self._pending = pending
        self._waiting = waiting
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._delay_seconds = delay_seconds

    def __call__(self, batch: Sequence[Recorded]) -> Mapping[str, TransientError]:
        failed: dict[str, TransientError] = {}
        over = [recorded.record.email_id for recorded in batch if _is_over(recorded)]
        for recorded in batch:
            try:
                if _is_worth_a_retry(recorded) and self._schedule(recorded.record):
                    over.append(recorded.record.email_id)
            except TransientError as err:
                failed[recorded.record.email_id] = err
        try:
            if over:
                self._pending.forget(over)
        except TransientError as err:
            failed |= dict.fromkeys(over, err)
        return failed

    def _schedule(self, record: TrackingRecord) -> bool:
        """Queues the next attempt; False where nothing of this one was kept, or it has been queued already."""
        kept = self._pending.get(record.email_id)
        if kept is None or kept.attempt != record.attempt:
            return False
        self._waiting.put(unpack_request(kept, self._clock.now() + self._delay_seconds), self._delay_seconds)
        self._metrics.count("EmailRetryScheduled")
        self._log.info(
            "email.retry_scheduled",
            email_id=record.email_id,
            attempt=record.attempt + 1,
            delay_seconds=self._delay_seconds,
        )
        return True


def _is_worth_a_retry(recorded: Recorded) -> bool:
    """True for a soft bounce of the present attempt, unless it was the one that suppressed the address."""
    record = recorded.record
    return (
        record.status is Status.SOFT_BOUNCED
        and not recorded.suppressed
        and any(said.outcome.retried and said.outcome.entry.attempt == record.attempt for said in recorded.due())
    )


def _is_over(recorded: Recorded) -> bool:
    """True where the news ended it: by a status that it had not got near before, or by suppressing the address."""
    ended = any(moved.entry.status in _OVER and moved.previous not in _OVER for moved in recorded.due_transitions())
    return ended or bool(recorded.suppressed)
