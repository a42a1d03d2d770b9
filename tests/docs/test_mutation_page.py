"""docs/mutation.md is consistent and complete; reasons name code that exists; mutmut's files are read correctly."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, rows
from tools.mutation import page, results, staging
from tools.mutation.named import NAMED
from tools.mutation.reading import read
from tools.mutation.reasons import REASONS, UNEXPLAINED
from tools.mutation.results import Counts, Survivor
from tools.mutation.staging import ROOMS

LAYER = ROOT / "python/sesmail_layer"


def documented() -> dict[str, Counts]:
    """The page's table: counts by module, room and in total."""
    names = ("mutants", "killed", "survived", "timeout", "other", "not_run")
    table = [cells for cells in rows(page.PAGE) if len(cells) == len(names) + 2 and cells[1].replace(",", "").isdigit()]
    numbers = {cells[0].strip("*"): [int(cell.replace(",", "")) for cell in cells[1:-1]] for cells in table}
    return {name: Counts(**dict(zip(names, found, strict=True))) for name, found in numbers.items()}


def modules() -> dict[str, Counts]:
    return {name: counts for name, counts in documented().items() if name.endswith(".py")}


def test_the_table_adds_up() -> None:
    found = results.Results(date="", python="", modules=modules(), survivors=[])
    sums = {room: found.room(room) for room in ROOMS} | {"total": found.total}

    assert sums == {name: counts for name, counts in documented().items() if not name.endswith(".py")}
    assert f"**{found.total.killed:,} of {found.total.mutants:,} changes killed" in page.PAGE.read_text()


@pytest.mark.parametrize("name", [*ROOMS, "total"])
def test_the_tests_kill_enough(name: str) -> None:
    assert documented()[name].share >= results.LEAST


def test_every_survivor_has_a_reason() -> None:
    counted = dict(re.findall(r"^### (.+): (\d+)$", page.PAGE.read_text(), re.MULTILINE))

    assert counted.keys() <= {reason.title for reason in REASONS.values()}, UNEXPLAINED.why
    assert sum(map(int, counted.values())) == documented()["total"].survived


def test_every_named_survivor_is_in_a_function_that_exists() -> None:
    assert [named for named in NAMED if named.function not in functions(LAYER / named.module)] == []


def functions(path: Path) -> set[str]:
    """The functions of a module as `function` or `Class.method`."""
    found = set()
    for node in ast.parse(path.read_text()).body if path.is_file() else ():
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        found |= {f"{prefix}{each.name}" for each in inner if isinstance(each, ast.FunctionDef)}
    return found


def test_the_page_names_every_module_that_no_run_has_included() -> None:
    assert page.unreached(modules()) in page.PAGE.read_text()


def test_every_test_that_is_left_out_exists() -> None:
    assert len(staging.left_out(ROOT)) == len(staging.LEFT_OUT) + len(staging.FILES_LEFT_OUT)


def test_a_name_that_no_test_has_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="test_settings"):
        staging.left_out(tmp_path)


MUTATED = """
def x_f__mutmut_orig(a):
    return a < 1


def x_f__mutmut_1(a):
    return a <= 1


class C:
    def xǁCǁg__mutmut_orig(self):
        call(
            1,
            2,
        )

    def xǁCǁg__mutmut_1(self):
        call(
            1,
        )
"""
SPANS = {
    "x_f__mutmut_orig": [2, 3],
    "x_f__mutmut_1": [5, 7],
    "xǁCǁg__mutmut_orig": [11, 15],
    "xǁCǁg__mutmut_1": [16, 20],
}


def test_only_what_a_failed_test_ended_counts_as_killed(tmp_path: Path) -> None:
    folder = tmp_path / "mutants/sesmail_layer/domain"
    folder.mkdir(parents=True)
    verdicts = {"x_f__mutmut_1": 0, "xǁCǁg__mutmut_1": 33, "a": 1, "b": 36, "c": 3, "d": 255, "e": 35, "f": None}
    meta = {"exit_code_by_key": {f"sesmail_layer.domain.one.{name}": code for name, code in verdicts.items()}}
    (folder / "one.py").write_text(MUTATED)
    (folder / "one.py.meta").write_text(json.dumps(meta))
    (folder / "one.py.spans").write_text(json.dumps({"version": 1, "spans": SPANS}))

    modules, survivors = read(tmp_path)

    assert modules == {"domain/one.py": Counts(mutants=7, killed=1, survived=2, timeout=1, other=3, not_run=1)}
    assert survivors == [
        Survivor(module="domain/one.py", function="f", before="return a < 1", after="return a <= 1"),
        Survivor(module="domain/one.py", function="C.g", before="2,", after=""),
    ]
