"""Which tests run which lines, and how long they take."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import reduce
from operator import or_
from pathlib import Path
from typing import NamedTuple

# Tests that run a line are the bits of a number: there are millions of pairs.
Tests = int


class Reached(NamedTuple):
    tests: list[str]
    seconds: list[float]
    """Of the processor, in the order of `tests`."""
    lines: dict[str, dict[int, Tests]]
    """By mutmut's name of the function."""

    def by(self, function: str, lines: Iterable[int] | None = None) -> Tests:
        """Return the tests that run one of the lines of a function, or any."""
        found = self.lines.get(function, {})
        chosen = found.values() if lines is None else (found.get(line, 0) for line in lines)
        return reduce(or_, chosen, 0)


def numbers(tests: Tests) -> list[int]:
    return [number for number in range(tests.bit_length()) if tests >> number & 1]


def save(reached: Reached, path: Path) -> None:
    lines = {name: {str(line): hex(tests) for line, tests in of.items()} for name, of in reached.lines.items()}
    path.write_text(json.dumps(reached._replace(lines=lines)._asdict()))  # type: ignore[arg-type]


def load(path: Path) -> Reached:
    found = json.loads(path.read_text())
    lines = {name: {int(line): int(tests, 16) for line, tests in of.items()} for name, of in found["lines"].items()}
    return Reached(found["tests"], found["seconds"], lines)


def function_of(mutant: str) -> str:
    return mutant.partition("__mutmut_")[0]
