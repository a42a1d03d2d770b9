"""The feedback use case over fakes, and SES's events to drive it with."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from sesmail_layer.domain.guards.breaker import Limits
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.domain.ses.tags import encode_tags
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from sesmail_layer.usecases.feedback.ports import FeedbackPorts, FeedbackRules
from tools.simulation.control_fakes import FakeAlarmStates, FakeBreakerTable, FakeControl, FakeFigures, FakeProgress
from tools.simulation.dead_letters import FakeDeadLetters
from tools.simulation.fakes import (
    NOW,
    FakeBus,
    FakeClock,
    FakeDelayQueue,
    FakeLog,
    FakeMetrics,
    FakePendingTable,
    FakeSuppressionTable,
    FakeTrackingTable,
    one_after_another,
)

TOPIC = "arn:aws:sns:eu-west-1:123456789012:sesmailengine-SESFeedback"
ALARMS = "arn:aws:sns:eu-west-1:123456789012:sesmailengine-Alarms"
BOUNCE_ALARM = "sesmailengine-SES-BounceRate-Pause"
JOHN, JANE = "john@example.com", "jane@example.com"


def limits(**changed: Any) -> Limits:
    """Return the breaker's limits: Terraform's defaults, but for those given."""
    defaults: dict[str, Any] = {
        "bounce_rate": 0.05,
        "complaint_rate": 0.001,
        "min_emails": 100,
        "min_bounces": 10,
        "min_complaints": 5,
        "cooldown_seconds": 3_600,
        "pauses": True,
    }
    return Limits(**defaults | changed)


def feedback_rules(**changed: Any) -> FeedbackRules:
    """Return the rules: Terraform's defaults and the topics of this module, but for those given."""
    defaults: dict[str, Any] = {
        "topic_arn": TOPIC,
        "alarm_topic_arn": ALARMS,
        "alarms": {BOUNCE_ALARM: "bounce rate"},
        "soft_bounce_threshold": 3,
        "soft_bounce_retries": 1,
        "soft_bounce_retry_delay_seconds": 900,
        "not_spam_lifts_suppression": False,
        "limits": limits(),
        "call_seconds": 5.0,
    }
    return FeedbackRules(**defaults | changed)


class Feedback:
    """The feedback processor's use case over fakes, driven as SQS drives it."""

    def __init__(self, **rules: Any) -> None:
        self.clock = FakeClock()
        self.tracking = FakeTrackingTable()
        self.suppression = FakeSuppressionTable()
        self.bus = FakeBus()
        self.metrics = FakeMetrics()
        self.log = FakeLog()
        self.rules = feedback_rules(**rules)
        self.control = FakeControl()
        self.figures = FakeFigures(self.control)
        self.breaker_table = FakeBreakerTable(self.control)
        self.alarm_states = FakeAlarmStates()
        self.pending = FakePendingTable(self.clock)
        self.waiting = FakeDelayQueue()
        self.bulk_waiting = FakeDelayQueue()
        self.again = FakeDelayQueue()
        self.dead_letters = FakeDeadLetters()
        self.progress = FakeProgress()
        self._ids = itertools.count(1)

    def ports(self) -> FeedbackPorts:
        return FeedbackPorts(
            tracking=self.tracking,
            suppression=self.suppression,
            producer_states=self.breaker_table,
            sending_counts=self.breaker_table,
            figures=self.figures,
            alarm_states=self.alarm_states,
            pending=self.pending,
            retry_queue=self.waiting,
            feedback_queue=self.again,
            dead_letters=self.dead_letters,
            progress=self.progress,
            run_all=one_after_another,
            bulk_retry_queue=self.bulk_waiting,
            bus=self.bus,
            sending_bus=self.bus,
            clock=self.clock,
            metrics=self.metrics,
            log=self.log,
        )

    def run(self, *messages: QueueMessage, seconds: float = 15.0) -> Collection[str]:
        return RecordFeedback(self.ports(), self.rules)(messages, self.clock.now() + seconds)

    def waits_after(self, *messages: QueueMessage) -> bool:
        """Run messages; True where all are acknowledged and wait on the queue, for a minute at most."""
        before = len(self.again.messages)
        assert self.run(*messages) == set()
        put = self.again.messages[before:]
        return len(put) == len(messages) and all(2 <= delay <= 60 for _, delay in put)

    def run_waiting(self) -> None:
        """Deliver what waits on the queue, once each, after its delay."""
        for body, delay in self.again.take():
            self.clock.sleep(delay)
            assert self.run(QueueMessage(f"message-{next(self._ids)}", body)) == set()

    def change_rules(self, **changed: Any) -> None:
        self.rules = msgspec.structs.replace(self.rules, **changed)

    def sent(
        self, email_id: str = "email-1", *, to: str = JOHN, second: int = 0, probe: bool = False, **facts: Any
    ) -> TrackingRecord:
        """Store a record as the sender leaves it."""
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

    def message(
        self, event: object, *, receives: int = 1, waited: float = 0, topic: str | None = TOPIC
    ) -> QueueMessage:
        """Return a queue message with the event (a string: as it is), in an SNS notification if there is a topic.

        It was sent `waited` seconds ago.
        """
        body = event if isinstance(event, str) else json.dumps(event)
        if topic:
            body = json.dumps({"Type": "Notification", "TopicArn": topic, "MessageId": "m", "Message": body})
        return QueueMessage(
            f"message-{next(self._ids)}", body, receive_count=receives, sent_at=self.clock.now() - waited
        )


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
