"""The price of a million emails is that of the current code, and performance.md alone has prices and speeds."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.docs.pages import DOCS, ROOT, pages, prose
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
    for load in ("no mail", "spread evenly", "batches of ten", "bulk beside transactional"):
        assert re.search(rf"^\| .*{load}.*\|$", text, re.MULTILINE), load


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
