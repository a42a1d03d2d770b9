"""docs/adr/README.md lists every decision with its status, and every decision has the same sections."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, rows

ADR = DOCS / "adr"
RECORDS = sorted(ADR.glob("[0-9]*.md"))
_SECTIONS = ["Context", "Decision", "Consequences"]
_REPLACED = re.compile(r"replaced by \[ADR (\d+)\]\((\d{4}-[a-z0-9-]+\.md)\)")

each_record = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)


def status(record: Path) -> str:
    """Return the status without what is said about it."""
    line = record.read_text().splitlines()[2].removeprefix("Status: ")
    replaced = _REPLACED.match(line)
    return replaced[0] if replaced else re.split(r"[ ,]", line)[0]


def index() -> list[list[str]]:
    """Return number with link, decision and status of each row."""
    return [cells for cells in rows(ADR / "README.md") if cells[0].startswith("[")]


def test_the_index_lists_every_record_in_order_with_its_status() -> None:
    expected = [(f"[{int(record.name[:4])}]({record.name})", status(record)) for record in RECORDS]
    assert [(link, kind) for link, _, kind in index()] == expected


def test_each_decision_is_one_sentence() -> None:
    for link, decision, _ in index():
        assert decision.endswith("."), link
        assert ". " not in decision, link


@each_record
def test_a_record_has_number_status_and_sections(record: Path) -> None:
    text = record.read_text()
    assert text.startswith(f"# {int(record.name[:4])}. ")
    assert text.splitlines()[2].startswith("Status: ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) in (_SECTIONS, [*_SECTIONS, "Alternatives"])


@each_record
def test_a_record_is_accepted_or_names_the_one_that_replaces_it(record: Path) -> None:
    found = status(record)
    replaced = _REPLACED.fullmatch(found)
    if replaced:
        assert (ADR / replaced[2]).is_file()
        assert int(replaced[1]) == int(replaced[2][:4])
    else:
        assert found == "accepted"
