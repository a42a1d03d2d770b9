"""Sends a batch of requested emails: receive → guards → prepare → pace → claim → send → record → publish.

Every message of the batch ends in one of four ways: its email's record says what became of it; it waits on the retry
queue; SQS redelivers it; or, where it is no request at all, it is moved to the dead-letter queue with the reason.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from functools import partial

import msgspec

from sesmail_layer.domain.errors import OutOfTime, TransientError
from sesmail_layer.domain.figures import Reached
from sesmail_layer.domain.plain_text import redacted
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.request.email_request import Priority
from sesmail_layer.domain.request.envelopes import EnvelopeError, with_hop
from sesmail_layer.domain.status_event import Outbox
from sesmail_layer.usecases.retry import KeptRequests
from sesmail_layer.usecases.sender.claim import Claims
from sesmail_layer.usecases.sender.deliver import DeliverStep, Delivery, Prepared, lease_offsets
from sesmail_layer.usecases.sender.error_policy import ErrorPolicy
from sesmail_layer.usecases.sender.guards import Guards
from sesmail_layer.usecases.sender.job import CancelRequest, Email, RejectedRequest, UnsubscribeRequest, receive
from sesmail_layer.usecases.sender.pacing import Pacer, QuotaReader
from sesmail_layer.usecases.sender.ports import SenderPorts, SendingRules
from sesmail_layer.usecases.sender.prepare import Preparation
from sesmail_layer.usecases.sender.producer_guard import ProducerGuard
from sesmail_layer.usecases.sender.requeue import Requeue, last_first_on_every_other_receive

_RESERVE_SECONDS = 10.0
"""Kept free at the end of an invocation for sending and recording the last message, where it is long enough."""
_SENDING_SECONDS = 5.0
"""Sending time kept free in a short invocation; never more than half of it."""


class SendEmails:
    """The use case: a batch in, the ids of the messages that SQS should redeliver out. Lives with the container."""

    def __init__(self, ports: SenderPorts, rules: SendingRules) -> None:
        self._ports = ports
        self._rules = rules
        self._quota = QuotaReader(ports.quota_cache, ports.quota_api, ports.clock, ports.metrics, ports.log)
        self._producers = ProducerGuard(
            ports.producer_states,
            ports.cap_counters,
            ports.sending_counts,
            ports.tracking,
            ports.clock,
            ports.tombstones_of,
            cooldown_seconds=rules.breaker_cooldown_seconds,
        )
        self._guards = Guards(
            ports.suppression,
            self._producers,
            self._quota,
            ports.clock,
            daily_quota_reserve=rules.daily_quota_reserve,
            delivery=rules.delivery,
        )
        self._pacer = Pacer(
            ports.rate_bucket,
            ports.clock,
            max_send_rate=rules.max_send_rate,
            utilisation=rules.rate_utilisation,
            bulk_share=rules.bulk_rate_share,
        )
        self._kept = KeptRequests(ports.pending, ports.log, retries=rules.soft_bounce_retries)
        self._lease_offsets = lease_offsets()
        self._reached: list[Reached] = []
        """What batches reached, until it is added to the figures; one that a bug ends leaves it to the next."""

    def __call__(self, messages: Sequence[QueueMessage], deadline: float) -> Collection[str]:
        """Handle a batch. `deadline` is the Unix time at which the invocation is cut off."""
        try:
            return self._batch(deadline).run(messages)
        except Exception as err:
            # A bug that one message brought out: alone, each message costs no other its fate. What was sent already
            # is found by its record, as after a crash.
            if len(messages) > 1:
                return {message_id for message in messages for message_id in self([message], deadline)}
            self._ports.metrics.count("RecordFailed", len(messages))
            ids = [message.message_id for message in messages]
            self._ports.log.error("request.failed", sqs_message_id=ids, exc_info=err)
            return ids

    def _batch(self, deadline: float) -> _Batch:
        ports, rules = self._ports, self._rules
        now = ports.clock.now()
        last_send = max(deadline - _RESERVE_SECONDS, now + min(_SENDING_SECONDS, (deadline - now) / 2))
        outbox = Outbox()
        claims = Claims(
            ports.tracking,
            outbox,
            self._reached,
            ports.progress,
            ports.clock,
            ports.metrics,
            ports.log,
            fingerprint=ports.fingerprint,
            tombstones_of=ports.tombstones_of,
            retention_days=rules.retention_days,
            settle_seconds=rules.claim_settle_seconds,
            resend_unknown=rules.resend_unknown,
        )
        prepare = Preparation(ports, rules, last_send - now)
        delivery = Delivery(
            self._pacer,
            self._quota,
            self._producers,
            claims,
            self._kept,
            ports.mailer,
            ports.clock,
            self._lease_offsets,
            deadline=deadline,
            last_send=last_send,
            bytes_in_flight=ports.bytes_in_flight,
        )
        parts = prepare, delivery, claims, self._kept, outbox, self._reached
        return _Batch(ports, rules, self._guards, self._producers, *parts)


class _Batch:
    """One invocation's work; nothing in it outlives the batch."""

    def __init__(
        self,
        ports: SenderPorts,
        rules: SendingRules,
        guards: Guards,
        producers: ProducerGuard,
        prepare: Preparation,
        delivery: Delivery,
        claims: Claims,
        kept: KeptRequests,
        outbox: Outbox,
        reached: list[Reached],
    ) -> None:
        self._ports = ports
        self._clock = ports.clock
        self._metrics = ports.metrics
        self._log = ports.log
        self._rules = rules
        self._guards = guards
        self._producers = producers
        self._prepare = prepare
        self._delivery = delivery
        self._claims = claims
        self._outbox = outbox
        self._reached = reached
        self._jobs: list[Email | RejectedRequest] = []
        self._cancel_requests: list[CancelRequest] = []
        self._unsubscribe_requests: list[UnsubscribeRequest] = []
        self._unreadable: list[tuple[QueueMessage, str]] = []
        self._requeue = Requeue(
            {False: ports.retry_queue, True: ports.bulk_retry_queue},
            claims,
            ports.clock,
            ports.metrics,
            ports.log,
            rules.max_hold_seconds,
        )
        self._policy = ErrorPolicy(self._requeue, claims, kept, ports.metrics, ports.log)

    def run(self, messages: Sequence[QueueMessage]) -> Collection[str]:
        self._jobs = self._receive(messages)
        if self._cancel_requests:
            from sesmail_layer.usecases.sender.cancel_requests import CancelRequests  # Seldom: not in every cold start.

            parts = self._producers, self._requeue, self._outbox, self._reached
            CancelRequests(self._ports, self._rules, *parts).run(self._cancel_requests)
        if self._unsubscribe_requests:
            from sesmail_layer.usecases.sender.unsubscribe_requests import UnsubscribeRequests

            UnsubscribeRequests(self._ports, self._rules, self._requeue).run(self._unsubscribe_requests)
        jobs = self._find_records(self._jobs)
        jobs = self._forwarded(jobs) if self._read_guards(jobs) else []
        suspicious = [job for job in jobs if job.is_suspicious]
        self._send([job for job in jobs if job not in suspicious])
        for job in last_first_on_every_other_receive(suspicious) if suspicious else ():
            self._send([job])
        self._finish()
        if self._unreadable:
            self._give_up_reading(self._unreadable)  # Last: a batch that a bug ends is handled again.
        return self._requeue.failed

    def _send(self, jobs: list[Email | RejectedRequest]) -> None:
        """Prepare, send, record and publish; nothing of these jobs waits for what follows."""
        if not jobs:
            return
        prepared: list[Prepared] = []
        for job in jobs:
            if one := self._policy.run(job, partial(self._check_and_prepare, job, prepared)):
                prepared.append(one)
        self._deliver(prepared)
        self._finish()

    def _finish(self) -> None:
        """Complete what was recorded so far; a message is acknowledged by then, or named for redelivery."""
        self._count()
        self._publish_statuses()
        self._requeue.put_all()

    # --- receive ------------------------------------------------------------------------------------------------------

    def _receive(self, messages: Iterable[QueueMessage]) -> list[Email | RejectedRequest]:
        now, rules = self._clock.now(), self._rules
        jobs: list[Email | RejectedRequest] = []
        for message in messages:
            try:
                job = receive(
                    message,
                    now=now,
                    max_schedule_days=rules.max_schedule_days,
                    max_request_bytes=rules.max_request_bytes,
                    refuse_unknown=rules.refuse_unknown_fields,
                    delivery_mode=rules.delivery.mode if rules.delivery else None,
                )
            except EnvelopeError as err:
                self._unreadable.append((message, redacted(f"Not an EventBridge event: {err}")))
                continue
            if isinstance(job, CancelRequest):
                self._cancel_requests.append(job)
            elif isinstance(job, UnsubscribeRequest):
                self._unsubscribe_requests.append(job)
            else:
                jobs.append(job)
        return jobs

    def _give_up_reading(self, unreadable: Sequence[tuple[QueueMessage, str]]) -> None:
        """Move what no further try can read to its dead-letter queue; SQS does, after five receives, if this fails."""
        for message, why in unreadable:
            self._metrics.count("RecordFailed")
            self._log.error("request.unreadable", message=why, sqs_message_id=message.message_id)
        for index, err in self._ports.dead_letters.put_all(unreadable).items():
            self._requeue.report_failure(unreadable[index][0], "request.dead_letter_failed", err.message, code=err.code)

    def _find_records(self, jobs: list[Email | RejectedRequest]) -> list[Email | RejectedRequest]:
        try:
            self._claims.find_records(jobs)
        except TransientError as err:
            self._policy.retry_all(jobs, "tracking.unreadable", err)
            return []
        return jobs

    # --- guards and preparation ---------------------------------------------------------------------------------------

    def _read_guards(self, jobs: list[Email | RejectedRequest]) -> bool:
        """One read for the whole batch; what cannot be read fails closed: False, and all of them wait."""
        emails = [job for job in jobs if isinstance(job, Email)]
        event = "control.unreadable"
        try:
            self._guards.read_producers(emails)
            self._metrics.level("SendingPaused", float(self._producers.any_paused))
            event = "suppression.unreadable"
            self._guards.read_suppressions(emails)
        except TransientError as err:
            self._policy.retry_all(jobs, event, err)
            return False
        return True

    def _forwarded(self, jobs: list[Email | RejectedRequest]) -> list[Email | RejectedRequest]:
        """Forward what a policy makes bulk to the bulk queue, and return the rest. EventBridge's rules cannot know."""
        bulk = [job for job in jobs if isinstance(job, Email) and job.bulk]
        moved = [job for job in bulk if Priority.BULK not in (job.request.priority, job.hop.lane)]
        bodies = [with_hop(job.envelope, msgspec.structs.replace(job.hop, lane="bulk")) for job in moved]
        for index, err in self._ports.bulk_queue.put_all([(body, 0) for body in bodies]).items() if moved else ():
            self._policy.retry_all([moved[index]], "email.forward_failed", err)
        return [job for job in jobs if job not in moved]

    def _check_and_prepare(self, job: Email | RejectedRequest, before: Sequence[Prepared]) -> Prepared:
        to_send = [one for one in before if not one[0].sunk]
        if self._clock.now() > self._prepare.last_start or (to_send and self._delivery.is_late_with_one_more(to_send)):
            # The jobs before it took the time: none would be left to record it, or to send it, or to send those.
            raise OutOfTime(random.uniform(1, 10))
        if isinstance(job, RejectedRequest):
            self._producers.forget_erased(job)
            raise job.error
        self._guards.check(job)
        mail = self._prepare(job)
        if to_send and not job.sunk and self._delivery.is_late(mail):
            raise OutOfTime(random.uniform(1, 10))  # As the first of another batch it has more time.
        self._producers.admit_probe(job)
        return job, mail

    def _deliver(self, prepared: list[Prepared]) -> None:
        self._run_all([(email, self._delivery.sinking(email, mail)) for email, mail in prepared if email.sunk])
        within = prepared = [one for one in prepared if not one[0].sunk]
        try:
            within = self._within_caps(prepared)
            for steps in self._delivery.rounds(within):
                self._ports.run_all([partial(self._policy.run, email, step) for email, step in steps])
        except TransientError as err:
            self._policy.retry_all([email for email, _ in within], "control.unreadable", err)

    def _within_caps(self, prepared: list[Prepared]) -> list[Prepared]:
        """Hold those that their producer's caps have no room for."""
        holds = self._producers.over_caps([email for email, _ in prepared])
        if not holds:
            return prepared
        held = [(email, holds[key]) for email, _ in prepared if (key := email.message.message_id) in holds]
        self._run_all([(email, partial(self._requeue.hold, email, hold)) for email, hold in held])
        return [one for one in prepared if one[0].message.message_id not in holds]

    def _run_all(self, steps: Sequence[DeliverStep]) -> None:
        if steps:
            self._ports.run_all([partial(self._policy.run, email, step) for email, step in steps])

    # --- the batch's end ----------------------------------------------------------------------------------------------

    def _count(self) -> None:
        """Add to the breaker's counts and to the figures; they may be off by a batch, mail is not held up for them."""
        sent, reached = self._delivery.sent, [one for one in self._reached if one[1]]
        self._delivery.sent = []
        self._reached.clear()
        if sent:
            self._metrics.count("BulkEmailSent", sum(email.bulk for email in sent))
            if stuck := {email.envelope.source for email in sent if email.bulk and not email.request.list_unsubscribe}:
                self._log.warning("bulk.no_unsubscribe", code="VAL009", sources=sorted(stuck))
            # A zero: metric math fills the gaps of a metric, and nothing where there has never been a value.
            self._metrics.count("FeedbackRecorded", 0)
        counted, last_start, failed = self._producers.countable(sent) if sent else {}, self._delivery.last_count, None
        try:
            if counted:
                self._producers.count_sent(counted)
        except TransientError as err:
            # One call without an answer is enough: the next batch adds the figures, and these emails count nowhere.
            failed, counted, last_start = err, {}, 0.0
        try:
            if counted or reached:
                self._ports.figures.add(reached, sum(counted.values()), self._clock.now(), last_start)
        except TransientError as err:
            failed = failed or err
        if failed:
            self._log.warning("breaker.count_failed", message=failed.message, code=failed.code)

    def _publish_statuses(self) -> None:
        """Publish the batch's status events; the message of an event that EventBridge rejects is requeued."""
        events = self._outbox.take()
        refused = self._ports.bus.publish(events) if events else {}
        reasons = {found: why for event_id, why in refused.items() for found in self._outbox.message_ids[event_id]}
        for job in [*self._cancel_requests, *self._jobs]:
            if (why := reasons.get(job.message.message_id)) is not None:
                err = TransientError(f"Failed to publish a status event: {why}", code="BUS001")
                self._requeue.retry_instead(job, err, "status.refused")
