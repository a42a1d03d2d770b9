"""Messages that are not sent now: put on their lane's retry queue with a delay, or left to SQS's redelivery."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

import msgspec

from sesmail_layer.domain.errors import (
    BreakerOpen,
    HoldError,
    Paused,
    PausedBySes,
    PermanentError,
    TransientError,
    outcome_unknown,
)
from sesmail_layer.domain.queue_message import QueueMessage, wrapped
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import Hop, asks_for_bulk, with_hop
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.ports import Clock, DelayQueue, Log, Metrics
from sesmail_layer.usecases.sender.claim import Claims
from sesmail_layer.usecases.sender.job import Email, Job, RejectedRequest

_SHORTEST_HOLD_SECONDS = 86_400.0
"""How long waits may last that neither an operator nor a cap asked for, where `max_hold_hours` is less."""
_PAUSES = (Paused, BreakerOpen, PausedBySes)
_PAUSE_HOP_SECONDS = 60.0
_LONGEST_BULK_HOP_SECONDS = 900.0


class Requeue:
    """One batch's waits, put onto the retry queues at its end; `failed` are the messages that SQS redelivers."""

    def __init__(
        self,
        retry_queues: Mapping[bool, DelayQueue],
        claims: Claims,
        clock: Clock,
        metrics: Metrics,
        log: Log,
        max_hold_seconds: float,
    ) -> None:
        """`retry_queues` by lane: under True the one for bulk mail."""
        self._retry_queues = retry_queues
        self._claims = claims
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._max_hold_seconds = max_hold_seconds
        self._waits: list[tuple[Job, Hop, float]] = []
        self.failed: set[str] = set()

    def hold(self, job: Job, hold: HoldError) -> None:
        """Let a message wait: the record is written once, the hop carries that on, and the last hop has an end."""
        now = self._clock.now()
        if hold.message:
            self._log.warning("email.held_by_ses", message=hold.message, code=hold.code, **job.keys)
        if isinstance(hold, Paused | BreakerOpen):
            self._metrics.level("SendingPaused", 1)
        hop = _after_hold(job.hop, hold, now)
        if hold.gives_up_as:
            hop = msgspec.structs.replace(hop, give_up_at=self._give_up_at(job, hop, now))
            if now >= self._deadline(hop, published=hold.published):
                raise _given_up(hold, hop.attempt)
        held_until = self._end_of_hold(job, hold, hop)
        # The last look is at the end itself, and not after it.
        delay = min(_delay_of_hop(hold, hop, bulk=_is_bulk(job)), max(1.0, held_until - now))
        hop = msgspec.structs.replace(hop, pause_hops=min(hop.pause_hops + 1, 4) if isinstance(hold, _PAUSES) else 0)
        if hold.published and (hop.noted != hold.reason or _is_first(job.claim)):
            # The field that marks a hold of the breaker among the others, as its failures and pauses do.
            about = {"error_type": hold.gives_up_as} if isinstance(hold, BreakerOpen) else {}
            if not self._claims.record_deferred(job, hold.reason, self._ends(job, hold, hop, held_until), **about):
                return
            hop = msgspec.structs.replace(hop, noted=hold.reason)
        elif job.claim is not None:
            self._claims.release(job)
        self.wait(job, hop, delay)

    def retry(self, job: Job, err: TransientError, event: str, *, failing: bool) -> None:
        """Try again in 2 to 45 s, longer each time, for as long as an email may wait.

        Raises PermanentError where that has passed; SQS redelivers what `failing` says cannot end so.
        """
        now = self._clock.now()
        hop = job.hop
        hop = msgspec.structs.replace(
            hop,
            tries=hop.tries + 1,
            refused=hop.refused + (err.max_tries is not None),
            # What it was held for meanwhile is no part of the failure.
            failing_since=(hop.failing_since or now) + (now - hop.held_since if hop.held_since else 0),
            held_since=0,
            give_up_at=self._give_up_at(job, hop, now),
        )
        too_often = err.max_tries is not None and hop.refused > err.max_tries
        deadline = self._deadline(hop, published=False)
        if too_often or now >= deadline:
            if failing or job.claim is not None:  # SES may have what is claimed.
                self.report_failure(job.message, event, err.message, code=err.code, **job.keys)
                return
            if too_often:
                raise PermanentError("ses_rejected", err.message, code=err.code)
            raise PermanentError("expired", f"Email not sent: tried too long ({err.message})", code="EXP003")
        delay = _delay_of_try(hop.tries)
        self._metrics.count("RecordFailed")
        self._metrics.highest("TransientErrorAge", now - hop.failing_since)
        about = {"tries": hop.tries, "retry_in": round(delay), "gives_up_at": utc_text(deadline)}
        self._log.error(event, message=err.message, code=err.code, **about, **job.keys)
        self.wait(job, hop, delay)

    def retry_instead(self, job: Job, err: TransientError, event: str) -> None:
        """Requeue a recorded message for a retry, in place of any other wait."""
        self._waits = [one for one in self._waits if one[0] is not job]
        self.retry(job, err, event, failing=True)

    def wait(self, job: Job, hop: Hop, delay_seconds: float) -> None:
        self._waits.append((job, hop, delay_seconds))

    def report_failure(self, message: QueueMessage, event: str, why: str, **keys: object) -> None:
        """Report a message to SQS as failed, so that SQS redelivers it."""
        self.failed.add(message.message_id)
        self._metrics.count("RecordFailed")
        self._log.error(event, message=why, sqs_message_id=message.message_id, **keys)

    def put_all(self) -> None:
        """Put what waits onto the retry queues, after its status event is published: waiting costs no receive."""
        waits, self._waits = self._waits, []
        for bulk, queue in self._retry_queues.items():
            lane = [one for one in waits if _is_bulk(one[0]) is bulk and one[0].message.message_id not in self.failed]
            errors = queue.put_all([(_next_message(job, hop), delay) for job, hop, delay in lane]) if lane else {}
            for index, err in errors.items():
                job = lane[index][0]
                self.report_failure(job.message, "email.requeue_failed", err.message, code=err.code, **job.keys)

    def _end_of_hold(self, job: Job, hold: HoldError, hop: Hop) -> float:
        """Return when the email fails if what holds it lasts; of a scheduled one, its `sendAt`.

        Infinite for waits that are too short to be published.
        """
        if not hold.published:
            return math.inf
        if not hold.gives_up_as:
            return _sooner(max(job.send_at, hop.not_before), job)
        return _sooner(self._deadline(hop, published=True), job)

    def _ends(self, job: Job, hold: HoldError, hop: Hop, held_until: float) -> Mapping[str, str]:
        """Return the latest time at which the email is sent or failed, and the end of the hold where that is sooner.

        What follows a hold, the send rate or an error, may last longer than `max_hold_hours`.
        """
        until = _sooner(self._deadline(hop, published=False), job) if hold.gives_up_as else held_until
        held = {"heldUntil": utc_text(held_until)} if held_until < until else {}
        return {"until": utc_text(until), **held}

    def _give_up_at(self, job: Job, hop: Hop, now: float) -> float:
        """Return when holding ends; what happens before the time that was asked for uses up none of it."""
        return hop.give_up_at or max(now, job.send_at, hop.not_before) + self._max_hold_seconds

    def _deadline(self, hop: Hop, *, published: bool) -> float:
        return hop.give_up_at + (0 if published else max(0.0, _SHORTEST_HOLD_SECONDS - self._max_hold_seconds))


def _sooner(end: float, job: Job) -> float:
    """Return the end of a wait, or the request's `expiresAt` if that is sooner."""
    expires_at = job.request.expires_at if isinstance(job, Email) else None
    return min(end, utc_seconds(expires_at)) if expires_at else end


def _is_first(claim: TrackingRecord | None) -> bool:
    """Return True for an attempt's first claim: it is kept, and says `sending` unless a wait is recorded after it."""
    return (
        claim is not None and sum(e.status is Status.SENDING for e in claim.history if e.attempt == claim.attempt) == 1
    )


def _is_bulk(job: Job) -> bool:
    return (isinstance(job, Email) and job.bulk) or asks_for_bulk(job.envelope)


def _next_message(job: Job, hop: Hop) -> str:
    # What could not be read may hold what cannot be written again: it goes on as it came.
    if isinstance(job, RejectedRequest) and not job.readable:
        return wrapped(job.message.body, hop)
    return with_hop(job.envelope, hop)


def _after_hold(hop: Hop, hold: HoldError, now: float) -> Hop:
    """Return a hop with what its next error needs to know of those before it.

    A published hold ends them: the email waits for something else. A wait of seconds, for the rate or a claim, comes
    between two tries and proves nothing; that it may last hours, where bulk mail is paced, must not look like an error.
    """
    if hold.published:
        return msgspec.structs.replace(hop, tries=0, refused=0, failing_since=0, held_since=0)
    return msgspec.structs.replace(hop, held_since=hop.held_since or now) if hop.failing_since else hop


def _delay_of_hop(hold: HoldError, hop: Hop, *, bulk: bool) -> float:
    """During a pause, bulk mail takes few hops and other mail short ones: SQS cannot shorten a delay at the resume."""
    if not isinstance(hold, _PAUSES):
        return hold.delay_seconds
    if bulk:
        return min(_LONGEST_BULK_HOP_SECONDS, _PAUSE_HOP_SECONDS * 2.0**hop.pause_hops)
    return min(_PAUSE_HOP_SECONDS, hold.delay_seconds)


def _delay_of_try(tries: int) -> float:
    """Return 2 to 45 s, longer with each try, and random, so that retries spread out when an outage ends.

    A minute after its end all of them are done, with the call that failed last, and the wait for a function.
    """
    return max(2.0, min(60.0, 2.0**tries) * random.uniform(0.5, 0.75))


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


def last_first_on_every_other_receive(jobs: list[Email | RejectedRequest]) -> list[Email | RejectedRequest]:
    """Order what is sent one by one: whatever stands after the message that ends the invocation is before it next time.

    Messages that failed together are all suspicious, and the guilty one is not known.
    """
    receives = max((job.message.receive_count for job in jobs), default=0)
    return sorted(jobs, key=lambda job: job.message.message_id, reverse=receives % 2 == 0)
