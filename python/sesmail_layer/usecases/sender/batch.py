"""Sends a batch of requested emails: guards → render → pace → claim → send → record → tell.

Every message of the batch ends in one of four ways: its email's record says what became of it, it waits on the retry
queue, SQS is to bring it again, or (no request at all) SQS brings it to the dead-letter queue.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from sesmail_layer.domain.errors import HoldError, OutcomeUnknownError, PermanentError, TransientError
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.request.addresses import address_key
from sesmail_layer.domain.request.envelopes import EnvelopeError, Hop, with_hop
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.sender.claim import Claims, outcome_unknown
from sesmail_layer.usecases.sender.deliver import Delivery
from sesmail_layer.usecases.sender.job import Job, open_job
from sesmail_layer.usecases.sender.ledger import Ledger
from sesmail_layer.usecases.sender.ports import SendingPorts, SendingRules
from sesmail_layer.usecases.sender.prepare import Preparation

T = TypeVar("T")

_RESERVE_SECONDS = 10.0
"""Left of the invocation for sending and recording when a message's turn comes, where it is long enough."""
_TURNS_SECONDS = 5.0
"""What turns are left of a short invocation, at most half of it."""
_BUSY_SECONDS = 15.0
_PAUSES = ("paused", "breaker")
_AGREED_TIMES = ("scheduled", "soft_bounce_retry")
"""Waits for a time that was agreed on: they do not count as held."""
_SHORTEST_HOLD_SECONDS = 86_400.0
"""How long waits may last that no operator and no cap asked for, where less is to be held."""

_SUPPRESSION_CODES = {
    SuppressionReason.HARD_BOUNCE: "SUPP001",
    SuppressionReason.CONSECUTIVE_SOFT_BOUNCES: "SUPP002",
    SuppressionReason.SPAM_COMPLAINT: "SUPP003",
    SuppressionReason.UNSUBSCRIBE: "SUPP004",
    SuppressionReason.MANUAL: "SUPP005",
    SuppressionReason.SES_SUPPRESSED: "SUPP006",
}


class SendEmails:
    """The use case: a batch in, the ids of the messages that SQS should bring again out."""

    def __init__(self, ports: SendingPorts, rules: SendingRules) -> None:
        self._ports = ports
        self._rules = rules

    def __call__(self, messages: Sequence[QueueMessage], deadline: float) -> Collection[str]:
        """Handles a batch. `deadline` is the Unix time at which the invocation is cut off."""
        return _Batch(self._ports, self._rules, deadline).run(messages)


class _Batch:
    """One invocation's work; nothing in it outlives the batch."""

    def __init__(self, ports: SendingPorts, rules: SendingRules, deadline: float) -> None:
        self.ports = ports
        self.rules = rules
        self.failed: set[str] = set()
        self.waits: list[tuple[Job, Hop, float]] = []
        self.ledger = Ledger(ports.tracking, ports.clock, rules.retention_days)
        self.claims = Claims(ports, rules, self.ledger)
        now = ports.clock.now()
        turns_until = max(deadline - _RESERVE_SECONDS, now + min(_TURNS_SECONDS, (deadline - now) / 2))
        self._prepare = Preparation(ports, rules, turns_until - now)
        self._delivery = Delivery(ports, self.claims, deadline, turns_until)

    def run(self, messages: Sequence[QueueMessage]) -> Collection[str]:
        jobs = self._opened(messages)
        good = [job for job in jobs if job.refusal is None]
        if self._look_up_producers(good):
            self._check_suppression(good)
        ready = [job for job in jobs if job.message.message_id not in self.failed and not self._changes_lane(job)]
        rendered = [(job, raw) for job in ready if (raw := self._attempt(job, partial(self._prepare, job)))]
        self.ports.run_all([partial(self._attempt, job, step) for job, step in self._steps(rendered)])
        self._count()
        self._tell()
        self._put_aside()
        return self.failed

    def _opened(self, messages: Iterable[QueueMessage]) -> list[Job]:
        jobs = []
        for message in messages:
            try:
                jobs.append(
                    open_job(
                        message,
                        now=self.ports.clock.now(),
                        max_schedule_days=self.rules.max_schedule_days,
                        refuse_unknown=self.rules.refuse_unknown_fields,
                    )
                )
            except EnvelopeError as err:
                self._bring_again(message, "request.unreadable", f"Not an EventBridge event: {type(err).__name__}")
        return jobs

    def _look_up_producers(self, jobs: Sequence[Job]) -> bool:
        """One read for the whole batch; it fails closed, as the suppression list does."""
        try:
            self.ports.guard.look_up({job.envelope.source for job in jobs})
        except TransientError as err:
            for job in jobs:
                self._bring_again(job.message, "control.unreadable", err.message, code=err.code)
            return False
        for job in jobs:
            job.policy = self.ports.guard.policy(job.envelope.source)
        return True

    def _changes_lane(self, job: Job) -> bool:
        """Forwards what only a policy makes bulk to the bulk queue, where it delays nobody."""
        if not job.made_bulk or job.hop.lane == "bulk":
            return False
        hop = msgspec.structs.replace(job.hop, lane="bulk")
        try:
            self.ports.bulk_lane.put(with_hop(job.envelope, hop), 0)
        except TransientError as err:
            self._bring_again(job.message, "email.not_put_aside", err.message, code=err.code, **_keys(job))
        return True

    def _steps(self, rendered: Sequence[tuple[Job, bytes]]) -> list[tuple[Job, Callable[[], None]]]:
        try:
            return self._delivery.steps(self._within_caps(rendered))
        except TransientError as err:
            for job, _ in rendered:
                self._bring_again(job.message, "control.unreadable", err.message, code=err.code)
            return []

    def _within_caps(self, rendered: Sequence[tuple[Job, bytes]]) -> list[tuple[Job, bytes]]:
        """Lets those wait that their producer's caps have no room for."""
        holds = self.ports.guard.over_caps([job for job, _ in rendered])
        within = []
        for job, raw in rendered:
            hold = holds.get(job.message.message_id)
            if hold is None:
                job.envelope = msgspec.structs.replace(job.envelope, hop=msgspec.structs.replace(job.hop, counted=True))
                within.append((job, raw))
            else:
                self._attempt(job, partial(self._hold, job, hold))
        return within

    def _count(self) -> None:
        """Adds to the breaker's counts; they may be off by a batch, mail may not be held up for them."""
        try:
            self.ports.guard.count_sent(self._delivery.sent)
        except TransientError as err:
            self.ports.log.warning("breaker.not_counted", message=err.message, code=err.code)

    def _check_suppression(self, jobs: Sequence[Job]) -> None:
        """One read for the whole batch. It fails closed: what cannot be looked up is not sent yet."""
        addresses = {address_key(address) for job in jobs for address in job.recipients}
        if not addresses:
            return
        try:
            entries = self.ports.suppression.get_many(addresses)
        except TransientError as err:
            for job in jobs:
                self._bring_again(job.message, "suppression.unreadable", err.message, code=err.code)
            return
        now_text = utc_text(self.ports.clock.now())
        for job in jobs:
            blocked = {
                address: entries[address]
                for address in map(address_key, job.recipients)
                if address in entries and entries[address].blocks(bulk=job.bulk, now_text=now_text)
            }
            to = address_key(job.recipients[0])
            if to in blocked:
                reason = blocked[to].reason
                job.refusal = PermanentError(
                    "suppressed",
                    f"Email not sent: recipient is suppressed ({reason})",
                    code=_SUPPRESSION_CODES[reason],
                )
            job.dropped = blocked

    def _attempt(self, job: Job, step: Callable[[], T]) -> T | None:
        """Runs a step of one job; whatever it raises concerns that job alone (domain/errors.py)."""
        try:
            return step()
        except PermanentError as err:
            self._attempt(job, partial(self.claims.failed, job, err))
        except HoldError as err:
            self._attempt(job, partial(self._hold, job, err))
        except OutcomeUnknownError as err:
            self.ports.log.warning("email.outcome_unknown", message=str(err), **_keys(job))
            self.ports.metrics.count("EmailOutcomeUnknown")
            self._wait(job, job.hop, _BUSY_SECONDS)
        except TransientError as err:
            self._bring_again(job.message, "email.not_sent_yet", err.message, code=err.code, **_keys(job))
        except Exception as err:
            # A bug. The claim, if there is one, stays: SES may have the message.
            self._bring_again(job.message, "email.failed_unexpectedly", type(err).__name__, exc_info=err, **_keys(job))
        return None

    def _hold(self, job: Job, hold: HoldError) -> None:
        """Lets a message wait: the record tells it once, the hop carries that on, and the last hop has an end."""
        if job.request is None:
            # What could not be read could not be written anew either, as a hop does: SQS brings it as it came.
            self._bring_again(job.message, "email.not_put_aside", hold.reason, **_keys(job))
            return
        now = self.ports.clock.now()
        if hold.message:
            self.ports.log.warning("email.held_by_ses", message=hold.message, code=hold.code, **_keys(job))
        hop = job.hop
        give_up_at = hop.give_up_at or now + self.rules.max_hold_seconds
        if hold.reason in _PAUSES:
            self.ports.metrics.level("SendingPaused", 1)
        if hold.gives_up_as and hold.reason not in _AGREED_TIMES:
            more = 0 if hold.deferred else max(0.0, _SHORTEST_HOLD_SECONDS - self.rules.max_hold_seconds)
            if now >= give_up_at + more:
                raise _given_up(hold, job.hop.attempt)
            hop = msgspec.structs.replace(hop, give_up_at=give_up_at)
        if hold.deferred and hop.noted != hold.reason:
            if not self.claims.deferred(job, hold.reason, until=now + hold.delay_seconds):
                return
            hop = msgspec.structs.replace(hop, noted=hold.reason)
        elif job.claim is not None:
            self.claims.release(job)
        self._wait(job, hop, hold.delay_seconds)

    def _wait(self, job: Job, hop: Hop, delay_seconds: float) -> None:
        self.waits.append((job, hop, delay_seconds))

    def _tell(self) -> None:
        """Publishes the batch's status events; a message whose event EventBridge refuses comes again for it."""
        for event_id in self.ports.bus.publish(self.ledger.events):
            for message_id in self.ledger.owed_by[event_id]:
                self.failed.add(message_id)
                self.ports.metrics.count("RecordFailed")

    def _put_aside(self) -> None:
        """Puts what waits onto the retry queue, after its status event is out: waiting costs no receive."""
        for job, hop, delay_seconds in self.waits:
            if job.message.message_id in self.failed:
                continue
            try:
                self.ports.waiting.put(with_hop(job.envelope, hop), delay_seconds)
            except TransientError as err:
                self._bring_again(job.message, "email.not_put_aside", err.message, code=err.code, **_keys(job))

    def _bring_again(self, message: QueueMessage, event: str, why: str, **keys: object) -> None:
        self.failed.add(message.message_id)
        self.ports.metrics.count("RecordFailed")
        self.ports.log.error(event, message=why, sqs_message_id=message.message_id, **keys)


def _given_up(hold: HoldError, attempt: int) -> PermanentError:
    if hold.gives_up_as == "bounce_rate_exceeded":
        if attempt > 1:
            text = f"Bounce rate exceeded during retry: {hold.rate:.1%}"
            return PermanentError(hold.gives_up_as, text, code="RATE002")
        return PermanentError(hold.gives_up_as, "Email not sent: bounce rate exceeded", code="RATE001")
    if hold.gives_up_as == "outcome_unknown":
        return outcome_unknown()
    return PermanentError(hold.gives_up_as, f"Email not sent: held too long ({hold.reason})", code="EXP002")


def _keys(job: Job) -> dict[str, object]:
    return {"email_id": job.email_id, "source": job.envelope.source}
