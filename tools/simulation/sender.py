"""The sender's use case over fakes, driven as SQS and Lambda drive it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection
from typing import Any

from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import CANCEL_REQUESTED, UNSUBSCRIBE_REQUESTED
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.sender.batch import SendEmails
from sesmail_layer.usecases.sender.ports import SenderPorts, SendingRules, UnsubscribeUrlOf
from tools.simulation.attachments import FakeAttachments
from tools.simulation.control_fakes import FakeBucket, FakeControl, FakeFigures, FakeProgress, FakeQuota
from tools.simulation.dead_letters import FakeDeadLetters
from tools.simulation.fake_mailer import FakeMailer
from tools.simulation.fakes import (
    FakeBus,
    FakeClock,
    FakeDelayQueue,
    FakeLog,
    FakeMetrics,
    FakePendingTable,
    FakeSuppressionTable,
    FakeTemplates,
    FakeTrackingTable,
    no_limit,
    one_after_another,
    request,
)


def sending_rules(**rules: Any) -> SendingRules:
    """Terraform's defaults, with the given rules in place of its own."""
    return SendingRules(
        **{
            "default_sender_email": "noreply@example.com",
            "default_sender_name": "Example",
            "brand": {},
            "retention_days": 90,
            "refuse_unknown_fields": False,
            "max_message_bytes": 10 * 1024 * 1024,
            "max_request_bytes": 252 * 1024,
            "max_schedule_days": 30,
            "max_hold_seconds": 86_400,
            "max_send_rate": None,
            "rate_utilisation": 0.95,
            "bulk_rate_share": 0.8,
            "daily_quota_reserve": 0.1,
            "claim_settle_seconds": 300,
            "resend_unknown": True,
            "breaker_cooldown_seconds": 3600,
            "soft_bounce_retries": 1,
            **rules,
        }
    )


class Sender:
    """The sender use case over fakes, driven as SQS and Lambda drive it."""

    def __init__(self, **rules: Any) -> None:
        self.clock = FakeClock()
        self.tracking = FakeTrackingTable()
        self.suppression = FakeSuppressionTable()
        self.templates = FakeTemplates()
        self.attachments = FakeAttachments()
        self.mailer = FakeMailer(self.clock)
        self.bus = FakeBus()
        self.waiting = FakeDelayQueue()
        self.bulk_waiting = FakeDelayQueue()
        self.progress = FakeProgress()
        self.quota = FakeQuota()
        self.bucket = FakeBucket()
        self.control = FakeControl()
        self.figures = FakeFigures(self.control)
        self.bulk_lane = FakeDelayQueue()
        self.dead_letters = FakeDeadLetters()
        self.pending = FakePendingTable(self.clock)
        self.metrics = FakeMetrics()
        self.log = FakeLog()
        self.rules = sending_rules(**rules)
        self.unsubscribe_url_of: UnsubscribeUrlOf | None = None
        self._ids = itertools.count(1)

    def ports(self) -> SenderPorts:
        return SenderPorts(
            tracking=self.tracking,
            suppression=self.suppression,
            pending=self.pending,
            producer_states=self.control,
            cancel_rules=self.control,
            cap_counters=self.control,
            sending_counts=self.control,
            figures=self.figures,
            rate_bucket=self.bucket,
            quota_cache=self.quota,
            quota_api=self.quota,
            templates=self.templates,
            attachments=self.attachments,
            mailer=self.mailer,
            bus=self.bus,
            retry_queue=self.waiting,
            bulk_retry_queue=self.bulk_waiting,
            bulk_queue=self.bulk_lane,
            dead_letters=self.dead_letters,
            progress=self.progress,
            clock=self.clock,
            metrics=self.metrics,
            log=self.log,
            fingerprint=lambda _address: "fingerprint",
            tombstones_of=lambda address: [f"sha256:{address}"],
            unsubscribe_url_of=self.unsubscribe_url_of,
            time_limit=no_limit,
            run_all=one_after_another,
            bytes_in_flight=no_limit,
        )

    def message(
        self,
        detail: object,
        *,
        event_id: str | None = None,
        source: str = "my.application",
        detail_type: str = "Email Request",
    ) -> QueueMessage:
        number = next(self._ids)
        envelope = {
            "id": event_id or f"event-{number}",
            "source": source,
            "detail-type": detail_type,
            "time": utc_text(self.clock.now() - 1),
            "detail": detail,
        }
        return QueueMessage(f"message-{number}", json.dumps(envelope))

    def cancel(self, detail: object, *, source: str = "my.application") -> QueueMessage:
        """Return a message with the event `Email Cancel Requested`."""
        return self.message(detail, source=source, detail_type=CANCEL_REQUESTED)

    def unsubscribe(self, detail: object, *, source: str = "my.application") -> QueueMessage:
        """Return a message with the event `Email Unsubscribe Requested`."""
        return self.message(detail, source=source, detail_type=UNSUBSCRIBE_REQUESTED)

    def run(self, *messages: QueueMessage, seconds: float = 30.0) -> Collection[str]:
        return SendEmails(self.ports(), self.rules)(messages, self.clock.now() + seconds)

    def send(self, **fields: Any) -> TrackingRecord:
        """Send one request, which must not fail, and return its record."""
        message = self.message(request(**fields))
        assert self.run(message) == set()
        given = fields.get("emailId") or f"email-{json.loads(message.body)['id']}"
        return self.tracking.records[given]

    def waits_after(self, message: QueueMessage) -> bool:
        """Run one message; True where it is acknowledged and waits, once, for another try within a minute."""
        before = len(self.waiting.messages)
        assert self.run(message) == set()
        put = self.waiting.messages[before:]
        return len(put) == 1 and 2 <= put[0][1] <= 60

    def run_waiting(self) -> None:
        """Deliver what waits on the retry queues, once each, after its delay."""
        for body, delay in [*self.waiting.take(), *self.bulk_waiting.take()]:
            self.clock.sleep(min(delay, 900))
            failed = self.run(QueueMessage(f"message-{next(self._ids)}", body))
            assert failed == set()
