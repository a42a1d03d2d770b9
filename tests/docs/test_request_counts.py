"""docs/architecture.md has the number of AWS requests that the real code makes."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import DOCS, rows
from tools.bench.requests import EMAILS, measured

PAGE = DOCS / "architecture.md"


def documented() -> dict[tuple[str, str], tuple[int, int]]:
    """The counts by caller and call: for ten emails in one batch, and in ten batches of one."""
    found = {}
    for cells in rows(PAGE):
        match = re.match(r"(sender|Send event|Delivery event): `(\w+:\w+)`", cells[0])
        if match:
            found[match[1], match[2]] = int(cells[1]), int(cells[2])
    return found


@pytest.mark.parametrize(("size", "column"), [(10, 0), (1, 1)])
def test_the_table_has_the_requests_of_the_code(size: int, column: int) -> None:
    calls, _ = measured(size)
    assert calls == {key: counts[column] for key, counts in documented().items()}


def test_the_table_adds_up() -> None:
    [total] = [cells for cells in rows(PAGE) if cells[0] == "together"]
    columns = zip(*documented().values(), strict=True)
    assert [int(cell) for cell in total[1:]] == [sum(column) for column in columns]


def test_the_page_has_the_write_units_of_the_items() -> None:
    _, units = measured(EMAILS)
    text = PAGE.read_text()
    pattern = r"(\d+) for the claim, (\d+) for `sent`, (\d+) for `delivered` and (\d+) for the kept request"
    [found] = re.findall(pattern, text)
    claim, sent, delivered, kept = map(int, found)
    [counts] = re.findall(r"breaker's counts cost (\d+) a batch", text)
    assert units["sender"] == EMAILS * (claim + sent + kept // 2) + int(counts)
    assert units["Send event"] == 0
    assert units["Delivery event"] == EMAILS * (delivered + kept // 2)
