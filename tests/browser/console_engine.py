"""An engine on moto after a busy day: mail in every status, a producer that was paused, queues, alarms, metrics."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import Any

import boto3

from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.domain.times import utc_text
from tests.cli.conftest import NAME, MotoEngine

PEOPLE = ("ada", "grace", "alan", "barbara", "edsger", "donald", "margaret", "katherine", "radia", "tim")
MAILS = (
    ("shop.orders", "receipt", "Your receipt for order 2026-{n}"),
    ("shop.orders", "order-update", "Order 2026-{n} is on its way"),
    ("crm.campaigns", "newsletter", "Five books for long evenings"),
    ("accounts", "password-reset", "Reset your password"),
    ("accounts", "welcome", "Welcome to Northwind Books"),
)
HISTORIES: tuple[tuple[Status, ...], ...] = (
    (Status.SENT, Status.DELIVERED),
    (Status.SENT, Status.DELIVERED, Status.OPENED),
    (Status.SENT, Status.DELIVERED, Status.OPENED, Status.CLICKED),
    (Status.SENT, Status.DELIVERED),
    (Status.SENT, Status.BOUNCED),
    (Status.SENT,),
    (Status.DEFERRED,),
    (Status.SENT, Status.SOFT_BOUNCED),
    (Status.FAILED,),
    (Status.SENT, Status.DELIVERED, Status.COMPLAINED),
    (Status.SENT, Status.DELAYED),
)
DETAILS: dict[Status, dict[str, Any]] = {
    Status.SENT: {"sesMessageId": "0102019a-7f3c-4c51-8f0e-000000"},
    Status.DELIVERED: {"smtpResponse": "250 2.0.0 OK"},
    Status.BOUNCED: {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
    },
    Status.SOFT_BOUNCED: {
        "bounceType": "Transient",
        "bounceSubType": "MailboxFull",
        "diagnosticCode": "smtp; 452 4.2.2 mailbox full",
    },
    Status.FAILED: {
        "errorType": "template_render_error",
        "errorMessage": "TMPL003: 'orderTotal' is undefined in template.html",
    },
    Status.DEFERRED: {"reason": "breaker"},
    Status.CLICKED: {"link": "https://shop.example.com/orders/2026"},
}
WHAT = {Status.BOUNCED: "hard", Status.SOFT_BOUNCED: "soft"}


def record(engine: MotoEngine, number: int, seconds_ago: float, *history: Status, **given: Any) -> str:
    """Write one email's record; return its id."""
    source, template, subject = MAILS[number % len(MAILS)]
    start = time.time() - seconds_ago
    entries = [
        Entry(
            key=f"{status}/1/{place}",
            at=utc_text(start + 2 + 9 * place),
            attempt=1,
            status=status,
            what=WHAT.get(status),
            detail=DETAILS.get(status, {}),
        )
        for place, status in enumerate(history)
    ]
    facts: dict[str, Any] = {
        "email_id": f"order-2026-{number:05d}",
        "timestamp": utc_text(start),
        "date_partition": utc_text(start)[:10],
        "to_email": f"{PEOPLE[number % len(PEOPLE)]}@example.org",
        "template_name": template,
        "original_source": source,
        "subject": subject.format(n=number),
    }
    return engine.record(*entries, **facts | given).email_id


def fill(engine: MotoEngine, emails: int = 60) -> None:
    """Write a busy day."""
    dice = random.Random(7)
    now = time.time()
    counts = SendingCounts(engine.dynamodb, f"{NAME}-Control")
    for slot in range(0, 24 * 12):
        at = now - 300 * slot
        hour = datetime.fromtimestamp(at, UTC).hour
        emails_sent = int((40 + 160 * (8 <= hour <= 20)) * dice.uniform(0.6, 1.4))
        counts.count("*", Counts(emails_sent, round(emails_sent * dice.uniform(0, 0.045)), slot % 60 == 0), at)
    for number in range(emails):
        record(engine, number, 40 + 900 * number, *HISTORIES[number % len(HISTORIES)])
    engine.put_state(
        "crm.campaigns",
        paused=True,
        paused_by="breaker",
        paused_at=utc_text(now - 2_400),
        paused_reason="61 of 900 emails bounced in the last hour: 6.78%, allowed are 5.00%",
        opened_at=now - 2_400,
        trip="bounce",
    )
    pauses = {"pk": {"S": "pauses"}, "paused": {"SS": ["crm.campaigns"]}}
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=pauses)
    put_figures(engine, now, dice)
    put_metrics(dice)
    put_alarms()


def put_figures(engine: MotoEngine, now: float, dice: random.Random) -> None:
    """Write two days of figures; the newsletter bounces too often."""
    engine.count(source="crm.campaigns", now=now)
    for at in (now - 86_400, now):
        reached = []
        for number in range(240):
            source, template, _ = MAILS[number % len(MAILS)]
            bounces = dice.random() < (0.09 if source == "crm.campaigns" else 0.01)
            statuses = [Status.SENT, Status.BOUNCED if bounces else Status.DELIVERED]
            if not bounces and dice.random() < 0.4:
                statuses.append(Status.OPENED)
            record = TrackingRecord(
                email_id=f"e{number}",
                status=statuses[-1],
                attempt=1,
                timestamp=utc_text(at),
                date_partition=utc_text(at)[:10],
                ttl=0,
                original_source=source,
                template_name=template,
                tags=["winter-sale"] if source == "crm.campaigns" else ["orders", "retail"],
                topic="news" if source == "crm.campaigns" else None,
            )
            reached.append((record, statuses))
        engine.count(*reached, source="shop.orders", now=at)


def put_metrics(dice: random.Random) -> None:
    """Write the metrics of queues as SQS does."""
    cloudwatch: Any = boto3.client("cloudwatch")
    levels = {"EmailQueue": 40, "BulkQueue": 900, "RetryQueue": 30, "BulkRetryQueue": 0, "FeedbackQueue": 12}
    levels |= {"EmailQueueDLQ": 3, "BulkQueueDLQ": 0, "RetryDLQ": 0, "BulkRetryDLQ": 0, "FeedbackProcessorDLQ": 1}
    for queue, level in (levels | {"EventBridgeDLQ": 0}).items():
        dimensions = [{"Name": "QueueName", "Value": f"{NAME}-{queue}"}]
        kinds = {"Visible": level, "NotVisible": level // 8, "Delayed": level // 3 if "Retry" in queue else 0}
        data = [
            {
                "MetricName": f"ApproximateNumberOfMessages{kind}",
                "Dimensions": dimensions,
                "Timestamp": datetime.fromtimestamp(time.time() - 300 * slot - 60, UTC),
                "Value": float(round(value * (1 if slot == 0 or "DLQ" in queue else dice.uniform(0.1, 1.6)))),
            }
            for kind, value in kinds.items()
            for slot in range(48)
        ]
        age = {"MetricName": "ApproximateAgeOfOldestMessage", "Dimensions": dimensions, "Value": level * 3.0}
        data.append(age | {"Timestamp": datetime.fromtimestamp(time.time() - 60, UTC)})
        cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=data)


def put_alarms() -> None:
    """Write alarms as Terraform does; one of them fires."""
    cloudwatch: Any = boto3.client("cloudwatch")
    for name in ("EmailQueueDLQ-Depth", "Sending-Paused", "EmailQueue-Age", "Throttles", "SES-BounceRate"):
        cloudwatch.put_metric_alarm(
            AlarmName=f"{NAME}-{name}",
            MetricName="m",
            Namespace="n",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            AlarmDescription="See docs/troubleshooting.md",
        )
    for name, state in (("EmailQueueDLQ-Depth", "ALARM"), ("EmailQueue-Age", "OK"), ("Throttles", "OK")):
        cloudwatch.set_alarm_state(AlarmName=f"{NAME}-{name}", StateValue=state, StateReason="for the test")
