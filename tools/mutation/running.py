"""A pytest plugin that runs all mutants in forks of one process, in which the tests have been collected once.

mutmut starts pytest for each mutant: that takes longer than most tests. Here a mutant has a fork and the tests that run
the changed statement, the likely killers first, for a few seconds. What survives these is judged together with the
survivors of other functions, by all tests that run one of them.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tools.mutation import reach, switch, together, verdicts
from tools.mutation.forks import Fork, Forks, Test
from tools.mutation.reach import Tests, function_of, numbers
from tools.mutation.reading import Mutants
from tools.mutation.recording import Recorder
from tools.mutation.verdicts import SURVIVED, UNREACHED

# It runs in mutmut's folder; a test may leave it.
METAS = Path(verdicts.METAS).resolve()
REACHED = Path(verdicts.REACHED).resolve()
FAILURES = Path(verdicts.FAILURES).resolve()
DOUBTFUL = Path(verdicts.DOUBTFUL).resolve()
# Seconds of a test that runs after the others, and of the tests that a mutant has alone.
_SLOW, _ALONE = 0.5, 1.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--workers", type=int, default=1)
    parser.addoption("--only", action="append", default=[], help="files below sesmail_layer, such as domain/errors.py")


def pytest_configure(config: pytest.Config) -> None:
    for file in (FAILURES, DOUBTFUL):
        file.touch()
    forks = Forks(FAILURES)
    config.pluginmanager.register(forks)
    config.pluginmanager.register(Runner(forks, config.option.workers, config.option.only or ["*"]))


class _Run(NamedTuple):
    mutant: str
    meta: Path
    fork: Fork
    complete: bool
    """All tests that run the changed statement."""


class Runner:
    """Runs the mutants without a verdict, of files that match a pattern; several at a time."""

    def __init__(self, forks: Forks, workers: int, only: list[str]) -> None:
        self._forks = forks
        self._workers = workers
        self._only = only
        self._running: list[_Run] = []
        self._kills: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """By function: how many mutants each test killed."""
        self._killers = verdicts.killers(FAILURES)
        """Of an earlier run: the tests that killed each mutant, which may have changed since."""
        self._failures = FAILURES.open()
        """Read as it grows."""
        self._failures.seek(0, os.SEEK_END)
        self._unfinished = ""
        self._orders: dict[tuple[str, Tests], list[int]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run mutants in place of tests."""
        if session.testsfailed:
            raise session.Interrupted("Not all tests can be collected.")
        switch.use_originals()
        gc.collect()
        gc.freeze()  # So that a fork need not copy what it only looks at.
        items = {item.nodeid: item for item in session.items}
        if not REACHED.exists() or reach.load(REACHED).tests != list(items):
            self._record(session.items)
        self._reached = reach.load(REACHED)
        timed = zip(self._reached.tests, self._reached.seconds, strict=True)
        self._tests = [Test(items[name], seconds) for name, seconds in timed]
        self._number = {name: number for number, name in enumerate(self._reached.tests)}
        chosen = list(_without_verdict(self._only))
        doubtful = set(DOUBTFUL.read_text().splitlines())
        for meta, mutant, tests in self._with_tests(chosen):
            if mutant not in doubtful:
                self._judge_alone(meta, mutant, tests)
        while self._running:
            self._end_some()
        self._judge_together(self._with_tests(chosen))
        return True

    def _record(self, items: list[pytest.Item]) -> None:
        """Run all tests without a mutant: one that fails would kill every mutant that it reaches."""
        recorder = Recorder()

        def record() -> None:
            for item, following in zip(items, [*items[1:], None], strict=True):
                recorder.record(item.nodeid, partial(Test(item, 0).run, following))
            reach.save(recorder.reached, REACHED)

        code = self._forks.wait_for(record)
        recorder.end()
        if code != SURVIVED:
            REACHED.unlink(missing_ok=True)
            raise pytest.UsageError("A test fails in the tree of the mutants without a mutant.")

    def _with_tests(self, chosen: list[Path]) -> Iterator[tuple[Path, str, Tests]]:
        """Yield the mutants that have no verdict."""
        for meta in chosen:
            source = Mutants(meta.with_suffix(""))
            for mutant, code in _codes(meta).items():
                if code is None:
                    function = function_of(mutant)
                    lines = source.lines_of_change(mutant)
                    yield meta, mutant, self._reached.by(function, lines) or self._reached.by(function)

    def _judge_alone(self, meta: Path, mutant: str, tests: Tests) -> None:
        if not tests:
            _note(meta, mutant, UNREACHED)
            return
        chosen: list[Test] = []
        seconds = 0.0
        for number in self._by_likelihood(mutant, tests):
            seconds += self._tests[number].seconds
            if chosen and seconds > _ALONE:
                break
            chosen.append(self._tests[number])
        while len(self._running) >= self._workers:
            self._end_some()
        complete = len(chosen) == tests.bit_count()
        self._running.append(_Run(mutant, meta, self._forks.judge([mutant], chosen), complete))

    def _by_likelihood(self, mutant: str, tests: Tests) -> list[int]:
        """Order a mutant's tests: what killed it or others of its function, has its module's name, is a first case."""
        killers = self._killers.get(mutant, set())
        likely = [
            *killers,
            *(name for name, _ in self._kills[function_of(mutant)].most_common() if name not in killers),
        ]
        first = [number for name in likely if (number := self._number.get(name)) is not None and tests >> number & 1]
        own = f"/test_{mutant.split('.')[-2]}"
        if (own, tests) not in self._orders:
            self._orders[own, tests] = self._ordered(own, tests)
        return [*first, *(number for number in self._orders[own, tests] if number not in first)]

    def _ordered(self, own: str, tests: Tests) -> list[int]:
        cases: Counter[str] = Counter()
        rank = {}
        for number in sorted(numbers(tests), key=self._reached.seconds.__getitem__):
            name, seconds = self._reached.tests[number], self._reached.seconds[number]
            function = name.partition("[")[0]
            cases[function] += 1
            rank[number] = (seconds > _SLOW, own not in name, cases[function], seconds)
        return sorted(rank, key=rank.__getitem__)

    def _end_some(self) -> None:
        ended = [(run, code) for run in self._running if (code := run.fork.verdict()) is not None]
        if not ended:
            time.sleep(0.005)
        for run, code in ended:
            self._running.remove(run)
            if code != SURVIVED or run.complete:
                _note(run.meta, run.mutant, code)
            else:
                with DOUBTFUL.open("a") as out:
                    out.write(f"{run.mutant}\n")
        # A fork may be writing its line.
        *lines, self._unfinished = (self._unfinished + self._failures.read()).split("\n")
        for kill in map(json.loads, lines):
            self._kills[function_of(kill["mutant"])][kill["failed"][-1]["test"]] += 1

    def _judge_together(self, left: Iterator[tuple[Path, str, Tests]]) -> None:
        found = list(left)
        metas = {mutant: meta for meta, mutant, _ in found}
        pending = {mutant: tests for _, mutant, tests in found}
        for mutant, code in together.judge(pending, self._tests, self._forks):
            _note(metas[mutant], mutant, code)


def _without_verdict(only: list[str]) -> Iterator[Path]:
    for meta in sorted(METAS.rglob("*.py.meta")):
        module = meta.relative_to(METAS).with_suffix("").as_posix()
        if any(fnmatch(module, pattern) for pattern in only) and None in _codes(meta).values():
            yield meta


def _codes(meta: Path) -> dict[str, int | None]:
    codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
    return codes


def _note(meta: Path, mutant: str, code: int) -> None:
    found: dict[str, Any] = json.loads(meta.read_text())
    found["exit_code_by_key"][mutant] = code
    whole = meta.with_suffix(".new")  # Replaced at once: it may be stopped at any time.
    whole.write_text(json.dumps(found))
    whole.replace(meta)
