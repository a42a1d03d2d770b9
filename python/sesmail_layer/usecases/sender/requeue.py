"""What becomes of messages that are not sent now: held on the retry queue for a time, or left to SQS."""

from __future__ import annotations

import msgspec

from sesmail_layer.domain.errors import BreakerOpen, HoldError, Paused, PermanentError, TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.request.envelopes import Hop, with_hop
from sesmail_layer.usecases.ports import Clock, DelayQueue, Log, Metrics
from sesmail_layer.usecases.sender.claim import Claims, outcome_unknown
from sesmail_layer.usecases.sender.job import Email, Job, RejectedRequest

_SHORTEST_HOLD_SECONDS = 86_400.0
"""How long waits may last that neither an operator nor a cap asked for, where `max_hold_hours` is less."""

_RETRY_SECONDS = 15.0


class Requeue:
    """One batch's waits, put onto the retry queue at its end; `failed` are the messages that SQS redelivers."""

    def __init__(
        self, retry_queue: DelayQueue, claims: Claims, clock: Clock, metrics: Metrics, log: Log, max_hold_seconds: float
    ) -> None:
        self._retry_queue = retry_queue
        self._claims = claims
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._max_hold_seconds = max_hold_seconds
        self._waits: list[tuple[Job, Hop, float]] = []
        self.failed: set[str] = set()

    def hold(self, job: Job, hold: HoldError) -> None:
        """Let a message wait: the record is written once, the hop carries that on, and the last hop has an end."""
        if isinstance(job, RejectedRequest) and not job.readable:
            # What could not be read cannot be written again either, as a hop needs: SQS redelivers it as it came.
            self.report_failure(job.message, "email.requeue_failed", hold.reason, **job.keys)
            return
        now, max_hold = self._clock.now(), self._max_hold_seconds
        if hold.message:
            self._log.warning("email.held_by_ses", message=hold.message, code=hold.code, **job.keys)
        if isinstance(hold, Paused | BreakerOpen):
            self._metrics.level("SendingPaused", 1)
        hop = job.hop
        if hold.gives_up_as:
            give_up_at = hop.give_up_at or now + max_hold
            if now >= give_up_at + (0 if hold.published else max(0.0, _SHORTEST_HOLD_SECONDS - max_hold)):
                raise _given_up(hold, hop.attempt)
            hop = msgspec.structs.replace(hop, give_up_at=give_up_at)
        if hold.published and hop.noted != hold.reason:
            if not self._claims.record_deferred(job, hold.reason, until=now + hold.delay_seconds):
                return
            hop = msgspec.structs.replace(hop, noted=hold.reason)
        elif job.claim is not None:
            self._claims.release(job)
        self.wait(job, hop, hold.delay_seconds)

    def wait(self, job: Job, hop: Hop, delay_seconds: float) -> None:
        self._waits.append((job, hop, delay_seconds))

    def retry(self, job: Job, event: str, why: str, **keys: object) -> None:
        """Try again what failed. SQS redelivers a message as it came; one that its producer's caps have counted since
        is requeued instead, with that in its hop, so that they do not count it again."""
        self.report_failure(job.message, event, why, **keys)
        before = job.envelope.hop
        counted = (job.hop.counted, job.hop.contacts_counted) != (before.counted, before.contacts_counted)
        if isinstance(job, Email) and job.policy.is_capped and counted:
            self.failed.discard(job.message.message_id)
            self.wait(job, job.hop, _RETRY_SECONDS)

    def report_failure(self, message: QueueMessage, event: str, why: str, **keys: object) -> None:
        """Report a message to SQS as failed, so that SQS redelivers it."""
        self.failed.add(message.message_id)
        self._metrics.count("RecordFailed")
        self._log.error(event, message=why, sqs_message_id=message.message_id, **keys)

    def put_all(self) -> None:
        """Put what waits onto the retry queue, after its status event is published: waiting costs no receive."""
        waits, self._waits = self._waits, []
        for job, hop, delay_seconds in waits:
            if job.message.message_id in self.failed:
                continue
            try:
                self._retry_queue.put(with_hop(job.envelope, hop), delay_seconds)
            except TransientError as err:
                self.report_failure(job.message, "email.requeue_failed", err.message, code=err.code, **job.keys)


def _given_up(hold: HoldError, attempt: int) -> PermanentError:
    match hold.gives_up_as:
        case "bounce_rate_exceeded":
            rate = hold.bounce_rate if isinstance(hold, BreakerOpen) else 0.0
            text = f"Bounce rate exceeded during retry: {rate:.1%}"
            if attempt > 1:
                return PermanentError(hold.gives_up_as, text, code="RATE002")
            return PermanentError(hold.gives_up_as, "Email not sent: bounce rate exceeded", code="RATE001")
        case "outcome_unknown":
            return outcome_unknown()
        case _:
            message = f"Email not sent: held too long ({hold.reason})"
            return PermanentError(hold.gives_up_as, message, code="EXP002")
