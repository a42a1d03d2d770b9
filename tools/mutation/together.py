"""Judge survivors of different functions in one process: nearly all pass all tests, which then run once for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, Protocol

from tools.mutation.reach import Tests, function_of, numbers
from tools.mutation.verdicts import SURVIVED


class _Fork(Protocol):
    @property
    def last(self) -> int: ...
    def wait(self) -> int: ...


class _Forks(Protocol):
    def judge(self, mutants: Sequence[str], tests: Sequence[Any]) -> _Fork: ...


def groups(pending: Mapping[str, Tests]) -> list[dict[str, Tests]]:
    """Split mutants, with the tests that run them, into groups: a function can be one mutant at a time."""
    found: list[dict[str, Tests]] = []
    for mutant, tests in pending.items():
        function = function_of(mutant)
        group = next((group for group in found if function not in map(function_of, group)), None)
        if group is None:
            group = {}
            found.append(group)
        group[mutant] = tests
    return found


def judge(group: Mapping[str, Tests], tests: Sequence[Any], forks: _Forks) -> Iterator[tuple[str, int]]:
    """Yield the verdict on each mutant of a group.

    Where a test ends a fork of all, each mutant that runs in it has that test alone; the tests go on with the others.
    """
    left = dict(group)
    ahead = numbers(reduce(or_, left.values(), 0))
    while left:
        running = reduce(or_, left.values(), 0)
        ahead = [number for number in ahead if running >> number & 1]
        fork = forks.judge(list(left), [tests[number] for number in ahead])
        if fork.wait() == SURVIVED:
            yield from ((mutant, SURVIVED) for mutant in left)
            return
        ended = ahead[fork.last]
        ahead = ahead[fork.last :]
        suspects = [mutant for mutant, runs in left.items() if runs >> ended & 1]
        verdicts = {mutant: forks.judge([mutant], [tests[ended]]).wait() for mutant in suspects}
        decided = {mutant: code for mutant, code in verdicts.items() if code != SURVIVED}
        if not decided:  # It takes several of them.
            every = {mutant: [tests[number] for number in numbers(left[mutant])] for mutant in suspects}
            decided = {mutant: forks.judge([mutant], every[mutant]).wait() for mutant in suspects}
        yield from decided.items()
        left = {mutant: runs for mutant, runs in left.items() if mutant not in decided}
