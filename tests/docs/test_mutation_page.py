"""docs/mutation.md says what tools/mutation/results.json holds, survivors have reasons, and verdicts are read right."""

from __future__ import annotations

import json
from pathlib import Path

from tools.mutation import page, results
from tools.mutation.reading import read
from tools.mutation.reasons import REASONS, explained
from tools.mutation.results import Counts, Survivor
from tools.mutation.staging import LEFT_OUT, ROOMS

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_made_of_the_results() -> None:
    assert page.page(results.load()) == page.PAGE.read_text(), "run `python -m tools.mutation --page`"


def test_enough_is_killed_in_each_room_and_together() -> None:
    found = results.load()

    assert found.total.share >= results.LEAST
    for room in ROOMS:
        assert found.room(room).share >= results.LEAST, room


def test_every_survivor_has_a_reason_that_still_holds() -> None:
    found = results.load()

    assert [survivor for survivor in found.survivors if survivor.reason not in REASONS] == []
    assert [survivor for survivor in found.survivors if explained(survivor).reason != survivor.reason] == []
    assert len(found.survivors) == found.total.survived


def test_every_module_with_functions_was_changed() -> None:
    """A module that came later is missing until the next run, and seen here."""
    layer = ROOT / "python/sesmail_layer"
    here = {
        path.relative_to(layer).as_posix()
        for room in ROOMS
        for path in (layer / room).glob("*.py")
        if "    return " in path.read_text() or "    raise " in path.read_text()
    }

    assert here - results.load().modules.keys() == set()


def test_a_run_of_some_modules_changes_what_is_known_of_those_that_it_finished() -> None:
    def found(survivor: str, **modules: Counts) -> results.Results:
        left = [Survivor(module=survivor, function="f", before="a", after="b")]
        return results.Results(date="2026-01-01", python="3.13.0", modules=dict(modules), survivors=left)

    before = found("a", a=Counts(mutants=2, killed=1, survived=1), b=Counts(mutants=3, killed=3))
    newer = found("a", a=Counts(mutants=4, killed=3, survived=1), b=Counts(mutants=1, killed=1, not_run=2))

    known = before.updated(newer)

    assert known.modules == {"a": newer.modules["a"], "b": before.modules["b"]}
    assert known.survivors == newer.survivors


def test_what_is_left_out_is_there() -> None:
    for name in LEFT_OUT:
        path, _, test = name.partition("::")
        assert f"def {test}(" in (ROOT / path).read_text() if test else (ROOT / path).is_file(), name


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
    verdicts = {"x_f__mutmut_1": 0, "xǁCǁg__mutmut_1": 33, "a": 1, "b": -24, "c": 3, "d": 255, "e": 35, "f": None}
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
