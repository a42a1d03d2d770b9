"""Read mutmut's files: a verdict for every mutant, and how the survivors differ."""

from __future__ import annotations

import difflib
import json
import textwrap
from collections import Counter
from pathlib import Path

from tools.mutation.reach import function_of
from tools.mutation.results import Counts, Survivor
from tools.mutation.statements import lines_of_change
from tools.mutation.verdicts import KILLED, SURVIVED, TIMEOUT, UNREACHED

_SURVIVED = (SURVIVED, UNREACHED)
_VERDICTS = {KILLED: "killed", SURVIVED: "survived", UNREACHED: "survived", TIMEOUT: "timeout"}


def read(stage: Path) -> tuple[dict[str, Counts], list[Survivor]]:
    """Return the counts of each module and the survivors; mutants that were not run have a count of their own."""
    modules, survivors = {}, []
    for meta in sorted((stage / "mutants/sesmail_layer").rglob("*.py.meta")):
        module = meta.relative_to(stage / "mutants/sesmail_layer").with_suffix("").as_posix()
        verdicts: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
        ran = {name.rpartition(".")[2]: code for name, code in verdicts.items() if code is not None}
        if not verdicts:
            continue
        found = Counter(_VERDICTS.get(code, "other") for code in ran.values())
        modules[module] = Counts(mutants=len(ran), not_run=len(verdicts) - len(ran), **found)
        survivors += _survivors(meta.with_suffix(""), module, [name for name in ran if ran[name] in _SURVIVED])
    return modules, survivors


class Mutants:
    """mutmut's copies of the functions of one module."""

    def __init__(self, path: Path) -> None:
        self._lines = path.read_text().splitlines()
        self._spans: dict[str, list[int]] = json.loads(Path(f"{path}.spans").read_text())["spans"]

    def copies(self, mutant: str) -> tuple[list[str], list[str]]:
        """Return a function as it is and as the mutant, without the names that mutmut gave the two."""
        return self._body(_original(mutant)), self._body(mutant)

    def lines_of_change(self, mutant: str) -> set[int]:
        """Return the lines of the file of which one runs, in the unchanged copy, if the changed statement runs."""
        name = mutant.rpartition(".")[2]
        first, _ = self._spans[_original(name)]
        return {first + line for line in lines_of_change(*self.copies(name))}

    def _body(self, name: str) -> list[str]:
        first, last = self._spans[name]
        return [line.replace(f"def {name}", "def _") for line in self._lines[first - 1 : last]]


def _original(mutant: str) -> str:
    return f"{function_of(mutant)}__mutmut_orig"


def _survivors(mutated: Path, module: str, names: list[str]) -> list[Survivor]:
    source = Mutants(mutated)
    found = []
    for name in names:
        before, after = [], []
        for line in difflib.unified_diff(*source.copies(name), lineterm="", n=0):
            if line.startswith("-") and not line.startswith("---"):
                before.append(line[1:])
            elif line.startswith("+") and not line.startswith("+++"):
                after.append(line[1:])
        found.append(
            Survivor(module=module, function=_plain(function_of(name)), before=_text(before), after=_text(after))
        )
    return found


def _plain(name: str) -> str:
    """Return `Class.method` for `xǁClassǁmethod`, `function` for `x_function`."""
    return name[2:].replace("ǁ", ".") if name.startswith("xǁ") else name.removeprefix("x_")


def _text(lines: list[str]) -> str:
    return textwrap.dedent("\n".join(lines)).strip("\n")
