"""A mutation run repeats what a change of code or tests can change, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.mutation import reach, verdicts
from tools.mutation.reach import Reached

ONE, OTHER = "sesmail_layer.domain.ses.one.x_f__mutmut_", "sesmail_layer.domain.other.x_g__mutmut_"
KILLED, SURVIVED, TIMEOUT = 1, 0, 36


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """The tree of a finished run, and the repository as it was then."""
    stage, root = tmp_path / "stage", tmp_path / "root"
    for base in (stage, root):
        write(base / "tests/unit/domain/ses/test_one.py", "1")
        write(base / "tests/unit/usecases/test_more.py", "1")
        write(base / "tests/cases/some.json", "1")
    for source in (stage, root / "python"):
        write(source / "sesmail_layer/domain/ses/one.py", "1")
        write(source / "sesmail_layer/domain/other.py", "1")
    meta(stage, "domain/ses/one.py", {f"{ONE}1": KILLED, f"{ONE}2": SURVIVED, f"{ONE}3": TIMEOUT, f"{ONE}4": None})
    meta(stage, "domain/other.py", {f"{OTHER}1": KILLED, f"{OTHER}2": SURVIVED})
    reached = Reached(
        tests=["tests/unit/domain/ses/test_one.py::test", "tests/unit/usecases/test_more.py::test[1]"],
        seconds=[0.1, 0.1],
        lines={"sesmail_layer.domain.ses.one.x_f": {5: 0b01}, "sesmail_layer.domain.other.x_g": {5: 0b10}},
    )
    reach.save(reached, stage / "mutants" / verdicts.REACHED)
    kills = {
        f"{ONE}1": "tests/unit/domain/ses/test_one.py::test",
        f"{OTHER}1": "tests/unit/usecases/test_more.py::test",
    }
    lines = [json.dumps({"mutant": mutant, "failed": [{"test": test}]}) for mutant, test in kills.items()]
    write(stage / "mutants" / verdicts.FAILURES, "\n".join(lines))
    return stage, root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def meta(stage: Path, module: str, codes: dict[str, int | None]) -> None:
    write(stage / f"mutants/sesmail_layer/{module}.meta", json.dumps({"exit_code_by_key": codes}))


def held(trees: tuple[Path, Path]) -> set[str]:
    """The mutants whose verdict the next run keeps: `one.1`."""
    kept = [json.loads(text) for path, text in verdicts.still_valid(*trees).items() if path.suffix == ".meta"]
    found = [name for meta in kept for name, code in meta["exit_code_by_key"].items() if code is not None]
    return {
        ".".join(name.replace(".x_f__mutmut_", ".").replace(".x_g__mutmut_", ".").split(".")[-2:]) for name in found
    }


def test_without_a_change_every_verdict_holds_and_a_stopped_run_goes_on(trees: tuple[Path, Path]) -> None:
    assert held(trees) == {"one.1", "one.2", "one.3", "other.1", "other.2"}


def test_a_changed_module_is_run_again(trees: tuple[Path, Path]) -> None:
    write(trees[1] / "python/sesmail_layer/domain/ses/one.py", "2")
    assert held(trees) == {"other.1", "other.2"}


@pytest.mark.parametrize("content", ["2", None])
def test_a_changed_or_deleted_test_is_asked_again(trees: tuple[Path, Path], content: str | None) -> None:
    test = trees[1] / "tests/unit/usecases/test_more.py"
    test.unlink()
    if content:
        write(test, content)
    assert held(trees) == {"one.1", "one.2", "one.3"}


def test_a_new_test_is_asked_about_the_survivors_of_its_room(trees: tuple[Path, Path]) -> None:
    write(trees[1] / "tests/unit/domain/ses/test_one_more.py", "1")
    assert held(trees) == {"one.1", "other.1", "other.2"}


def test_what_tests_share_may_kill_every_survivor(trees: tuple[Path, Path]) -> None:
    write(trees[1] / "tests/cases/some.json", "2")
    assert held(trees) == {"one.1", "other.1"}


def test_a_kill_that_no_failed_test_is_known_for_is_run_again(trees: tuple[Path, Path]) -> None:
    write(trees[0] / "mutants" / verdicts.FAILURES, "")
    assert held(trees) == {"one.2", "one.3", "other.2"}


def test_a_run_that_was_stopped_before_it_knew_the_lines_of_tests_keeps_its_kills(trees: tuple[Path, Path]) -> None:
    (trees[0] / "mutants" / verdicts.REACHED).unlink()
    assert held(trees) == {"one.1", "other.1"}


def test_without_an_earlier_run_nothing_holds(tmp_path: Path) -> None:
    assert verdicts.still_valid(tmp_path, tmp_path) == {}
