"""A table has one row for each thing: two are what a merge of two branches leaves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, prose

MANY_ROWS_EACH = {
    ("bounce-rate-protection.md", "`suppressionType`"),  # one for each reason
    ("performance.md", "Measurement"),  # one for each baseline
    ("performance.md", "SES's rate"),  # one for each number of workers
    ("security.md", "Function"),  # one for each right
}
"""Page and heading of the tables with a first column that is no key."""


def tables(page: Path) -> Iterator[Sequence[str]]:
    """Yield the first column of every table, with its heading and without its ruler."""
    for table in re.findall(r"(?:^\|.*\|\n)+", prose(page), re.MULTILINE):
        heading, _, *rows = (re.split(r"(?<!\\)\|", row)[1].strip() for row in table.splitlines())
        yield [heading, *rows]


def thing(cell: str) -> str:
    """Return a first cell without a command's optional arguments: `sesmail find [ADDRESS]` is `sesmail find`."""
    return re.sub(r" \[[A-Z_]+\]`$", "`", cell)


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_a_table_has_one_row_for_each_thing(page: Path) -> None:
    twice = []
    for heading, *rows in tables(page):
        if (page.name, heading) not in MANY_ROWS_EACH:
            counts = Counter(thing(row) for row in rows if row)
            twice += [name for name, count in counts.items() if count > 1]
    assert twice == []


def test_each_table_that_repeats_its_first_column_exists() -> None:
    headings = {(page.name, heading) for page in DOCS.glob("*.md") for heading, *_ in tables(page)}
    assert headings >= MANY_ROWS_EACH
