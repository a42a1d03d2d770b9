"""Sends a batch of requested emails: guards → render → pace → claim → send → record → tell.

Every message of the batch ends in one of four ways: its email's record says what became of it, it waits on the retry
queue, SQS is to bring it again, or (no request at all) SQS brings it to the dead-letter queue.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeVar

import msgspec

from sesmail_layer.domain.addresses import address_key
from sesmail_layer.domain.envelopes import EnvelopeError, Hop, with_hop
from sesmail_layer.domain.errors import HoldError, OutcomeUnknownError, PermanentError, TransientError
from sesmail_layer.domain.message import compose, resolve_identity
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.suppression import SuppressionReason
from sesmail_layer.domain.tags import encode_tags
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.claiming import Claims
from sesmail_layer.usecases.job import Job, open_job
from sesmail_layer.usecases.ledger import Ledger
from sesmail_layer.usecases.pacing import Pacer
from sesmail_layer.usecases.ports import (
    AttachmentObjects,
    Clock,
    FeedbackBacklog,
    Log,
    Mailer,
    Metrics,
    QuotaSource,
    StatusBus,
    SuppressionTable,
    Templates,
    TrackingTable,
    WaitingQueue,
)
from sesmail_layer.usecases.producer_guard import ProducerGuard

T = TypeVar("T")

RENDER_SECONDS = 2.0
_RESERVE_SECONDS = 10.0
"""Left of the invocation for sending and recording when a message's turn comes."""
_LEASE_EXTRA_SECONDS = 5.0
_BUSY_SECONDS = 15.0
_QUOTA_SECONDS = 300.0

_SUPPRESSION_CODES = {
    SuppressionReason.HARD_BOUNCE: "SUPP001",
    SuppressionReason.CONSECUTIVE_SOFT_BOUNCES: "SUPP002",
    SuppressionReason.SPAM_COMPLAINT: "SUPP003",
    SuppressionReason.UNSUBSCRIBE: "SUPP004",
    SuppressionReason.MANUAL: "SUPP005",
    SuppressionReason.SES_SUPPRESSED: "SUPP006",
}


class SendingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided."""

    default_sender_email: str
    default_sender_name: str
    retention_days: int = 90
    refuse_unknown_fields: bool = False
    max_message_bytes: int = 10 * 1024 * 1024
    max_schedule_days: int = 30
    max_hold_seconds: float = 86_400
    daily_quota_reserve: float = 0.1
    """The share of SES's 24-hour quota that is kept for transactional mail."""
    claim_settle_seconds: float = 300
    resend_unknown: bool = True


class SendingPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender needs from outside."""

    tracking: TrackingTable
    suppression: SuppressionTable
    templates: Templates
    attachments: AttachmentObjects
    mailer: Mailer
    bus: StatusBus
    waiting: WaitingQueue
    backlog: FeedbackBacklog
    quota: QuotaSource
    pacer: Pacer
    guard: ProducerGuard
    bulk_lane: WaitingQueue
    """Where what a policy makes bulk goes."""
    clock: Clock
    metrics: Metrics
    log: Log
    time_limit: Callable[[float], AbstractContextManager[None]]
    """Ends a block with a PermanentError when it runs for longer than the given seconds."""
    run_all: Callable[[Sequence[Callable[[], object]]], None]
    """Runs independent steps, side by side where it can; none of them raises."""


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
        self.deadline = deadline
        self.failed: set[str] = set()
        self.sent: list[Job] = []
        self.waits: list[tuple[Job, Hop, float]] = []
        self.ledger = Ledger(ports.tracking, ports.clock, rules.retention_days)
        self.claims = Claims(ports, rules, self.ledger)

    def run(self, messages: Sequence[QueueMessage]) -> Collection[str]:
        jobs = self._opened(messages)
        good = [job for job in jobs if job.refusal is None]
        if self._look_up_producers(good):
            self._check_suppression(good)
        ready = [job for job in jobs if job.message.message_id not in self.failed and not self._changes_lane(job)]
        rendered = [(job, raw) for job in ready if (raw := self._attempt(job, partial(self._prepare, job)))]
        self.ports.run_all(self._deliveries(self._within_caps(rendered)))
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

    def _within_caps(self, rendered: Sequence[tuple[Job, bytes]]) -> list[tuple[Job, bytes]]:
        """Lets those wait that their producer's caps have no room for."""
        try:
            holds = self.ports.guard.over_caps([job for job, _ in rendered])
        except TransientError as err:
            for job, _ in rendered:
                self._bring_again(job.message, "control.unreadable", err.message, code=err.code)
            return []
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
            self.ports.guard.count_sent(self.sent)
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

    def _prepare(self, job: Job) -> bytes:
        """Everything that can fail without SES: refusals, times, template, message."""
        if job.refusal is not None or job.request is None:
            raise job.refusal or PermanentError("validation_error", "Validation error: no request", code="VAL005")
        request = job.request
        now = self.ports.clock.now()
        self.ports.guard.check_request(job)
        if request.expires_at and now >= utc_seconds(request.expires_at):
            raise PermanentError("expired", f"Email not sent: expired at {request.expires_at}", code="EXP001")
        if request.send_at and now < utc_seconds(request.send_at):
            raise HoldError("scheduled", delay_seconds=utc_seconds(request.send_at) - now)
        self._check_daily_quota(job)
        template = self.ports.templates.load(request.template_name, request.locale)
        data = {"year": int(utc_text(now)[:4]), **request.template_data}
        with self.ports.time_limit(RENDER_SECONDS):
            rendered = template.render(data, request.subject)
        job.subject = rendered.subject
        identity = resolve_identity(request, rendered, self.rules.default_sender_email, self.rules.default_sender_name)
        job.sender = identity.email
        job.policy.check_sender(job.envelope.source, identity.email)
        raw = compose(
            request,
            rendered,
            identity,
            email_id=job.email_id,
            attempt=job.hop.attempt,
            now=now,
            cc=job.copies("cc"),
            files=job.files(self.ports.attachments, self.rules.max_message_bytes),
        )
        if len(raw) > self.rules.max_message_bytes:
            kind = "attachment_error" if request.attachments else "validation_error"
            raise PermanentError(
                kind,
                f"Validation error: attachments: the message is {len(raw)} bytes, at most "
                f"{self.rules.max_message_bytes} are allowed",
                code="VAL007",
            )
        return raw

    def _check_daily_quota(self, job: Job) -> None:
        quota = self.ports.quota.quota()
        if quota is None:
            return
        if quota.share_left <= (self.rules.daily_quota_reserve if job.bulk else 0.0):
            raise HoldError("daily_quota", delay_seconds=_QUOTA_SECONDS)

    def _deliveries(self, rendered: Sequence[tuple[Job, bytes]]) -> list[Callable[[], object]]:
        """Gives each message the time from which it may go; what has no time any more goes back to the queue."""
        if not rendered:
            return []
        rate = self.ports.pacer.rate(self.ports.quota.quota())
        until = self.deadline - _RESERVE_SECONDS
        normal = [(job, raw) for job, raw in rendered if not job.bulk]
        times = self.ports.pacer.reserve([len(job.recipients) for job, _ in normal], rate, until)
        steps: list[Callable[[], object]] = []
        for index, (job, raw) in enumerate(normal):
            at = times[index] if index < len(times) else None
            steps.append(partial(self._attempt, job, partial(self._deliver, job, raw, at)))
        for job, raw in rendered:
            if job.bulk:
                steps.append(partial(self._attempt, job, partial(self._deliver_bulk, job, raw, rate)))
        return steps

    def _deliver_bulk(self, job: Job, raw: bytes, rate: float) -> None:
        until = self.deadline - _RESERVE_SECONDS
        granted = self.ports.pacer.wait_for_bulk(len(job.recipients), rate, until)
        self._deliver(job, raw, self.ports.clock.now() if granted else None)

    def _deliver(self, job: Job, raw: bytes, at: float | None) -> None:
        """Claim, send, record. From the claim on, a crash leaves a record that says so."""
        clock = self.ports.clock
        if at is None:
            raise HoldError("rate", delay_seconds=random.uniform(1, 10), deferred=False)
        clock.sleep(at - clock.now())
        claim = self.claims.take(job, lease_until=self.deadline + _LEASE_EXTRA_SECONDS)
        if claim is None:
            return
        job.claim = claim
        tags = encode_tags(job.email_id, claim.attempt, claim.template_name or "", job.envelope.source)
        try:
            ses_message_id = self.ports.mailer.send(raw, sender=job.sender, recipients=job.recipients, tags=tags)
        except TransientError:
            self.claims.release(job)  # Surely not sent: whoever gets the message next may send at once.
            raise
        self.sent.append(job)
        self.claims.sent(job, claim, ses_message_id)

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
        now = self.ports.clock.now()
        hop = job.hop
        give_up_at = hop.give_up_at or now + self.rules.max_hold_seconds
        if hold.reason != "scheduled":
            if now >= give_up_at:
                raise _given_up(hold)
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


def _given_up(hold: HoldError) -> PermanentError:
    if hold.gives_up_as == "bounce_rate_exceeded":
        return PermanentError(hold.gives_up_as, "Email not sent: bounce rate exceeded", code="RATE001")
    return PermanentError(hold.gives_up_as, f"Email not sent: held too long ({hold.reason})", code="EXP002")


def _keys(job: Job) -> dict[str, object]:
    return {"email_id": job.email_id, "source": job.envelope.source}
