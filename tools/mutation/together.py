"""Judge survivors of different functions in one process: nearly all pass all tests, which then run once for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, Protocol

from tools.mutation.reach import Tests, function_of, numbers
from tools.mutation.verdicts import SURVIVED

Pending = dict[str, Tests]
"""Mutants without a verdict, with the tests that run them."""


class _Fork(Protocol):
    @property
    def last(self) -> int: ...
    def wait(self) -> int: ...


class _Forks(Protocol):
    def judge(self, mutants: Sequence[str], tests: Sequence[Any]) -> _Fork: ...


def judge(pending: Mapping[str, Tests], tests: Sequence[Any], forks: _Forks) -> Iterator[tuple[str, int]]:
    """Yield the verdict on each mutant."""
    waiting = dict(pending)
    while waiting:
        # A function can be one mutant at a time.
        group = {mutant: waiting.pop(mutant) for mutant in {function_of(one): one for one in waiting}.values()}
        ahead = numbers(reduce(or_, group.values(), 0))
        while group:
            running = reduce(or_, group.values(), 0)
            ahead = [number for number in ahead if running >> number & 1]
            fork = forks.judge(list(group), [tests[number] for number in ahead])
            if fork.wait() == SURVIVED:
                yield from ((mutant, SURVIVED) for mutant in group)
                break
            ended, ahead = ahead[fork.last], ahead[fork.last + 1 :]
            suspects = [mutant for mutant, runs in group.items() if runs >> ended & 1]
            verdicts = {mutant: forks.judge([mutant], [tests[ended]]).wait() for mutant in suspects}
            decided = {mutant: code for mutant, code in verdicts.items() if code != SURVIVED}
            yield from decided.items()
            group = {mutant: runs for mutant, runs in group.items() if mutant not in decided}
            for mutant in _at_odds([one for one in suspects if one not in decided], tests[ended], forks):
                waiting[mutant] = group.pop(mutant)


def _at_odds(mutants: Sequence[str], test: Any, forks: _Forks) -> Iterator[str]:
    """Yield mutants until a test passes with the others together: each passes it alone."""
    left = list(mutants)
    while len(left) > 1 and forks.judge(left, [test]).wait() != SURVIVED:
        # The last of the shortest row that fails is one of those at odds.
        passing, failing = 1, len(left)
        while failing - passing > 1:
            middle = (passing + failing) // 2
            if forks.judge(left[:middle], [test]).wait() == SURVIVED:
                passing = middle
            else:
                failing = middle
        yield left.pop(failing - 1)
