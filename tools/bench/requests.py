"""Count what AWS bills for ten emails, in one batch and in ten batches of one."""

from __future__ import annotations

import io
from collections import Counter
from contextlib import redirect_stdout

import msgspec

from tools.bench.counting import Meter, engine, records, request_bodies, ses_event_bodies, sqs_event

EMAILS = 10
Calls = dict[tuple[str, str], int]
"""The number of calls by caller and API operation."""


class RequestCount(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of request, for ten emails."""

    caller: str
    call: str
    in_one_batch: int
    one_at_a_time: int


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """All requests, and the write units of all tables and indexes, for ten emails."""

    counts: list[RequestCount]
    write_units_in_one_batch: int
    write_units_one_at_a_time: int
    emails: int = EMAILS


def measure() -> Requests:
    with redirect_stdout(io.StringIO()):
        batched, units = measured(EMAILS)
        single, single_units = measured(1)
    counts = [
        RequestCount(
            caller=caller,
            call=call,
            in_one_batch=batched.get((caller, call), 0),
            one_at_a_time=single.get((caller, call), 0),
        )
        for caller, call in sorted(batched.keys() | single.keys())
    ]
    return Requests(
        counts=counts,
        write_units_in_one_batch=sum(units.values()),
        write_units_one_at_a_time=sum(single_units.values()),
    )


def measured(size: int) -> tuple[Calls, dict[str, int]]:
    """Send ten emails, `size` at a time, in a warm container, until they are delivered.

    Return the calls, and the write units by caller.
    """
    calls: Counter[tuple[str, str]] = Counter()
    units: Counter[str] = Counter()

    def note(caller: str, meter: Meter) -> None:
        found, written = meter.read()
        calls.update({(caller, name): count for name, count in found.items()})
        units[caller] += written

    with engine() as (sender, processor, meter):
        sender.handle(sqs_event(request_bodies(1)), 30)
        warm = {record["emailId"] for record in records()}
        # Once an hour it also looks at the alarms on SES's rates.
        processor.handle(sqs_event(ses_event_bodies("send", records())), 15)
        # And once a day at the names that the figures are counted by.
        processor.handle(sqs_event(ses_event_bodies("delivery", records())), 15)
        meter.read()
        for _ in range(EMAILS // size):
            _check(sender.handle(sqs_event(request_bodies(size)), 30))
        note("sender", meter)
        sent = [record for record in records() if record["emailId"] not in warm]
        _expect(sent, "sent")
        meter.read()
        for kind in ("send", "delivery"):
            events = ses_event_bodies(kind, sent)
            for start in range(0, EMAILS, size):
                _check(processor.handle(sqs_event(events[start : start + size]), 15))
            note(f"{kind.title()} event", meter)
        _expect([record for record in records() if record["emailId"] not in warm], "delivered")
    return dict(calls), dict(units)


def _check(answer: object) -> None:
    if answer != {"batchItemFailures": []}:
        raise RuntimeError(f"a function failed: {answer}")


def _expect(found: list[dict[str, object]], status: str) -> None:
    if len(found) != EMAILS or {record["status"] for record in found} != {status}:
        raise RuntimeError(f"not {EMAILS} emails are {status}: {found}")
