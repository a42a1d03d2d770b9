"""The price of a million emails is that of the current code, and performance.md alone has prices and speeds."""

from __future__ import annotations

import itertools
import re

import msgspec
import pytest

from tests.docs.pages import DOCS, ROOT, pages, prose, rows
from tools.bench import results, usage

PERFORMANCE = DOCS / "performance.md"
# A size in bytes varies a little: a number's trailing zeros take no room.
_BYTES = {"log_bytes": 0.02, "metric_bytes": 0.02, "record_bytes": 0.02, "index_bytes": 0.02}
# `CA$72.60` is how a template writes money.
_PRICE = re.compile(r"(?<![A-Z])\$ ?\d|\b(?:dollars?|cents?) (?:a|an|per) |\d cents?\b|\d dollars?\b")
# Decisions are history, and keep what was measured for them; the changelog has what users see.
_SPEED = re.compile(r"\d ms\b|\d (?:emails|requests)/s|\d write units", re.IGNORECASE)


@pytest.fixture(scope="module")
def counted() -> usage.Counted:
    return usage.measure()


@pytest.mark.parametrize("case", usage.Counted.__struct_fields__)
def test_what_an_email_uses_is_what_the_current_code_uses(case: str, counted: usage.Counted) -> None:
    found, stored = (msgspec.structs.asdict(getattr(each, case)) for each in (counted, results.load().used))
    for name, tolerance in _BYTES.items():
        assert found.pop(name) == pytest.approx(stored.pop(name), rel=tolerance), (
            f"{name}: run `python -m tools.bench --usage`"
        )
    assert found == stored, "run `python -m tools.bench --usage`"


def test_each_load_of_the_issue_is_priced() -> None:
    text = PERFORMANCE.read_text()
    for load in ("no mail", "spread evenly", "batches of ten", "70 % bulk, 30 % transactional"):
        assert re.search(rf"^\| .*{load}.*\|$", text, re.MULTILINE), load


def test_the_bill_adds_up_by_its_rows_and_by_what_is_counted() -> None:
    """A cent of rounding a row."""
    bill, counted = _table("no mail"), _table("List price")
    for load in ("no mail", "spread evenly", "batches of ten", "70 % bulk, 30 % transactional"):
        services = [_usd(row[load]) for name, row in bill.items() if not re.match(r"\*\*|without", name)]
        [together] = [_usd(row[load]) for name, row in bill.items() if name == "**together**"]
        assert sum(services) == pytest.approx(together, abs=0.01 * len(services))
        products = [float(row[load].replace(",", "")) * _unit_usd(row["List price"]) for row in counted.values()]
        assert sum(products) == pytest.approx(together, abs=0.01 * len(products))


def _table(column: str) -> dict[str, dict[str, str]]:
    """Return the table whose second column this is: its rows by their first cell, each by the columns' names."""
    lines = list(rows(PERFORMANCE))
    start = next(number for number, cells in enumerate(lines) if cells[:2] == ["", column])
    head = lines[start]
    body = itertools.takewhile(lambda cells: len(cells) == len(head), lines[start + 2 :])
    return {cells[0]: dict(zip(head, cells, strict=True)) for cells in body}


def _usd(text: str) -> float:
    return float(text.strip("*").replace("$", "").replace(",", ""))


def _unit_usd(cell: str) -> float:
    [(usd, _, per)] = re.findall(r"\[\$([\d.]+)( for ([\d,]+))?\]", cell)
    return float(usd) / int((per or "1").replace(",", ""))


def test_no_other_page_has_a_price() -> None:
    found = [
        f"{page.relative_to(ROOT)}: {line}"
        for page in pages()
        if page != PERFORMANCE
        for line in prose(page).splitlines()
        if _PRICE.search(line)
    ]
    assert found == [], "link to docs/performance.md instead"


def test_no_other_page_has_a_speed_of_the_engine() -> None:
    found = [
        f"{page.relative_to(ROOT)}: {line}"
        for page in pages()
        if page != PERFORMANCE and page.parent.name != "adr"
        for line in prose(page).splitlines()
        if _SPEED.search(line)
    ]
    assert found == [], "link to docs/performance.md instead"
