"""Record a batch of SES events: read → find the emails → suppress → fold and store → follow up → publish.

    crash before            leaves, until SQS redelivers the message
    ------------------------------------------------------------------------------------------
    suppress                nothing
    store                   the suppression; adding it again changes nothing
    follow up, publish      the record with the entry and its transition: the redelivery follows up and publishes it,
                            under the same `eventId`; only counts are off

One read for the batch, one conditional write for each email with new entries, one publication.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.queue_message import WRAPPED, QueueMessage
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.ses_events import Notification, NotificationError, open_notification, read_event
from sesmail_layer.domain.ses.watermark import PROBE, probe_sent_at
from sesmail_layer.domain.status_event import Outbox
from sesmail_layer.domain.times import utc_seconds
from sesmail_layer.usecases.feedback.breaker import Breaker
from sesmail_layer.usecases.feedback.ports import FeedbackPorts, FeedbackRules
from sesmail_layer.usecases.feedback.record_email import EmailFeedback, FeedbackMessage, FeedbackResult, FeedbackTime
from sesmail_layer.usecases.feedback.requeue import Requeue
from sesmail_layer.usecases.feedback.suppress import FeedbackSuppression
from sesmail_layer.usecases.feedback.unmatched import email_ids, handle_unmatched
from sesmail_layer.usecases.retry import SoftBounceRetry

_RECORD_SECONDS = 300.0
"""How long an event waits for its email's record, which the sender writes within one invocation."""
# An event this old may have failed before and be redriven from the dead-letter queue, which restarts its receives.
_MAYBE_REDRIVEN_SECONDS = 300.0

_FollowUp = Callable[[Sequence[FeedbackResult], float], Mapping[str, TransientError]]
"""Acts on a batch's results, beginning nothing after a time; returns, by email id, what has to be retried."""


class RecordFeedback:
    """The use case: a batch in, the ids of the messages that SQS should redeliver out. Lives with the container."""

    def __init__(self, ports: FeedbackPorts, rules: FeedbackRules) -> None:
        self._ports = ports
        self._rules = rules
        self._suppression = FeedbackSuppression(
            ports.suppression,
            ports.tracking,
            ports.clock,
            soft_bounce_threshold=rules.soft_bounce_threshold,
            not_spam_lifts_suppression=rules.not_spam_lifts_suppression,
        )
        self._emails = EmailFeedback(ports.tracking, self._suppression, ports.clock)
        self._breaker = Breaker(
            ports.producer_states,
            ports.sending_counts,
            ports.alarm_states,
            ports.tracking,
            ports.sending_bus,
            ports.clock,
            ports.metrics,
            ports.log,
            rules.limits,
            rules.alarms,
            ports.run_all,
        )
        self._retry = SoftBounceRetry(
            ports.pending,
            {False: ports.retry_queue, True: ports.bulk_retry_queue},
            ports.clock,
            ports.metrics,
            ports.log,
            ports.run_all,
            delay_seconds=rules.soft_bounce_retry_delay_seconds,
        )

    def __call__(self, messages: Sequence[QueueMessage], deadline: float) -> Collection[str]:
        """Handle a batch. `deadline` is the Unix time at which the invocation is cut off."""
        time_left = FeedbackTime.until(deadline, self._ports.clock.now(), self._rules.call_seconds)
        batch = _Batch(self._ports, self._rules, self._suppression, self._emails, self._breaker, self._retry, time_left)
        try:
            return batch.run(messages)
        except Exception as err:
            # A bug that one message brought out. What the batch stored may be unpublished, as after a crash.
            if len(messages) > 1:
                again = [msgspec.structs.replace(one, receive_count=max(2, one.receive_count)) for one in messages]
                return {message_id for message in again for message_id in self([message], deadline)}
            self._ports.metrics.count("RecordFailed", len(messages))
            self._ports.log.error("feedback.failed", exc_info=err, **(_keys(messages[0]) if messages else {}))
            return {message.message_id for message in messages}


class _Batch:
    """One invocation's work; nothing in it outlives the batch."""

    def __init__(
        self,
        ports: FeedbackPorts,
        rules: FeedbackRules,
        suppression: FeedbackSuppression,
        emails: EmailFeedback,
        breaker: Breaker,
        retry: SoftBounceRetry,
        time_left: FeedbackTime,
    ) -> None:
        self._ports, self._time_left = ports, time_left
        self._tracking = ports.tracking
        self._bus = ports.bus
        self._figures = ports.figures
        self._clock = ports.clock
        self._metrics = ports.metrics
        self._log = ports.log
        self._rules = rules
        self._suppression = suppression
        self._emails = emails
        self._breaker = breaker
        # The breaker first: it may pause what a retry would send.
        self._follow_ups: tuple[_FollowUp, ...] = (breaker, retry) if rules.soft_bounce_retries else (breaker,)
        self._run_all = ports.run_all
        self._progress = ports.progress
        # Left to SQS's redelivery, put on the queue again, and moved to the dead-letter queue (with the reasons).
        self._failed, self._waiting = set[str](), set[str]()
        self._unreadable: dict[str, str] = {}
        self._probes: list[float] = []
        self._records: dict[str, TrackingRecord] = {}
        self._results: list[FeedbackResult] = []
        self._outbox = Outbox()

    def run(self, messages: Sequence[QueueMessage]) -> Collection[str]:
        """Handle a batch; what is not begun in time waits."""
        again = any(one.receive_count > 1 or one.body.startswith(WRAPPED) for one in messages)
        requeue, noted = Requeue(self._ports, self._time_left) if again else None, True
        if requeue:
            messages, self._waiting = requeue.begin(messages)
        self._handle([one for one in messages if one.message_id not in self._waiting])
        if requeue or self._waiting or self._failed or self._unreadable:
            requeue = requeue or Requeue(self._ports, self._time_left)
            self._failed, noted = requeue.end(messages, self._waiting, self._failed, self._unreadable)
        if noted and self._probes and self._clock.now() <= self._time_left.act:
            self._advance(min(max(self._probes), self._clock.now()))
        self._count_figures()
        return self._failed

    def _handle(self, messages: Sequence[QueueMessage]) -> None:
        received = [found for message in messages if (found := self._read(message))]
        try:
            by_email = self._by_email(received)
        except TransientError as err:
            self._retry_later([one.message for one in received], err.code, err.message)
            return
        alone = [(None, [one]) for one in by_email.pop(None, [])]
        self._run_all([partial(self._record, *one) for one in [*by_email.items(), *alone]])
        for follow_up in self._follow_ups:
            self._follow_up(follow_up, self._results)
        self._publish_statuses()

    def _advance(self, sent_at: float) -> None:
        """Report progress, after all of the batch is done or noted; where that fails, the sender's next probe does."""
        try:
            self._progress.advance(sent_at)
        except TransientError as err:
            self._log.warning("feedback.progress_failed", code=err.code, message=err.message)

    # --- reading ------------------------------------------------------------------------------------------------------

    def _read(self, message: QueueMessage) -> FeedbackMessage | None:
        """Read a message; None where there is no event to record: an alarm, a rejected or an unreadable message."""
        try:
            notification = open_notification(message.body)
            if self._rules.alarm_topic_arn and notification.topic_arn == self._rules.alarm_topic_arn:
                self._handle_alarm(message, notification)
                return None
            if self._rules.topic_arn and notification.topic_arn not in (None, self._rules.topic_arn):
                self._reject(message, notification.topic_arn)
                return None
            if notification.is_topic_validation():
                self._log.info("feedback.topic_validated", **_keys(message))
                return None
            document = notification.document()
            if PROBE in document:
                self._probes.append(probe_sent_at(document))
                return None
            event = read_event(document)
        except NotificationError as err:
            self._metrics.count("FeedbackUnreadable")
            self._unreadable[message.message_id] = str(err)
            self._log_failure([message], "FBK001", f"Failed to parse SNS message: {err}")
            return None
        if not event.kind:
            self._metrics.count("FeedbackUnknown")
            text = f"Unknown notification type: {event.type_name or None}"
            self._log.warning("feedback.unknown", code="FBK002", message=text, **_keys(message))
        age_seconds = self._clock.now() - utc_seconds(event.at)
        return FeedbackMessage(message, event, message.receive_count > 1 or age_seconds > _MAYBE_REDRIVEN_SECONDS)

    def _handle_alarm(self, message: QueueMessage, notification: Notification) -> None:
        try:
            self._time_left.check(self._clock.now())
            self._breaker.handle_alarm(notification.document())
        except TransientError as err:
            self._retry_later([message], err.code, err.message)

    def _reject(self, message: QueueMessage, topic_arn: str | None) -> None:
        self._metrics.count("FeedbackRefused")
        text = "SNS message from another topic refused"
        self._log.error("feedback.refused", code="FBK010", message=text, topic_arn=topic_arn, **_keys(message))

    def _by_email(self, received: Sequence[FeedbackMessage]) -> dict[str | None, list[FeedbackMessage]]:
        """Find the emails of the events: by our tag, else by SES's id. Under None: events without an email."""
        untagged = {one.event.ses_message_id or "" for one in received if not one.event.email_id} - {""}
        about = self._clock, self._time_left.find, self._run_all
        ids = email_ids(self._tracking, sorted(untagged), *about) if untagged else {}
        by_email: dict[str | None, list[FeedbackMessage]] = {}
        for one in received:
            email_id, ses_id = one.event.email_id, one.event.ses_message_id or ""
            if not email_id and ses_id and ses_id not in ids:
                self._waiting.add(one.message.message_id)  # There was no time to look it up.
                continue
            by_email.setdefault(email_id or ids.get(ses_id), []).append(one)
        self._time_left.check(self._clock.now())
        # The index may be a revision behind, so the records that it found are read with all the others.
        self._records = dict(self._tracking.get_many([email_id for email_id in by_email if email_id]))
        return by_email

    # --- recording ----------------------------------------------------------------------------------------------------

    def _record(self, email_id: str | None, messages: Sequence[FeedbackMessage]) -> None:
        """Handle one email's messages; a failure fails no other email's."""
        if self._clock.now() > self._time_left.record:
            self._waiting |= {one.message.message_id for one in messages}
            return
        try:
            record = self._records.get(email_id or "")
            if record is not None:
                self._add_result(self._emails.record(record, messages, self._records.values()))
                return
            for one in messages:
                self._handle_without_record(one)
        except TransientError as err:
            self._retry_later([one.message for one in messages], err.code, err.message)
        except Exception as err:
            self._failed |= {one.message.message_id for one in messages}
            self._metrics.count("RecordFailed", len(messages))
            self._log.error("feedback.failed", email_id=email_id, exc_info=err)

    def _add_result(self, result: FeedbackResult) -> None:
        record = result.record
        self._records[record.email_id] = record
        self._results.append(result)
        for reason in result.suppressed:
            self._count_suppression(reason, record.email_id)
        result.count_in(self._metrics)
        message_ids: dict[str, set[str]] = {}
        for each in result.outcomes_to_act_on:
            message_ids.setdefault(each.outcome.entry.key, set()).add(each.source.message.message_id)
        for transition in result.transitions_to_act_on:
            self._outbox.add(record, [transition], message_ids[transition.entry.key])
        self._metrics.count("FeedbackRecorded", result.log_to(self._log))

    def _handle_without_record(self, one: FeedbackMessage) -> None:
        """Wait for the sender's record, then suppress without it; another sender's event has none to wait for."""
        if not one.event.kind:
            return
        now, about = self._clock.now(), {"kind": one.event.kind, "ses_message_id": one.event.ses_message_id}
        if one.event.foreign:
            self._metrics.count("FeedbackForeign")
            self._log.info("feedback.foreign", **about)
            return
        if now < (one.message.sent_at or now) + _RECORD_SECONDS:
            self._waiting.add(one.message.message_id)
            self._metrics.count("FeedbackWaiting")
            self._log.info("feedback.waiting_for_record", **about)
            return
        handle_unmatched(one, self._suppression, self._count_suppression, self._metrics, self._log)

    # --- following up and publishing ----------------------------------------------------------------------------------

    def _follow_up(self, follow_up: _FollowUp, results: Sequence[FeedbackResult]) -> None:
        """Act on what was stored; where that fails, the messages wait, and their next delivery is another try."""
        now = self._clock.now()
        if now > self._time_left.act:
            self._waiting |= {each.source.message.message_id for one in results for each in one.outcomes_to_act_on}
            return
        try:
            errors = follow_up(results, max(self._time_left.record, min(now + 0.5, self._time_left.act)))
        except Exception as err:
            if len(results) > 1:
                for result in results:
                    self._follow_up(follow_up, [result])
                return
            self._failed |= {each.source.message.message_id for one in results for each in one.outcomes_to_act_on}
            self._metrics.count("RecordFailed", len(results))
            self._log.error("feedback.follow_up_failed", exc_info=err)
            return
        for result in results if errors else ():
            if (error := errors.get(result.record.email_id)) is not None:
                messages = {each.source.message.message_id: each.source.message for each in result.outcomes_to_act_on}
                self._retry_later(list(messages.values()), error.code, error.message)

    def _publish_statuses(self) -> None:
        """Publish the batch's status events; where EventBridge rejects one, its messages are requeued."""
        events = self._outbox.events
        late = self._clock.now() > self._time_left.act
        refused = dict.fromkeys(events, "no time left") if late else self._bus.publish(list(events.values()))
        for event_id, reason in refused.items():
            self._waiting |= self._outbox.message_ids[event_id]
            self._log.error(
                "status.refused",
                code="FBK007",
                message=f"Failed to publish status change event: {reason}",
                email_id=events[event_id].email_id,
                event_id=event_id,
            )
        if refused:
            self._metrics.count("StatusRefused", len(refused))
            text = f"Failed to publish status notification: {len(refused)} of {len(events)} are tried again"
            self._log.error("status.left_to_retry", code="FBK008", message=text)

    def _count_figures(self) -> None:
        """Add what is new to the day's figures; they may be off by a batch, nothing is held up for them."""
        reached, now = [(one.record, one.reached) for one in self._results if one.reached], self._clock.now()
        try:
            if reached:
                self._figures.add(reached, 0, now, self._time_left.act)
        except TransientError as err:
            self._log.warning("figures.count_failed", message=err.message, code=err.code)

    def _retry_later(self, messages: Sequence[QueueMessage], code: str, text: str) -> None:
        self._waiting |= {message.message_id for message in messages}
        self._log_failure(messages, code, text)

    def _log_failure(self, messages: Sequence[QueueMessage], code: str, text: str) -> None:
        self._metrics.count("RecordFailed", len(messages))
        for message in messages:
            self._log.error("feedback.failed", code=code, message=text, **_keys(message))

    def _count_suppression(self, reason: SuppressionReason | None, email_id: str | None) -> None:
        if reason is not None:
            self._metrics.count("AddressSuppressed")
            self._log.info("address.suppressed", reason=reason, email_id=email_id)


def _keys(message: QueueMessage) -> dict[str, object]:
    return {"sqs_message_id": message.message_id, "receive_count": message.receive_count}
