"""Price a month of emails: what was counted, times AWS's list prices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tools.bench import price_list as prices
from tools.bench.deployed import POLLERS, Deployed
from tools.bench.price_list import Price
from tools.bench.usage import Counted, Usage

MONTH_DAYS = 30
EMAILS = 1_000_000
_MONTH_SECONDS = MONTH_DAYS * 24 * 3600
_GB = 1024**3

# Assumed, not measured: 5 to 10 ms for a request within AWS's network, 100 ms for SES's answer, and the CPU time of
# "The sender's CPU" in the share of a processor that 512 MB have.
_BATCH_SECONDS = 0.05
_SES_SECONDS = 0.10
"""Of a batch that sends: its emails are sent at the same time."""
_MESSAGE_SECONDS = 0.005
_SEND_SECONDS = 0.02
CONTAINERS = 5
"""Assumed to run all month; each asks for a template in use again after five minutes."""
_TEMPLATE_SECONDS = 300
# Long polling: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
_POLL_SECONDS = 20
# START, END and REPORT of each invocation.
PLATFORM_LINES, PLATFORM_BYTES = 3, 330
# CloudWatch adds it to each line:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
LINE_BYTES = 26
# DynamoDB asks KMS again for a table's key after five minutes without a request of a role:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
_KEY_SECONDS, _ROLES = 300, 2


@dataclass(frozen=True)
class Line:
    """One line of the bill: a row of the table, what is billed, and how much of it."""

    row: str
    price: Price
    quantity: float

    @property
    def usd(self) -> float:
        return self.price.of(self.quantity)


@dataclass(frozen=True)
class Load:
    """A month's emails: for each part their number, and the usage of some of them."""

    name: str
    parts: Sequence[tuple[float, Usage]] = ()
    always: Usage = field(default_factory=Usage)
    """Its metrics are emitted as well, now and then."""
    template: Usage = field(default_factory=Usage)
    more_pacing_writes: float = 0
    """Beyond the counted ones, where lanes compete for the rate."""

    def total(self, of: Callable[[Usage], float]) -> float:
        """Return a quantity of the whole month."""
        return sum(emails * of(usage) / usage.emails for emails, usage in self.parts)


def loads(counted: Counted, writes_a_bulk_email: float) -> list[Load]:
    """Return the four loads; `writes_a_bulk_email` on the rate buckets, from the simulation of both lanes."""
    bulk = 0.7 * EMAILS
    counted_writes = counted.bulk.pacing_writes / counted.bulk.emails
    mixed = [(bulk, counted.bulk), (EMAILS - bulk, counted.alone)]
    more_pacing_writes = max(0.0, writes_a_bulk_email - counted_writes) * bulk
    always, template = counted.alone, counted.template
    return [
        Load("no mail"),
        Load("spread evenly", [(EMAILS, counted.alone)], always, template),
        Load("batches of ten", [(EMAILS, counted.tens)], always, template),
        Load("70 % bulk, 30 % transactional", mixed, always, template, more_pacing_writes),
    ]


def bill(load: Load, deployed: Deployed) -> list[Line]:
    """Return a month's bill for a load, in the order of the table."""
    return [*_mail(load), *_functions(load, deployed), *_tables(load, deployed), *_watching(load, deployed)]


def usd(lines: Iterable[Line]) -> float:
    return sum(line.usd for line in lines)


def beyond_free(lines: Iterable[Line]) -> float:
    """Return the sum where nothing else in the account uses what AWS gives for free."""
    quantities: dict[Price, float] = {}
    for line in lines:
        quantities[line.price] = quantities.get(line.price, 0.0) + line.quantity
    return sum(price.beyond_free(quantity) for price, quantity in quantities.items())


def _mail(load: Load) -> list[Line]:
    return [
        Line("SES", prices.EMAIL, load.total(lambda usage: usage.sends)),
        Line("EventBridge", prices.EVENT, load.total(lambda usage: usage.emails + usage.events)),
        Line("SNS", prices.PUBLISH, load.total(lambda usage: usage.processor_messages + usage.publishes)),
    ]


def queue_requests(usage: Usage) -> float:
    """Return SQS's requests: put by EventBridge, SNS and the functions, received and deleted, ten at most at once."""
    receives = sum(
        max(batches, messages / 10)
        for batches, messages in (
            (usage.sender_batches, usage.sender_messages),
            (usage.processor_batches, usage.processor_messages),
        )
    )
    return usage.emails + usage.processor_messages + usage.queue_requests + 2 * receives


def sender_seconds(usage: Usage) -> float:
    """Return how long the sender runs, by the durations assumed above."""
    batch_seconds = _BATCH_SECONDS + (_SES_SECONDS if usage.sends else 0.0)
    return usage.sender_batches * batch_seconds + usage.sender_messages * _MESSAGE_SECONDS + usage.sends * _SEND_SECONDS


def processor_seconds(usage: Usage) -> float:
    return usage.processor_batches * _BATCH_SECONDS + usage.processor_messages * _MESSAGE_SECONDS


def _functions(load: Load, deployed: Deployed) -> list[Line]:
    polls = deployed.polled_queues * POLLERS * _MONTH_SECONDS / _POLL_SECONDS
    gb_seconds = load.total(sender_seconds) * deployed.sender_gb + load.total(processor_seconds) * deployed.processor_gb
    return [
        Line("SQS: polling empty queues", prices.QUEUE_REQUEST, polls),
        Line("SQS: messages", prices.QUEUE_REQUEST, load.total(queue_requests)),
        Line("Lambda", prices.INVOCATION, load.total(invocations)),
        Line("Lambda", prices.GB_SECOND, gb_seconds),
    ]


def invocations(usage: Usage) -> float:
    return usage.sender_batches + usage.processor_batches


def _tables(load: Load, deployed: Deployed) -> list[Line]:
    writes = load.total(lambda usage: sum(usage.write_units.values())) + load.more_pacing_writes
    months = deployed.record_days / MONTH_DAYS
    table = load.total(lambda usage: usage.record_bytes) * months / _GB
    indexes = load.total(lambda usage: usage.index_bytes) * months / _GB
    backed_up = "EmailTracking" in deployed.backed_up
    return [
        Line("DynamoDB: writes", prices.WRITE_UNIT, writes),
        Line("DynamoDB: reads", prices.READ_UNIT, load.total(lambda usage: sum(usage.read_units.values()))),
        Line("DynamoDB: records kept", prices.STORED_GB, table + indexes),
        Line("DynamoDB: backup (point in time)", prices.BACKUP_GB, table if backed_up else 0),
    ]


def log_bytes(usage: Usage) -> float:
    runs = invocations(usage)
    return usage.log_bytes + runs * PLATFORM_BYTES + (usage.log_lines + runs * PLATFORM_LINES) * LINE_BYTES


def _watching(load: Load, deployed: Deployed) -> list[Line]:
    logged = load.total(log_bytes) / _GB
    metrics = {name for usage in (load.always, *(usage for _, usage in load.parts)) for name in usage.metrics}
    reads = CONTAINERS * load.template.template_reads * _MONTH_SECONDS / _TEMPLATE_SECONDS
    keys = deployed.tables * _ROLES * _MONTH_SECONDS / _KEY_SECONDS if load.parts else 0
    return [
        Line("CloudWatch: alarms", prices.ALARM_METRIC, deployed.alarm_metrics),
        Line("CloudWatch: dashboard", prices.DASHBOARD, deployed.dashboards),
        Line("CloudWatch: metrics", prices.METRIC, len(metrics)),
        Line("CloudWatch: logs", prices.LOGGED_GB, logged),
        Line("CloudWatch: logs", prices.KEPT_LOG_GB, logged * deployed.log_days / MONTH_DAYS),
        Line("S3 and KMS", prices.GET, reads),
        Line("S3 and KMS", prices.KEY_REQUEST, keys),
    ]


def attachments_usd(emails: float, attachment_bytes: int) -> float:
    """Return what an attachment from S3 adds to so many emails."""
    return prices.ATTACHED_GB.of(emails * attachment_bytes / _GB) + prices.GET.of(emails)


def hop_usd(usage: Usage, deployed: Deployed) -> float:
    """Return what it costs that one email goes around its retry queue once."""
    emails = usage.sender_messages
    lines = [
        Line("", prices.QUEUE_REQUEST, queue_requests(usage)),
        Line("", prices.INVOCATION, usage.sender_batches),
        Line("", prices.GB_SECOND, sender_seconds(usage) * deployed.sender_gb),
        Line("", prices.WRITE_UNIT, sum(usage.write_units.values())),
        Line("", prices.READ_UNIT, sum(usage.read_units.values())),
        Line("", prices.LOGGED_GB, log_bytes(usage) / _GB),
        Line("", prices.KEPT_LOG_GB, log_bytes(usage) / _GB * deployed.log_days / MONTH_DAYS),
    ]
    return usd(lines) / emails


def schedule_usd() -> float:
    """Return what a one-time schedule costs: its invocation, and the message that it puts on a queue."""
    return prices.SCHEDULE.of(1) + prices.QUEUE_REQUEST.of(1)
