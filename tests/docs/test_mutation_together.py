"""Survivors of different functions are judged in one process, and each gets the verdict that it would get alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tools.mutation import together
from tools.mutation.verdicts import KILLED, SURVIVED, TIMEOUT

A, B, C = "m.x_a__mutmut_1", "m.x_b__mutmut_1", "m.x_c__mutmut_1"
TESTS = ["zero", "one", "two", "three"]


class Fork:
    def __init__(self, last: int, verdict: int) -> None:
        self.last = last
        self._verdict = verdict

    def wait(self) -> int:
        return self._verdict


class Forks:
    """Forks in which a test ends when mutants are there; and what ran in them."""

    def __init__(self, ends: dict[tuple[str, ...], dict[str, int]]) -> None:
        self._ends = ends
        self.ran: list[tuple[str, ...]] = []

    def judge(self, mutants: Sequence[str], tests: Sequence[str]) -> Fork:
        for number, test in enumerate(tests):
            self.ran.append((test, *(mutant[4] for mutant in mutants)))
            for needed, ends in self._ends.items():
                if set(needed) <= set(mutants) and test in ends:
                    return Fork(number, ends[test])
        return Fork(len(tests) - 1, SURVIVED)


def test_a_function_is_one_mutant_at_a_time() -> None:
    forks = Forks({("m.x_a__mutmut_1",): {"zero": KILLED}})
    pending = {"m.x_a__mutmut_1": 1, "m.x_a__mutmut_2": 1, "m.x_b__mutmut_7": 1}
    assert dict(together.judge(pending, TESTS, forks)) == {
        "m.x_a__mutmut_1": KILLED,
        "m.x_a__mutmut_2": SURVIVED,
        "m.x_b__mutmut_7": SURVIVED,
    }
    assert all(run.count("a") <= 1 for run in forks.ran)


def test_where_all_pass_each_test_runs_once_for_all() -> None:
    forks = Forks({})
    assert dict(together.judge({A: 0b0011, B: 0b0110}, TESTS, forks)) == {A: SURVIVED, B: SURVIVED}
    assert forks.ran == [("zero", "a", "b"), ("one", "a", "b"), ("two", "a", "b")]


@pytest.mark.parametrize("code", [KILLED, TIMEOUT])
def test_what_a_test_ends_alone_is_ended_and_the_tests_go_on_with_the_others(code: int) -> None:
    forks = Forks({(B,): {"one": code}})
    assert dict(together.judge({A: 0b1111, B: 0b0110, C: 0b0001}, TESTS, forks)) == {A: SURVIVED, B: code, C: SURVIVED}
    # `zero` does not run again, and `c`, which `one` does not run, is not asked.
    assert forks.ran[2:] == [("one", "a"), ("one", "b"), ("two", "a", "c"), ("three", "a", "c")]


def test_all_that_one_test_ends_are_ended_at_once() -> None:
    forks = Forks({(A,): {"zero": KILLED}, (C,): {"zero": TIMEOUT, "two": KILLED}})
    assert dict(together.judge({A: 1, B: 2, C: 5}, TESTS, forks)) == {A: KILLED, B: SURVIVED, C: TIMEOUT}


def test_what_only_two_mutants_fail_together_decides_about_neither() -> None:
    forks = Forks({(A, C): {"one": KILLED}, (C,): {"two": KILLED}})
    assert dict(together.judge({A: 0b0111, B: 0b0111, C: 0b0111}, TESTS, forks)) == {
        A: SURVIVED,
        B: SURVIVED,
        C: KILLED,
    }
