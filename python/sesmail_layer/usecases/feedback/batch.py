"""Records a batch of SES events: read → find the emails → suppress → fold and store → follow up → tell.

    crash before            leaves, until SQS brings the message again
    ------------------------------------------------------------------------------------------
    suppress                nothing
    store                   the suppression, which is the same when it is added again
    follow up, tell         the record with the entry and its transition: followed up and told then, under the same
                            `eventId`; only counts are off

One read for the batch, one conditional write for each email with news, one publication.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.notifications import Notification, NotificationError, open_notification
from sesmail_layer.domain.ses.outcomes import outcomes
from sesmail_layer.domain.ses.ses_events import read_event
from sesmail_layer.domain.status_event import StatusEvent, status_event
from sesmail_layer.domain.times import utc_seconds
from sesmail_layer.usecases.feedback.record_email import EmailFeedback, News, Recorded
from sesmail_layer.usecases.feedback.suppress import FeedbackSuppression
from sesmail_layer.usecases.ports import Clock, Log, Metrics, StatusBus, SuppressionTable, TrackingTable

LAST_RECEIVE = 5
"""The queue's maxReceiveCount: after it, a message that fails goes to the dead-letter queue."""
_AGAIN_AFTER_SECONDS = 300.0
"""News this old may have failed before and come back from the dead-letter queue, its receives counted anew."""


FollowUp = Callable[[Sequence[Recorded]], Mapping[str, TransientError]]
"""Acts on what is due of a batch; gives, by email id, what went wrong and has to be tried again."""


class FeedbackRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided."""

    topic_arn: str = ""
    """The one topic whose messages are taken for SES's; empty: not looked at."""
    alarm_topic_arn: str = ""
    """The one topic whose messages are taken for CloudWatch's; empty: none is."""
    soft_bounce_threshold: int = 3
    not_spam_lifts_suppression: bool = False


class FeedbackPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What the feedback processor needs from outside."""

    tracking: TrackingTable
    suppression: SuppressionTable
    bus: StatusBus
    clock: Clock
    metrics: Metrics
    log: Log
    follow_ups: tuple[FollowUp, ...] = ()
    """What is to be done about a batch's emails once their records are stored."""
    on_alarm: Callable[[Mapping[str, Any]], None] | None = None
    """What is to be done about a CloudWatch alarm. TransientError brings it again."""


class RecordFeedback:
    """The use case: a batch in, the ids of the messages that SQS should bring again out."""

    def __init__(self, ports: FeedbackPorts, rules: FeedbackRules) -> None:
        self._ports = ports
        self._rules = rules

    def __call__(self, messages: Sequence[QueueMessage]) -> Collection[str]:
        return _Batch(self._ports, self._rules).run(messages)


class _Batch:
    """One invocation's work; nothing in it outlives the batch."""

    def __init__(self, ports: FeedbackPorts, rules: FeedbackRules) -> None:
        self._ports = ports
        self._rules = rules
        self._failed: set[str] = set()
        self._records: dict[str, TrackingRecord] = {}
        self._done: list[Recorded] = []
        self._owed: dict[str, StatusEvent] = {}
        self._owed_to: dict[str, set[str]] = {}
        self._suppression = FeedbackSuppression(
            ports.suppression,
            ports.tracking,
            ports.clock,
            soft_bounce_threshold=rules.soft_bounce_threshold,
            not_spam_lifts=rules.not_spam_lifts_suppression,
        )
        self._email = EmailFeedback(ports.tracking, self._suppression, ports.clock)

    def run(self, messages: Sequence[QueueMessage]) -> Collection[str]:
        news = [found for message in messages if (found := self._opened(message))]
        try:
            by_email = self._by_email(news)
        except TransientError as err:
            self._bring_again(news, err.code, err.message)
            return self._failed
        for email_id, some in by_email.items():
            self._guarded(email_id, some)
        for follow_up in self._ports.follow_ups:
            self._follow(follow_up)
        self._tell()
        return self._failed

    def _opened(self, message: QueueMessage) -> News | None:
        """Reads a message; None where it is dealt with already: refused, no event, or unreadable."""
        try:
            notification = open_notification(message.body)
            if self._rules.alarm_topic_arn and notification.topic_arn == self._rules.alarm_topic_arn:
                self._heed_alarm(message, notification)
                return None
            if self._rules.topic_arn and notification.topic_arn not in (None, self._rules.topic_arn):
                self._refuse(message, notification.topic_arn)
                return None
            if notification.is_greeting():
                self._ports.log.info("feedback.topic_validated", **_keys(message))
                return None
            event = read_event(notification.document())
        except NotificationError as err:
            self._ports.metrics.count("FeedbackUnreadable")
            self._log_again("FBK001", f"Failed to parse SNS message: {err}", [message])
            return None
        if not event.kind:
            self._ports.metrics.count("FeedbackUnknown")
            text = f"Unknown notification type: {event.type_name or None}"
            self._ports.log.warning("feedback.unknown", code="FBK002", message=text, **_keys(message))
        return News(message, event)

    def _heed_alarm(self, message: QueueMessage, notification: Notification) -> None:
        try:
            if self._ports.on_alarm is not None:
                self._ports.on_alarm(notification.document())
        except TransientError as err:
            self._log_again(err.code, err.message, [message])

    def _refuse(self, message: QueueMessage, topic_arn: str | None) -> None:
        self._ports.metrics.count("FeedbackRefused")
        self._ports.log.error(
            "feedback.refused",
            code="FBK010",
            message="SNS message from another topic refused",
            topic_arn=topic_arn,
            **_keys(message),
        )

    def _by_email(self, news: Sequence[News]) -> dict[str | None, list[News]]:
        """Finds the emails that events are about: by our tag, else by SES's id. Under None: those of no email."""
        of_ses = {one.event.ses_message_id for one in news if not one.event.email_id and one.event.ses_message_id}
        found = {ses_id: self._ports.tracking.find_by_ses_message_id(ses_id) for ses_id in sorted(of_ses)}
        ids = {ses_id: record.email_id for ses_id, record in found.items() if record}
        by_email: dict[str | None, list[News]] = {}
        for one in news:
            by_email.setdefault(one.event.email_id or ids.get(one.event.ses_message_id or ""), []).append(one)
        # The index may be a revision behind, so what it found is read again with all the others.
        self._records = dict(self._ports.tracking.get_many([email_id for email_id in by_email if email_id]))
        return by_email

    def _guarded(self, email_id: str | None, news: Sequence[News]) -> None:
        """Handles one email's news; what goes wrong with it is its own."""
        try:
            record = self._records.get(email_id or "")
            if record is not None:
                self._recorded(self._email.record(record, news, self._records.values()))
                return
            for one in news:
                self._without_record(one)
        except TransientError as err:
            self._bring_again(news, err.code, err.message)
        except Exception as err:
            self._failed |= {one.message.message_id for one in news}
            self._ports.metrics.count("RecordFailed", len(news))
            self._ports.log.error("feedback.failed", email_id=email_id, exc_info=err)

    def _recorded(self, recorded: Recorded) -> None:
        record = recorded.record
        again = frozenset(each.outcome.entry.key for each in recorded.said if self._may_have_failed(each.news))
        recorded = msgspec.structs.replace(recorded, retold=again)
        self._records[record.email_id] = record
        self._done.append(recorded)
        for reason in recorded.suppressed:
            self._count_suppression(reason, record.email_id)
        if refused := sum(said.outcome.sender_refused for said in recorded.fresh.values()):
            self._ports.metrics.count("SenderRefused", refused)
        for moved in recorded.due_transitions():
            self._owe(status_event(record, moved), recorded.owners(moved.entry.key))
            if moved.entry.key in recorded.fresh:
                self._count_status(moved.entry.status)
        self._log_recorded(recorded)

    def _log_recorded(self, recorded: Recorded) -> None:
        for one in {id(each.news): each.news for each in recorded.said}.values():
            self._ports.log.info(
                "feedback.recorded",
                kind=one.event.kind,
                email_id=recorded.record.email_id,
                ses_message_id=one.event.ses_message_id,
                status=recorded.record.status,
                what=sorted({e.outcome.entry.what for e in recorded.said if e.news is one and e.outcome.entry.what}),
            )

    def _follow(self, follow_up: FollowUp) -> None:
        """Acts on what was stored; what goes wrong brings the news again, and with it another try."""
        try:
            wrong = follow_up(self._done)
        except Exception as err:
            self._failed |= {said.news.message.message_id for recorded in self._done for said in recorded.due()}
            self._ports.metrics.count("RecordFailed", len(self._done))
            self._ports.log.error("feedback.not_followed_up", exc_info=err)
            return
        for recorded in self._done:
            if (error := wrong.get(recorded.record.email_id)) is not None:
                messages = {each.news.message.message_id: each.news for each in recorded.due()}
                self._bring_again(list(messages.values()), error.code, error.message)

    def _may_have_failed(self, one: News) -> bool:
        """True where an earlier try may have stored the news without telling anyone of it."""
        return (
            one.message.receive_count > 1 or self._ports.clock.now() - utc_seconds(one.event.at) > _AGAIN_AFTER_SECONDS
        )

    def _without_record(self, one: News) -> None:
        """The sender may not have stored it yet; after the last receive the recipient is protected all the same."""
        if not one.event.kind:
            return
        about = one.event.ses_message_id
        if one.message.receive_count < LAST_RECEIVE:
            self._failed.add(one.message.message_id)
            self._ports.metrics.count("FeedbackWaiting")
            self._ports.log.info("feedback.waiting_for_record", kind=one.event.kind, ses_message_id=about)
            return
        for outcome in outcomes(one.event, 1):  # Whichever attempt it was: there is no record to say so in.
            self._count_suppression(self._suppression.apply(one.event, outcome, None), one.event.email_id)
        self._ports.metrics.count("FeedbackUnmatched")
        told = {
            "FBK006": f"Email record not found for SES message ID: {about}",
            "FBK009": f"Cannot publish notification: no tracking record for {about}",
        }
        for code, text in told.items():
            self._ports.log.error("feedback.unmatched", code=code, message=text, **_keys(one.message))

    def _owe(self, event: StatusEvent | None, message_ids: set[str]) -> None:
        if event is not None:
            self._owed[event.event_id] = event
            self._owed_to.setdefault(event.event_id, set()).update(message_ids)

    def _tell(self) -> None:
        """Publishes what the batch owes; messages whose events are refused come again, and tell them then."""
        refused = self._ports.bus.publish(list(self._owed.values()))
        for event_id, reason in refused.items():
            self._failed |= self._owed_to[event_id]
            self._ports.log.error(
                "status.refused",
                code="FBK007",
                message=f"Failed to publish status change event: {reason}",
                email_id=self._owed[event_id].email_id,
                event_id=event_id,
            )
        if refused:
            self._ports.metrics.count("StatusRefused", len(refused))
            text = f"Failed to publish status notification: {len(refused)} of {len(self._owed)} are left to SQS's retry"
            self._ports.log.error("status.left_to_retry", code="FBK008", message=text)

    def _bring_again(self, news: Sequence[News], code: str, text: str) -> None:
        self._log_again(code, text, [one.message for one in news])

    def _log_again(self, code: str, text: str, messages: Sequence[QueueMessage]) -> None:
        self._failed |= {message.message_id for message in messages}
        self._ports.metrics.count("RecordFailed", len(messages))
        for message in messages:
            self._ports.log.error("feedback.failed", code=code, message=text, **_keys(message))

    def _count_suppression(self, reason: SuppressionReason | None, email_id: str | None) -> None:
        if reason is not None:
            self._ports.metrics.count("AddressSuppressed")
            self._ports.log.info("address.suppressed", reason=reason, email_id=email_id)

    def _count_status(self, status: Status | None) -> None:
        # The sender counts what it sends.
        if status is not None and status is not Status.SENT:
            self._ports.metrics.count("Email" + status.replace("_", " ").title().replace(" ", ""))


def _keys(message: QueueMessage) -> dict[str, object]:
    return {"sqs_message_id": message.message_id, "receive_count": message.receive_count}
