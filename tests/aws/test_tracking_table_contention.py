"""Many workers write one record: every event is recorded once (use case and adapters on moto)."""

from __future__ import annotations

import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sesmail_layer.aws.suppression_table import SuppressionTable
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from sesmail_layer.usecases.feedback.ports import FeedbackPorts
from tools.simulation.control_fakes import FakeAlarmStates, FakeBreakerTable, FakeControl, FakeProgress
from tools.simulation.dead_letters import FakeDeadLetters
from tools.simulation.fakes import (
    NOW,
    FakeBus,
    FakeClock,
    FakeDelayQueue,
    FakeLog,
    FakeMetrics,
    FakePendingTable,
    one_after_another,
)
from tools.simulation.feedback import JOHN, bounced, complained, delivered, feedback_rules, opened
from tools.simulation.tables import tables

WORKERS = 16


class Clock:
    """The time of the events, and real pauses."""

    def now(self) -> float:
        return NOW

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture
def conditional_puts(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB checks a condition and writes in one step; moto does it in two, so its puts take turns here."""
    import moto.dynamodb.models as models

    lock = threading.Lock()
    put = models.DynamoDBBackend.put_item

    def put_in_turn(*given: Any, **named: Any) -> Any:
        with lock:
            return put(*given, **named)

    monkeypatch.setattr(models.DynamoDBBackend, "put_item", put_in_turn)


@pytest.mark.usefixtures("conditional_puts")
def test_sixteen_workers_lose_and_duplicate_nothing() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(**tables()["EmailTracking"].creation("tracking"))
        client.create_table(**tables()["Suppression"].creation("suppression"))
        table = TrackingTable(client, "tracking")
        record = TrackingRecord(
            email_id="email-1",
            to_email=JOHN,
            status=Status.SENDING,
            attempt=1,
            ttl=1,
            timestamp="2026-11-24T10:31:00.000Z",
            date_partition="2026-11-24",
        )
        record, _ = fold(record, [Entry("sending/1", "2026-11-24T10:31:00.000Z", 1, Status.SENDING)])
        table.create(record)
        events = [*(opened(second=n) for n in range(20)), delivered(), bounced(), complained()]
        messages = [QueueMessage(str(n), json.dumps(one)) for n, one in enumerate(events * 2)]
        metrics, bus, log = FakeMetrics(), FakeBus(), FakeLog()
        breaker_table = FakeBreakerTable(FakeControl())

        def work(worker: int) -> list[str]:
            ports = FeedbackPorts(
                tracking=table,
                suppression=SuppressionTable(client, "suppression", Clock()),
                producer_states=breaker_table,
                sending_counts=breaker_table,
                alarm_states=FakeAlarmStates(),
                pending=FakePendingTable(FakeClock()),
                retry_queue=FakeDelayQueue(),
                feedback_queue=FakeDelayQueue(),
                dead_letters=FakeDeadLetters(),
                progress=FakeProgress(),
                run_all=one_after_another,
                bulk_retry_queue=FakeDelayQueue(),
                bus=bus,
                sending_bus=bus,
                clock=Clock(),
                metrics=metrics,
                log=log,
            )
            process = RecordFeedback(ports, feedback_rules(topic_arn="", soft_bounce_retries=0))
            mine = messages[worker::WORKERS]
            return list(itertools.chain.from_iterable(process([message], NOW + 1e9) for message in mine))

        with ThreadPoolExecutor(WORKERS) as pool:
            failed = list(itertools.chain.from_iterable(pool.map(work, range(WORKERS))))

        stored = table.get_many(["email-1"])["email-1"]
        assert failed == []
        assert (stored.status, stored.open_count, len(stored.history)) == (Status.COMPLAINED, 20, 25)
        assert client.scan(TableName="suppression")["Items"][0]["reason"] == {"S": "spam-complaint"}
        assert stored.revision <= 1 + len(events), "a repeated event was written"
        # Of two workers with one event, the slower one cannot know who wrote the entry: it publishes it too.
        published = {one.event_id: one for one in bus.events}
        assert all(one == published[one.event_id] for one in bus.events), "an event differs under the same id"
        assert "complained" in [one.status for one in bus.events]
