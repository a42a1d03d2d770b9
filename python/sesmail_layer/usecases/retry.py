"""A soft bounce's one retry: the sender keeps the request, the feedback processor schedules or deletes it.

    sender                   pending table        feedback processor
    -----------------------------------------------------------------------------------------
    keep the new ones of
    a batch, in one call ──► requests
    claim
    keep, if it is not ────► request
    send
                             request              soft bounce worth a retry → retry queue, then delete
                                                  delivered, bounced, complained, failed → delete
    failed: delete

The request is kept before SES gets the email, so that no event can come before it. What a crash leaves expires after a
day, and no request is sent because it is kept: only a soft bounce takes it from there, and its retry needs a claim.

Before the claim only the request of an email without a record or an earlier try is kept: a repetition, or another
request under the same id, must not replace what the claimed one has kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import (
    EnvelopeError,
    asks_for_bulk,
    pack_request,
    unpack_request,
    with_hop,
)
from sesmail_layer.usecases.ports import Clock, DelayQueue, Log, Metrics, PendingTable, RunAll

if TYPE_CHECKING:
    # Each function starts without the other's modules.
    from sesmail_layer.usecases.feedback.record_email import FeedbackResult
    from sesmail_layer.usecases.sender.job import Email

_FINAL = frozenset({Status.FAILED, Status.DELIVERED, Status.OPENED, Status.CLICKED, Status.BOUNCED, Status.COMPLAINED})
"""After these nothing is retried."""


def has_copies(record: TrackingRecord) -> bool:
    """Return True for an email whose request is never kept: a retry would send some of its recipients it twice."""
    return bool(record.recipients)


class KeptRequests:
    """The sender's half."""

    def __init__(self, pending: PendingTable, log: Log, *, retries: int) -> None:
        self._pending = pending
        self._log = log
        self._retries = retries

    def keep_new(self, emails: Sequence[Email]) -> None:
        """Keep the requests of several new emails by one call; where it fails, each is kept after its claim.

        An id that is twice among them belongs to the one that is claimed.
        """
        ids = Counter(email.email_id for email in emails)
        new = [email for email in emails if email.is_new and ids[email.email_id] == 1]
        new = [email for email in new if self._retries > 0 and not email.sensitive and not email.recipient_states]
        packed = {email.email_id: pack_request(email.envelope, 1, email.hop) for email in new}
        requests = {email_id: request for email_id, request in packed.items() if request is not None}
        if len(requests) < 2:
            return
        with suppress(TransientError):
            self._pending.keep_all(requests)
            for email in new:
                email.kept_as = (email.email_id, 1) if email.email_id in requests else None

    def keep(self, email: Email, claim: TrackingRecord) -> None:
        """Keep a claimed request if it may be retried. The email is sent all the same where that fails."""
        # Attempts, not entries. An attempt that was repeated because its outcome was unknown is no soft bounce's retry.
        soft_bounced = {entry.attempt for entry in claim.history if entry.status is Status.SOFT_BOUNCED}
        if len(soft_bounced) >= self._retries or email.sensitive or has_copies(claim):
            return
        if email.kept_as == (claim.email_id, claim.attempt):
            return
        request = pack_request(email.envelope, claim.attempt, email.hop)
        if request is None:
            self._log.info("request.not_kept", message="Too large to be kept for a retry", email_id=email.email_id)
            return
        try:
            self._pending.keep(email.email_id, request)
        except TransientError as err:
            self._log.warning("request.not_kept", message=err.message, code=err.code, email_id=email.email_id)
            return
        email.kept_as = (email.email_id, claim.attempt)

    def forget(self, email: Email) -> None:
        """Delete what this try or an earlier one kept of an email that failed; otherwise it expires after a day."""
        if email.kept_as is None and (
            email.is_new or email.sensitive or email.recipient_states or self._retries < email.hop.attempt
        ):
            return  # No try has kept it.
        try:
            self._pending.forget([email.kept_as[0] if email.kept_as else email.email_id])
        except TransientError as err:
            self._log.warning("request.not_forgotten", message=err.message, code=err.code, email_id=email.email_id)


class SoftBounceRetry:
    """The feedback processor's half: a follow-up of what it recorded."""

    def __init__(
        self,
        pending: PendingTable,
        retry_queues: Mapping[bool, DelayQueue],
        clock: Clock,
        metrics: Metrics,
        log: Log,
        run_all: RunAll,
        *,
        delay_seconds: float,
    ) -> None:
        self._pending = pending
        self._retry_queues = retry_queues
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._run_all = run_all
        self._delay_seconds = delay_seconds

    def __call__(self, batch: Sequence[FeedbackResult], last_start: float) -> Mapping[str, TransientError]:
        """Act on a batch; return what failed, or was not begun at `last_start` (Unix seconds), by email id."""
        failed: dict[str, TransientError] = {}
        done = [result.record.email_id for result in batch if _is_final(result) and not has_copies(result.record)]

        def schedule(record: TrackingRecord) -> None:
            try:
                if self._clock.now() > last_start:
                    raise TransientError("Failed to schedule retry: no time left in this batch", code="FBK005")
                if self._schedule(record):
                    done.append(record.email_id)
            except TransientError as err:
                failed[record.email_id] = err

        self._run_all([partial(schedule, result.record) for result in batch if _is_worth_a_retry(result)])
        try:
            if done:
                self._pending.forget(done)
        except TransientError as err:
            failed |= dict.fromkeys(done, err)
        return failed

    def _schedule(self, record: TrackingRecord) -> bool:
        """Queue the next attempt; False where this one's request was not kept, or is queued already."""
        kept = self._pending.get(record.email_id)
        if kept is None or kept.attempt != record.attempt:
            return False
        try:
            envelope = unpack_request(kept, self._clock.now() + self._delay_seconds)
        except EnvelopeError as err:
            self._log.error("request.unreadable", message=f"Kept request: {err}", email_id=record.email_id)
            return True
        queue = self._retry_queues[asks_for_bulk(envelope)]
        queue.put(with_hop(envelope, envelope.hop), self._delay_seconds)
        self._metrics.count("EmailRetryScheduled")
        self._log.info(
            "email.retry_scheduled",
            email_id=record.email_id,
            attempt=record.attempt + 1,
            delay_seconds=self._delay_seconds,
        )
        return True


def _is_worth_a_retry(result: FeedbackResult) -> bool:
    """True for a soft bounce of the latest attempt, unless it suppressed the address."""
    record = result.record
    return (
        record.status is Status.SOFT_BOUNCED
        and not result.suppressed
        and any(
            each.outcome.retried and each.outcome.entry.attempt == record.attempt for each in result.outcomes_to_act_on
        )
    )


def _is_final(result: FeedbackResult) -> bool:
    """True where the batch moved the email to a final status for the first time, or suppressed the address."""
    return bool(result.suppressed) or any(
        moved.entry.status in _FINAL and moved.previous not in _FINAL for moved in result.transitions_to_act_on
    )
