"""Which verdicts of an earlier run still hold: `make mutate` repeats what a change of code or tests can change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.mutation import reach
from tools.mutation.reach import function_of, numbers

# mutmut's folder in the tree, and in it: which tests reach which function (reach.py), and the mutants of each module.
MUTANTS = "mutants"
REACHED = "reached.json"
METAS = "sesmail_layer"
# One line for each kill, with the tests that failed (running.py).
FAILURES = "failures.jsonl"
# The mutants that have survived the tests that each has alone: a run that was stopped goes on with all of their tests.
DOUBTFUL = "doubtful.txt"
# mutmut's codes. 33: no test reaches the mutant; 35: it ended in another way.
SURVIVED, KILLED, UNREACHED, SUSPICIOUS, TIMEOUT = 0, 1, 33, 35, 36


def still_valid(stage: Path, root: Path) -> dict[Path, str]:
    """Return mutmut's files of verdicts, without those that have to be found again.

    None holds for a module that has changed. A kill holds while the file of a test that killed is the same. Any other
    verdict holds while the files of all tests that reached the function are the same, no file was added to its module's
    folder of tests, and what tests share (fakes, cases) is the same.
    """
    mutants = stage / MUTANTS
    if not (mutants / FAILURES).exists():
        return {}
    changed = changed_files(stage, root)
    failed = killers(mutants / FAILURES)
    # A run that was stopped while it recorded has none.
    reached = reach.load(mutants / REACHED) if (mutants / REACHED).exists() else None

    def holds(mutant: str, code: int) -> bool:
        if code == KILLED:
            return bool({file_of(test) for test in failed.get(mutant, ())} - changed)
        if reached is None:
            return False
        tests = {file_of(reached.tests[number]) for number in numbers(reached.by(function_of(mutant)))}
        folder = "tests/unit/" + "/".join(mutant.split(".")[1:-2])
        return not any(one in tests or one.startswith(f"{folder}/test_") or "/test_" not in one for one in changed)

    kept = {mutants / FAILURES: (mutants / FAILURES).read_text()}
    for meta in (mutants / METAS).rglob("*.py.meta"):
        module = meta.relative_to(mutants).with_suffix("")
        if _content(stage / module) == _content(root / "python" / module):
            kept[meta] = _without(meta, holds)
    return kept


def changed_files(stage: Path, root: Path) -> set[str]:
    """Return the files of tests, and of what tests share, that are not in the stage as they are in the repository."""
    names = {
        path.relative_to(base).as_posix()
        for base in (stage, root)
        for folder in ("tests/unit", "tests/cases", "tests/events", "tools/simulation")
        for path in (base / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return {name for name in names if _content(stage / name) != _content(root / name)}


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def killers(failures: Path) -> dict[str, set[str]]:
    """Return the tests that killed each mutant."""
    lines = map(json.loads, failures.read_text().splitlines())
    return {line["mutant"]: {each["test"] for each in line["failed"]} for line in lines}


def file_of(test: str) -> str:
    return test.partition("::")[0]


def _without(meta: Path, holds: Callable[[str, int], bool]) -> str:
    found: dict[str, Any] = json.loads(meta.read_text())
    verdicts: dict[str, int | None] = found["exit_code_by_key"]
    found["exit_code_by_key"] = {
        name: code if code is not None and holds(name, code) else None for name, code in verdicts.items()
    }
    return json.dumps(found)
