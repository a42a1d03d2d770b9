"""What emails use of AWS, counted with the engine's real code on moto."""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from typing import Any

import msgspec

from sesmail_layer.domain.times import utc_text
from tools.bench.counting import engine, request_bodies, sqs_event, take
from tools.bench.write_units import Scenario, Units, count
from tools.simulation.tables import tables
from tools.simulation.units import item_bytes

_CHUNK_BYTES = 64 * 1024
"""EventBridge and SQS bill each 64 KB as one."""
_HOP_SECONDS = 900


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What some emails use, in all."""

    emails: int = 0
    """Requests that come from the bus."""
    sends: int = 0
    sender_batches: int = 0
    sender_messages: int = 0
    processor_batches: int = 0
    processor_messages: int = 0
    events: int = 0
    """Status events, in units of 64 KB."""
    queue_requests: int = 0
    """Of the functions: what they put on their queues."""
    publishes: int = 0
    template_reads: int = 0
    write_units: dict[str, int] = {}
    """By table, or table and index."""
    pacing_writes: int = 0
    """On the two rate buckets; `write_units` has them too."""
    read_units: dict[str, float] = {}
    log_bytes: int = 0
    log_lines: int = 0
    metric_bytes: int = 0
    """Of the log, what a higher `log_level` does not silence."""
    metric_lines: int = 0
    metrics: list[str] = []
    record_bytes: int = 0
    index_bytes: int = 0


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of ten emails in each case."""

    alone: Usage
    """One at a time, with 6 s between them: policies and pauses are read again for each."""
    tens: Usage
    bulk: Usage
    """As `tens`, with `priority` bulk."""
    opened: Usage
    soft_bounced: Usage
    """Each is retried, and then delivered."""
    template: Usage
    """One email, more than five minutes after its template was read."""
    hop_alone: Usage
    """A scheduled email goes around its retry queue once."""
    hop_in_tens: Usage


def measure() -> Counted:
    def run(**given: Any) -> Usage:
        return used(count(Scenario(**given)))

    return Counted(
        alone=run(batch=1, seconds_between=6),
        tens=run(),
        bulk=run(request={"priority": "bulk"}),
        opened=run(opened=True),
        soft_bounced=run(soft_bounced=True),
        template=run(emails=1, batch=1, seconds_between=301, delivered=False),
        hop_alone=hop(1),
        hop_in_tens=hop(10),
    )


def used(units: Units) -> Usage:
    """Return what a scenario used."""
    calls = Counter(name for name, _ in units.calls)
    return Usage(
        emails=units.emails,
        sends=calls["sesv2:SendEmail"],
        sender_batches=units.batches.get("EmailSender", 0),
        sender_messages=units.messages.get("EmailSender", 0),
        processor_batches=units.batches.get("FeedbackProcessor", 0),
        processor_messages=units.messages.get("FeedbackProcessor", 0),
        publishes=calls["sns:Publish"],
        template_reads=calls["s3:GetObject"],
        pacing_writes=sum(n for (_, _, key), n in units.writes_by_key.items() if key.startswith("pacer#")),
        **_billed_by_size(units.calls),
        **_units(units.by_table, units.reads),
        **_logged(units.output),
        **_stored(units.records),
    )


def hop(size: int) -> Usage:
    """Count a hop of ten emails that are scheduled for later, `size` at a time; one that is alone is so for 6 s."""
    output = io.StringIO()
    with redirect_stdout(output), engine() as (sender, _, meter):

        def handle(bodies: list[str]) -> list[str]:
            for start in range(0, len(bodies), size):
                meter.clock.sleep(6 if size == 1 else 0)
                answer = sender.handle(sqs_event(bodies[start : start + size]), 30)
                if answer != {"batchItemFailures": []}:
                    raise RuntimeError(f"a function failed: {answer}")
            return take("RetryQueue")

        at = utc_text(meter.clock.now() + 10 * 24 * 3600)
        bodies = handle(request_bodies(10, sendAt=at))
        meter.clock.sleep(_HOP_SECONDS)
        bodies = handle(bodies)
        meter.clock.sleep(_HOP_SECONDS)
        meter.clear()
        output.truncate(output.seek(0))
        bodies = handle(bodies)
        if len(bodies) != 10:
            raise RuntimeError(f"{len(bodies)} of 10 emails wait")
        calls, units = list(meter.bodies), meter.units
        return Usage(
            sender_batches=10 // size,
            sender_messages=10,
            **_billed_by_size(calls),
            **_units(units.write_units(), units.reads),
            **_logged(output.getvalue()),
        )


def chunks(size: int) -> int:
    return max(1, math.ceil(size / _CHUNK_BYTES))


def _billed_by_size(calls: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    found: Counter[str] = Counter()
    for name, body in calls:
        if name == "events:PutEvents":
            found["events"] += sum(chunks(len(entry["Detail"].encode())) for entry in json.loads(body)["Entries"])
        elif name.startswith("sqs:"):
            found["queue_requests"] += chunks(len(body))
    return dict(found)


def _units(writes: Mapping[tuple[str, str], int], reads: Mapping[str, float]) -> dict[str, Any]:
    names = {key: " ".join(filter(None, key)) for key in sorted(writes)}
    return {
        "write_units": {name: writes[key] for key, name in names.items() if writes[key]},
        "read_units": {name: reads[name] for name in sorted(reads) if reads[name]},
    }


def _logged(output: str) -> dict[str, Any]:
    lines = output.splitlines(keepends=True)
    written = {line: list(_metrics(json.loads(line))) for line in lines}
    emitted = [line for line in lines if written[line]]
    return {
        "log_bytes": len(output.encode()),
        "log_lines": len(lines),
        "metric_bytes": len("".join(emitted).encode()),
        "metric_lines": len(emitted),
        "metrics": sorted({name for names in written.values() for name in names}),
    }


def _metrics(line: Mapping[str, Any]) -> Iterable[str]:
    for written in line.get("_aws", {}).get("CloudWatchMetrics", []):
        for dimensions in written["Dimensions"]:
            values = [line[name] for name in dimensions]
            yield from (" ".join([metric["Name"], *values]) for metric in written["Metrics"])


def _stored(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    # DynamoDB adds 100 bytes to an item, and to its entry in an index:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    indexes = tables()["EmailTracking"].indexes
    entries = [entry for record in records for index in indexes if (entry := index.entry(record))]
    return {
        "record_bytes": sum(item_bytes(record) + 100 for record in records),
        "index_bytes": sum(item_bytes(entry) + 100 for entry in entries),
    }
