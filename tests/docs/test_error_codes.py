"""Every code that the engine logs has one row in docs/error-codes.md, and every row a code."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from sesmail_layer.domain.errors import HoldError
from tests.docs.pages import DOCS, ROOT, rows

CODE = re.compile(r"[A-Z]{3,4}[0-9]{3}")
# The variable parts of a message in the docs: a single letter or `…`.
_VARIABLE = re.compile(r"(?<![\w])'?(?:X|N)'?(?![\w])|…|\[…\]")
SOURCES = sorted([*(ROOT / "python/sesmail_layer").rglob("*.py"), *(ROOT / "functions").rglob("*.py")])
TESTS = [path for path in (ROOT / "tests").rglob("*.py") if not {"docs", "node_modules"} & set(path.parts)]


def codes_in_the_code() -> set[str]:
    """Return every string that looks like a code."""
    return {
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }


def codes_that_tests_expect() -> set[str]:
    """Return every code that is a string in a test outside this folder, except in `SomeError(…, code=…)`.

    The string need not be part of an assertion.
    """
    expected = set()
    for path in TESTS:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        arguments = {node.value for node in nodes if isinstance(node, ast.keyword) and node.arg == "code"}
        constants = {node for node in nodes if isinstance(node, ast.Constant)} - arguments
        expected |= {node.value for node in constants if isinstance(node.value, str) and CODE.fullmatch(node.value)}
    return expected


def rows_in_the_docs() -> list[list[str]]:
    """Return the rows with a code in the first cell."""
    return [cells for cells in rows(DOCS / "error-codes.md") if CODE.fullmatch(cells[0])]


@cache
def texts_in_the_code() -> list[str]:
    """Return every string; the replacement fields of f-strings become NUL characters."""
    texts = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "\0" for part in node.values]
                texts.append("".join(str(part) for part in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return texts


def test_every_error_code_has_one_row_and_every_row_an_error_code() -> None:
    documented = Counter(cells[0] for cells in rows_in_the_docs())
    assert set(documented) == codes_in_the_code()
    assert [code for code, times in documented.items() if times > 1] == []


def test_every_error_code_is_in_a_test() -> None:
    assert codes_in_the_code() - codes_that_tests_expect() == set()


@pytest.mark.parametrize("cells", rows_in_the_docs(), ids=lambda cells: cells[0])
def test_a_row_has_message_cause_and_remedy(cells: list[str]) -> None:
    _, message, cause, remedy = cells
    assert message.startswith("`")
    assert message.endswith("`")
    assert cause
    assert remedy


@pytest.mark.parametrize("cells", rows_in_the_docs(), ids=lambda cells: cells[0])
def test_the_code_contains_the_message_of_a_row(cells: list[str]) -> None:
    """Every fixed part of the message is in a string of the code."""
    everything = "\n".join(texts_in_the_code())
    fixed = [piece for part in _VARIABLE.split(cells[1].strip("`")) for piece in re.split(r": |'", part)]
    assert [piece for piece in fixed if not _written(piece.strip(" :,.()[]"), everything)] == []


def _written(piece: str, everything: str) -> bool:
    """True for a part that is in the code as it is, or on both sides of a replacement field."""
    if len(piece) < 4 or piece in everything:
        return True
    words = piece.split()
    return any(
        " ".join(words[:cut]) in everything and " ".join(words[cut:]).strip("()") in everything
        for cut in range(1, len(words))
    )


def test_the_error_index_has_the_same_codes_and_messages() -> None:
    index = [tuple(cells[:2]) for cells in rows(DOCS / "ai" / "ERROR_INDEX.md") if CODE.fullmatch(cells[0])]
    assert index == [tuple(cells[:2]) for cells in rows_in_the_docs()]


def test_every_reason_to_wait_has_a_row() -> None:
    reasons = {kind.reason for kind in HoldError.__subclasses__() if kind.published}
    documented = {cells[0].strip("`") for cells in _section("Emails are not sent yet (deferred)")}
    assert documented == reasons


def _section(heading: str) -> list[list[str]]:
    text = Path(DOCS / "troubleshooting.md").read_text()
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    table = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in cells] for cells in table][1:]
