"""The feedback use case over fakes, and SES's events to drive it with."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import Limits
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.domain.ses.outcomes import Outcome
from sesmail_layer.domain.ses.tags import encode_tags
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.feedback.batch import FeedbackPorts, FeedbackRules, RecordFeedback
from sesmail_layer.usecases.feedback.breaker import Breaker, BreakerPorts
from sesmail_layer.usecases.feedback.record_email import Recorded
from sesmail_layer.usecases.retry import SoftBounceRetry
from tools.simulation.fakes import (
    NOW,
    FakeBreakerTable,
    FakeBus,
    FakeClock,
    FakeControl,
    FakeDelayQueue,
    FakeLog,
    FakeMetrics,
    FakePendingTable,
    FakeSuppressionTable,
    FakeTrackingTable,
)

TOPIC = "arn:aws:sns:eu-west-1:123456789012:sesmailengine-SESFeedback"
ALARMS = "arn:aws:sns:eu-west-1:123456789012:sesmailengine-Alarms"
BOUNCE_ALARM = "sesmailengine-SES-BounceRate-Pause"
JOHN, JANE = "john@example.com", "jane@example.com"


class Feedback:
    def __init__(self, **rules: Any) -> None:
        self.clock = FakeClock()
        self.tracking = FakeTrackingTable()
        self.suppression = FakeSuppressionTable()
        self.bus = FakeBus()
        self.metrics = FakeMetrics()
        self.log = FakeLog()
        self.followed: list[tuple[list[Outcome], set[str]]] = []
        self.rules = FeedbackRules(**{"topic_arn": TOPIC, "alarm_topic_arn": ALARMS, **rules})
        self.control = FakeControl()
        self.breaker_table = FakeBreakerTable(self.control)
        self.pending = FakePendingTable(self.clock)
        self.waiting = FakeDelayQueue()
        self.limits = Limits()
        self.retry_seconds = 900.0
        self._ids = itertools.count(1)

    def run(self, *messages: QueueMessage) -> Collection[str]:
        ports = FeedbackPorts(
            tracking=self.tracking,
            suppression=self.suppression,
            bus=self.bus,
            clock=self.clock,
            metrics=self.metrics,
            log=self.log,
            follow_ups=(self._follow, self.breaker(), self.retry()),
            on_alarm=self.breaker().handle_alarm,
        )
        return RecordFeedback(ports, self.rules)(messages)

    def breaker(self) -> Breaker:
        ports = BreakerPorts(
            table=self.breaker_table,
            tracking=self.tracking,
            bus=self.bus,
            clock=self.clock,
            metrics=self.metrics,
            log=self.log,
        )
        return Breaker(ports, self.limits, {BOUNCE_ALARM: "bounce rate"})

    def retry(self) -> SoftBounceRetry:
        return SoftBounceRetry(
            self.pending, self.waiting, self.clock, self.metrics, self.log, delay_seconds=self.retry_seconds
        )

    def _follow(self, batch: Sequence[Recorded]) -> Mapping[str, TransientError]:
        for recorded in batch:
            record = recorded.record
            assert self.tracking.records[record.email_id] == record, "followed up before it was stored"
            self.followed.append(([each.outcome for each in recorded.said], set(recorded.fresh)))
        return {}

    def sent(
        self, email_id: str = "email-1", *, to: str = JOHN, second: int = 0, probe: bool = False, **facts: Any
    ) -> TrackingRecord:
        """Stores a record as the sender leaves it."""
        at = utc_text(NOW + second)
        record = TrackingRecord(
            email_id=email_id,
            to_email=to,
            status=Status.SENDING,
            attempt=1,
            timestamp=at,
            date_partition=at[:10],
            ttl=1,
            **{"original_source": "my.application", "template_name": "welcome", "metadata": {"order": 7}, **facts},
        )
        sending = Entry("sending/1", at, 1, Status.SENDING, what="probe" if probe else None)
        sent = Entry("sent/1", at, 1, Status.SENT, detail={"sesMessageId": f"ses-{email_id}"})
        record, _ = fold(record, [sending, sent])
        self.tracking.create(record)
        return record

    def record(self, email_id: str = "email-1") -> TrackingRecord:
        return self.tracking.records[email_id]

    def message(self, event: object, *, receives: int = 1, topic: str | None = TOPIC) -> QueueMessage:
        body = event if isinstance(event, str) else json.dumps(event)
        if topic:
            body = json.dumps({"Type": "Notification", "TopicArn": topic, "MessageId": "m", "Message": body})
        return QueueMessage(f"message-{next(self._ids)}", body, receive_count=receives)


def mail(
    email_id: str = "email-1", *, to: Sequence[str] = (JOHN,), attempt: int = 1, tagged: bool = True
) -> dict[str, Any]:
    tags = encode_tags(email_id, attempt, "welcome", "my.application")
    about: dict[str, Any] = {"timestamp": utc_text(NOW), "messageId": f"ses-{email_id}", "destination": list(to)}
    return about | ({"tags": {name: [value] for name, value in tags.items()}} if tagged else {})


def event(kind: str, key: str, payload: dict[str, Any], second: int = 5, **about: Any) -> dict[str, Any]:
    return {"eventType": kind, "mail": mail(**about), key: {"timestamp": utc_text(NOW + second)} | payload}


def delivered(to: str = JOHN, **about: Any) -> dict[str, Any]:
    return event("Delivery", "delivery", {"recipients": [to]}, **about)


def opened(user_agent: str = "Thunderbird", **about: Any) -> dict[str, Any]:
    return event("Open", "open", {"userAgent": user_agent, "ipAddress": "192.0.2.1"}, **about)


def bounced(
    kind: str = "Permanent", sub: str = "General", *, who: str = JOHN, status: str = "5.1.1", **about: Any
) -> dict[str, Any]:
    recipient = {"emailAddress": who, "status": status, "diagnosticCode": f"smtp; 550 {status} no"}
    payload = {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [recipient], "feedbackId": "f-1"}
    return event("Bounce", "bounce", payload, **about)


def soft(**about: Any) -> dict[str, Any]:
    return bounced("Transient", "MailboxFull", status="4.2.2", **about)


def complained(feedback_type: str = "abuse", **about: Any) -> dict[str, Any]:
    payload = {"complainedRecipients": [{"emailAddress": JOHN}], "complaintFeedbackType": feedback_type}
    return event("Complaint", "complaint", payload | {"feedbackId": "f-2"}, **about)
