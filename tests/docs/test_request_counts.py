"""The table of requests in docs/architecture.md is what the real code asks of AWS."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.docs.counting import Meter, engine, records, requests, ses_events, sqs_event
from tests.docs.pages import DOCS, rows

PAGE = DOCS / "architecture.md"
BATCH = 10


def documented() -> dict[tuple[str, str], tuple[int, int]]:
    """By who asks and what is asked: for ten emails in one batch, and for ten batches of one."""
    found = {}
    for cells in rows(PAGE):
        match = re.match(r"(sender|Send event|Delivery event): `(\w+:\w+)`", cells[0])
        if match:
            found[match[1], match[2]] = int(cells[1]), int(cells[2])
    return found


def measured(patch: pytest.MonkeyPatch, size: int) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """Ten emails, `size` at a time, in a warm container, until they are delivered."""
    calls: Counter[tuple[str, str]] = Counter()
    units: Counter[str] = Counter()

    def note(who: str, meter: Meter) -> None:
        asked, written = meter.read()
        calls.update({(who, name): count for name, count in asked.items()})
        units[who] += written

    with engine(patch) as (sender, processor, meter):
        sender.handle(sqs_event(requests(1)), 30)
        warm = {record["emailId"] for record in records()}
        meter.read()
        for _ in range(BATCH // size):
            assert sender.handle(sqs_event(requests(size)), 30) == {"batchItemFailures": []}
        note("sender", meter)
        sent = [record for record in records() if record["emailId"] not in warm]
        assert {record["status"] for record in sent} == {"sent"}
        meter.read()
        for kind in ("send", "delivery"):
            events = ses_events(kind, sent)
            for start in range(0, BATCH, size):
                assert processor.handle(sqs_event(events[start : start + size])) == {"batchItemFailures": []}
            note(f"{kind.title()} event", meter)
        assert {record["status"] for record in records()} - {"sent"} == {"delivered"}
    return dict(calls), dict(units)


@pytest.mark.parametrize(("size", "column"), [(10, 0), (1, 1)])
def test_the_table_counts_what_the_code_asks(monkeypatch: pytest.MonkeyPatch, size: int, column: int) -> None:
    calls, _ = measured(monkeypatch, size)
    assert calls == {key: counts[column] for key, counts in documented().items()}


def test_the_table_adds_up() -> None:
    [total] = [cells for cells in rows(PAGE) if cells[0] == "together"]
    columns = zip(*documented().values(), strict=True)
    assert [int(cell) for cell in total[1:]] == [sum(column) for column in columns]


def test_the_write_units_are_what_the_items_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    _, units = measured(monkeypatch, BATCH)
    text = PAGE.read_text()
    [(claim, sent, delivered)] = re.findall(r"(\d+) for the claim, (\d+) for `sent`, (\d+) for `delivered`", text)
    assert units["sender"] == BATCH * (int(claim) + int(sent))
    assert units["Send event"] == 0
    assert units["Delivery event"] == BATCH * int(delivered)
