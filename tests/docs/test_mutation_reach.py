"""A mutation run knows which tests run a line, and puts a mutant in the place of its function."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools.mutation import reach, switch
from tools.mutation.reach import Reached
from tools.mutation.recording import Recorder

F = f"{__name__}.x_f"


def x_f__mutmut_orig(a: int, step: int = 1) -> int:
    if a > 1:
        return sum(a + step for _ in range(2))
    return a


def x_f__mutmut_1(a: int, step: int = 2) -> int:
    return a + step


class Base:
    def name(self) -> str:
        return "base"


class Derived(Base):
    def xǁDerivedǁname__mutmut_orig(self) -> str:
        return f"{super().name()}, derived"

    def xǁDerivedǁname__mutmut_1(self) -> str:
        return "nothing"

    def name(self) -> str:
        return f"{super().name()}, derived"


@pytest.fixture
def f(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function with one mutant, as mutmut's file has it."""
    monkeypatch.setattr(switch, "FUNCTIONS", {})
    monkeypatch.setattr(switch, "_registered", [])
    mutants: dict[str, Any] = {}

    @switch.register(mutants)
    def f(a: int, step: int = 1) -> int:
        return a + step

    mutants |= {switch.ORIGINAL: x_f__mutmut_orig, "x_f__mutmut_1": x_f__mutmut_1}
    switch.use_originals()
    return f


def test_a_mutant_takes_the_place_of_its_function_wherever_it_was_imported(f: Any) -> None:
    assert (f(1), f(2)) == (1, 6)
    switch.use(f"{F}__mutmut_1")
    assert (f(1), f(2)) == (3, 4)


def test_a_method_that_no_longer_calls_its_base_does_too(monkeypatch: pytest.MonkeyPatch) -> None:
    method = Derived.xǁDerivedǁname__mutmut_orig
    mutants = {switch.ORIGINAL: method, "xǁDerivedǁname__mutmut_1": Derived.xǁDerivedǁname__mutmut_1}
    monkeypatch.setattr(switch, "FUNCTIONS", {f"{__name__}.xǁDerivedǁname": (Derived.name, mutants)})
    switch.use(f"{__name__}.xǁDerivedǁname__mutmut_1")
    assert Derived().name() == "nothing"


def test_a_result_of_an_earlier_test_hides_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    cached = cache(calls.append)
    monkeypatch.setitem(sys.modules, "sesmail_layer.of_this_test", SimpleNamespace(cached=cached))
    cached(1)
    switch.clear_caches()
    cached(1)
    assert calls == [1, 1]


@pytest.mark.skipif(
    sys.version_info < (3, 12), reason="a mutation run needs Python 3.12; the engine and its tests do not"
)
def test_it_is_noted_which_tests_run_a_line_and_no_other_file_is_watched(f: Any, tmp_path: Path) -> None:
    recorder = Recorder()
    try:
        recorder.record("one", lambda: f(1))
        recorder.record("two", lambda: f(2))
        recorder.record("both", lambda: f(f(2)))
        recorder.record("none", lambda: None)
    finally:
        recorder.end()
    reach.save(recorder.reached, tmp_path / "reached.json")
    reached = reach.load(tmp_path / "reached.json")

    first = x_f__mutmut_orig.__code__.co_firstlineno
    assert reached.tests == ["one", "two", "both", "none"]
    assert {name: sorted(lines) for name, lines in reached.lines.items()} == {F: [first + 1, first + 2, first + 3]}
    assert [reached.by(F, [first + line]) for line in (1, 2, 3)] == [0b111, 0b110, 0b001]
    assert reached.by(F, [first + 2, first + 3]) == reached.by(F) == 0b111
    assert reach.numbers(0b101) == [0, 2]


def test_a_function_or_a_line_that_no_test_runs_has_none() -> None:
    reached = Reached(["one"], [0.1], {"x_f": {3: 1}})
    assert (reached.by("x_g"), reached.by("x_f", [4])) == (0, 0)
