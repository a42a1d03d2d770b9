"""The sender's use case over fakes, driven as SQS and Lambda drive it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection
from typing import Any

from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.usecases.retry import KeptRequests
from sesmail_layer.usecases.sender.batch import SendEmails
from sesmail_layer.usecases.sender.pacing import Pacer
from sesmail_layer.usecases.sender.ports import SendingPorts, SendingRules
from sesmail_layer.usecases.sender.producer_guard import ProducerGuard
from tools.simulation.fakes import (
    FakeAttachments,
    FakeBacklog,
    FakeBucket,
    FakeBus,
    FakeClock,
    FakeControl,
    FakeLog,
    FakeMailer,
    FakeMetrics,
    FakePendingTable,
    FakeQuota,
    FakeSuppressionTable,
    FakeTemplates,
    FakeTrackingTable,
    FakeWaitingQueue,
    no_limit,
    one_after_another,
    request,
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
        self.waiting = FakeWaitingQueue()
        self.backlog = FakeBacklog()
        self.quota = FakeQuota()
        self.bucket = FakeBucket()
        self.control = FakeControl()
        self.bulk_lane = FakeWaitingQueue()
        self.pending = FakePendingTable(self.clock)
        self.retries = 1
        self.metrics = FakeMetrics()
        self.log = FakeLog()
        self.rules = SendingRules(
            **{"default_sender_email": "noreply@example.com", "default_sender_name": "Example", **rules}
        )
        self._ids = itertools.count(1)

    def ports(self) -> SendingPorts:
        return SendingPorts(
            tracking=self.tracking,
            suppression=self.suppression,
            templates=self.templates,
            attachments=self.attachments,
            mailer=self.mailer,
            bus=self.bus,
            waiting=self.waiting,
            backlog=self.backlog,
            quota=self.quota,
            pacer=Pacer(self.bucket, self.clock, max_send_rate=None, utilisation=0.95, bulk_share=0.8),
            guard=ProducerGuard(self.control, self.tracking, self.clock, cooldown_seconds=3600),
            bulk_lane=self.bulk_lane,
            kept=KeptRequests(self.pending, self.log, retries=self.retries),
            clock=self.clock,
            metrics=self.metrics,
            log=self.log,
            fingerprint=lambda _address: "fingerprint",
            time_limit=no_limit,
            run_all=one_after_another,
        )

    def message(self, detail: object, *, event_id: str | None = None, source: str = "my.application") -> QueueMessage:
        number = next(self._ids)
        envelope = {
            "id": event_id or f"event-{number}",
            "source": source,
            "detail-type": "Email Request",
            "time": "2026-11-24T10:30:59Z",
            "detail": detail,
        }
        return QueueMessage(f"message-{number}", json.dumps(envelope))

    def run(self, *messages: QueueMessage, seconds: float = 30.0) -> Collection[str]:
        return SendEmails(self.ports(), self.rules)(messages, self.clock.now() + seconds)

    def send(self, **fields: Any) -> TrackingRecord:
        """Sends one request, which must not stay behind, and gives its record."""
        message = self.message(request(**fields))
        assert self.run(message) == set()
        given = fields.get("emailId") or f"email-{json.loads(message.body)['id']}"
        return self.tracking.records[given]

    def run_waiting(self) -> None:
        """Brings what waits on the retry queue, once each, after its delay."""
        for body, delay in self.waiting.take():
            self.clock.sleep(min(delay, 900))
            failed = self.run(QueueMessage(f"message-{next(self._ids)}", body))
            assert failed == set()
