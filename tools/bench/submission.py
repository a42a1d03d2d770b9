"""Measure requests per second through the batching helper of docs/send-to-a-list.md, against a loop of PutEvents."""

from __future__ import annotations

import json
import time
from typing import Any

from localcloud.engine import Engine
from localcloud.paths import REPOSITORY
from localcloud.snippets import snippet
from tools.bench.ratios import Ratio, alternate

SOURCE = "bench"
BUS = "sesmail-bench-submission"


def helper() -> Any:
    """Return the function as a reader copies it from the page."""
    names: dict[str, Any] = {"__name__": "page"}
    exec(snippet(REPOSITORY / "docs" / "send-to-a-list.md", "python", "def request_emails("), names)
    return names["request_emails"]


def measure(engine: Engine, rounds: int, requests: int) -> Ratio:
    """Measure on a bus without rules, where only the submission causes work."""
    request_emails = helper()
    engine.events.create_event_bus(Name=BUS)
    details = [
        {"emailId": f"bench-{n}", "to": f"reader{n}@example.org", "templateName": "welcome", "templateData": {}}
        for n in range(requests)
    ]

    def in_batches() -> float:
        started = time.perf_counter()
        refused = request_emails(details, SOURCE, bus=BUS, events=engine.events)
        if refused:
            raise RuntimeError(f"EventBridge refused {len(refused)} requests")
        return requests / (time.perf_counter() - started)

    def one_by_one() -> float:
        started = time.perf_counter()
        for detail in details:
            entry: Any = {
                "Source": SOURCE,
                "DetailType": "Email Request",
                "EventBusName": BUS,
                "Detail": json.dumps(detail),
            }
            engine.events.put_events(Entries=[entry])
        return requests / (time.perf_counter() - started)

    try:
        pairs = alternate(rounds, in_batches, one_by_one)
    finally:
        engine.events.delete_event_bus(Name=BUS)
    return Ratio(
        key="submission",
        what="submission through the batching helper",
        against="a loop of put_events",
        unit="requests/s",
        target=4.0,
        at_most=False,
        rounds=pairs,
    )
