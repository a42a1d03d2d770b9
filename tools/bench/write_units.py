"""Count the DynamoDB units that an email costs, by table and index, with the engine's real code.

found = write_units.count(write_units.Scenario(batch=10, opened=True))
found.per_email, found.by_table["EmailTracking", "date-partition-index"], found.reads["EmailTracking"]
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import boto3

from sesmail_layer.aws.daily_figures import DailyFigures
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tools.bench.counting import engine, records, request_bodies, ses_event_bodies, sqs_event, stored, take
from tools.simulation.environment import NAME

Bodies = Sequence[str]
FIGURES = (Status.SENT, Status.DELIVERED, Status.BOUNCED, Status.COMPLAINED, Status.OPENED, Status.FAILED)
"""What a day's figures count."""


@dataclass(frozen=True)
class Scenario:
    """What happens to the emails that are counted."""

    emails: int = 10
    batch: int = 10
    """Messages in each batch of both functions."""
    opened: bool = False
    """Each email is opened once after its delivery."""
    soft_bounced: bool = False
    """Each email soft-bounces first, and its retry is delivered."""
    delivered: bool = True
    request: Mapping[str, Any] | None = None
    """Fields in place of the ordinary request's own, such as `priority`."""
    seconds_between: float = 0
    """Time that passes before each batch."""
    names: int = 0
    """Tags that the day has figures of, after a day's emails; each email has one of its own, from all over them."""


@dataclass(frozen=True)
class Units:
    """What a scenario cost, in a warm container."""

    emails: int
    by_table: Mapping[tuple[str, str], int]
    """Write units by table and index; `""` is the table itself."""
    reads: Mapping[str, float]
    """Read units by table."""
    writes_by_key: Mapping[tuple[str, str, str], int]
    """Writes by table, index and partition key."""
    units_by_key: Mapping[tuple[str, str, str], int]
    """Write units by table, index and partition key."""
    records: Sequence[Mapping[str, Any]]
    """The tracking records as they are stored at the end, in DynamoDB's typed JSON."""
    batches: Mapping[str, int]
    """Invocations by function."""
    messages: Mapping[str, int]
    """Messages that the functions handled."""
    calls: Sequence[tuple[str, bytes]]
    """Calls of AWS's APIs, with what they sent."""
    output: str
    """Both functions' lines for the log, metrics included."""

    @property
    def per_email(self) -> float:
        return sum(self.by_table.values()) / self.emails


def count(scenario: Scenario) -> Units:
    """Run a scenario. Prints nothing: both functions write logs and metrics to stdout."""
    output = io.StringIO()
    batches: Counter[str] = Counter()
    messages: Counter[str] = Counter()
    with redirect_stdout(output), engine() as (sender, processor, meter):

        def run(function: str, handle: Callable[[dict[str, Any]], Any], bodies: Bodies) -> None:
            for start in range(0, len(bodies), scenario.batch):
                meter.clock.sleep(scenario.seconds_between)
                batch = bodies[start : start + scenario.batch]
                answer = handle(sqs_event(batch))
                if answer != {"batchItemFailures": []}:
                    raise RuntimeError(f"a function failed: {answer}")
                batches[function] += 1
                messages[function] += len(batch)

        def send(bodies: Bodies) -> None:
            run("EmailSender", lambda event: sender.handle(event, 30), bodies)

        def report(kind: str) -> None:
            events = ses_event_bodies(kind, [record for record in records() if record["emailId"] not in warm])
            run("FeedbackProcessor", lambda event: processor.handle(event, 15), events)

        warm: set[str] = set()
        _fill_day(scenario.names, meter.clock.now())
        send(request_bodies(1, **scenario.request or {}))
        report("send")
        report("delivery")
        warm = {record["emailId"] for record in records()}
        for counts in (meter, batches, messages):
            counts.clear()
        output.truncate(output.seek(0))
        send(_bodies(scenario))
        report("send")
        if scenario.soft_bounced:
            report("bounce")
            send([_due(body) for body in take("RetryQueue")])
            report("send")
        if scenario.delivered:
            report("delivery")
        if scenario.opened:
            report("open")
        units = meter.units
        by_table, by_key, reads = units.write_units(), units.writes_by_key(), dict(units.reads)
        units_by_key = units.units_by_key()
        calls = list(meter.bodies)
        found = [item for item in stored() if item["emailId"]["S"] not in warm]
    return Units(
        scenario.emails,
        by_table,
        reads,
        by_key,
        units_by_key,
        found,
        batches,
        messages,
        calls=calls,
        output=output.getvalue(),
    )


def _bodies(scenario: Scenario) -> list[str]:
    given, emails = scenario.request or {}, scenario.emails
    if not scenario.names:
        return request_bodies(emails, **given)
    tags = [_tag(number * scenario.names // emails) for number in range(emails)]
    return [body for tag in tags for body in request_bodies(1, **{**given, "tags": [tag]})]


def _fill_day(names: int, now: float) -> None:
    """Give a day's figures so many tags, with counters as large as those of a hundred thousand emails each."""
    dynamodb, table = boto3.client("dynamodb"), f"{NAME}-Control"
    figures = DailyFigures(dynamodb, table)
    for start in range(0, names, 20):
        tags = [_tag(number) for number in range(start, min(names, start + 20))]
        record = TrackingRecord(
            email_id="", status=Status.SENT, attempt=1, timestamp="", date_partition="", ttl=0, tags=tags
        )
        figures.add([(record, FIGURES)], 0, now)
    for item in dynamodb.scan(TableName=table)["Items"] if names else ():
        counters = {name: {"N": "123456"} for name in item if name[:-1].isdecimal()}
        dynamodb.put_item(TableName=table, Item={**item, **counters})


def _tag(number: int) -> str:
    return f"campaign-{number:03}"


def _due(body: str) -> str:
    """Return a waiting message as if its time had come."""
    message = json.loads(body)
    message["sesmailHop"]["notBefore"] = 0
    return json.dumps(message)
