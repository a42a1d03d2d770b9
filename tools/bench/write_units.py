"""Count the DynamoDB units that an email costs, by table and index, with the engine's real code.

found = write_units.count(write_units.Scenario(batch=10, opened=True))
found.per_email, found.by_table["EmailTracking", "date-partition-index"], found.reads["EmailTracking"]
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import boto3

from tools.bench.counting import engine, records, request_bodies, ses_event_bodies, sqs_event, stored
from tools.simulation.environment import NAME

Bodies = Sequence[str]


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
    records: Sequence[Mapping[str, Any]]
    """The tracking records as they are stored at the end, in DynamoDB's typed JSON."""

    @property
    def per_email(self) -> float:
        return sum(self.by_table.values()) / self.emails


def count(scenario: Scenario) -> Units:
    """Run a scenario. Prints nothing: both functions write metrics to stdout."""
    with redirect_stdout(io.StringIO()), engine() as (sender, processor, meter):

        def send(bodies: Bodies) -> None:
            _in_batches(lambda event: sender.handle(event, 30), bodies, scenario.batch)

        def report(kind: str) -> None:
            events = ses_event_bodies(kind, [record for record in records() if record["emailId"] not in warm])
            _in_batches(lambda event: processor.handle(event, 15), events, scenario.batch)

        send(request_bodies(1, **scenario.request or {}))
        warm = {record["emailId"] for record in records()}
        meter.units.clear()
        send(request_bodies(scenario.emails, **scenario.request or {}))
        report("send")
        if scenario.soft_bounced:
            report("bounce")
            send(_take("RetryQueue"))
            report("send")
        if scenario.delivered:
            report("delivery")
        if scenario.opened:
            report("open")
        units = meter.units
        by_table, by_key, reads = units.write_units(), units.writes_by_key(), dict(units.reads)
        found = [item for item in stored() if item["emailId"]["S"] not in warm]
    return Units(scenario.emails, by_table, reads, by_key, found)


def _in_batches(handle: Callable[[dict[str, Any]], Any], bodies: Bodies, size: int) -> None:
    for start in range(0, len(bodies), size):
        answer = handle(sqs_event(bodies[start : start + size]))
        if answer != {"batchItemFailures": []}:
            raise RuntimeError(f"a function failed: {answer}")


def _take(queue: str) -> list[str]:
    """Return a queue's messages as they are when they are due; moto does not deliver them before."""
    from moto.sqs.models import sqs_backends

    region, account = boto3.client("sqs").meta.region_name, boto3.client("sts").get_caller_identity()["Account"]
    messages = sqs_backends[account][region].queues[f"{NAME}-{queue}"]._messages
    bodies = [message.body for message in messages]
    messages.clear()
    return [_due(body) for body in bodies]


def _due(body: str) -> str:
    message = json.loads(body)
    message["sesmailHop"]["notBefore"] = 0
    return json.dumps(message)
