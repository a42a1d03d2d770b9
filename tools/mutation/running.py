"""A pytest plugin that runs all mutants in forks of one process, in which the tests have been collected once.

mutmut starts pytest for each mutant: that takes longer than most tests.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from mutmut.mutation import trampoline

from tools.mutation import verdicts
from tools.mutation.verdicts import KILLED, function_of

# It runs in mutmut's folder; a test may leave it.
METAS = Path(verdicts.METAS).resolve()
STATS = Path(verdicts.STATS).resolve()
FAILURES = Path(verdicts.FAILURES).resolve()
SURVIVED, UNREACHED, SUSPICIOUS, TIMEOUT = 0, 33, 35, 36
# A mutant's tests may take six times what they took, and twelve seconds: of the processor, so that a busy machine makes
# no timeout; of the clock, for a test that waits for ever, ten times as long.
_MULTIPLIER, _CONSTANT, _CLOCK = 6, 2, 10
# Seconds of a test that runs after the others.
_SLOW = 1.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--workers", type=int, default=1)
    parser.addoption("--only", action="append", default=[], help="files below sesmail_layer, such as domain/errors.py")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Runner(config.option.workers, config.option.only or ["*"]))


@dataclass(slots=True)
class _Run:
    mutant: str
    meta: Path
    until: float


class Runner:
    """Runs the mutants without a verdict, of files that match a pattern; several at a time."""

    def __init__(self, workers: int, only: list[str]) -> None:
        self._workers = workers
        self._only = only
        self._running: dict[int, _Run] = {}
        self._kills: dict[str, Counter[str]] = {}
        FAILURES.touch()
        self._failures = FAILURES.open()
        """Read as it grows."""
        self._failed: list[dict[str, str]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed and call.excinfo is not None:
            self._failed.append({"test": item.nodeid, "when": call.when, "error": call.excinfo.typename})
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run mutants in place of tests."""
        gc.freeze()  # So that a fork need not copy what it only looks at.
        stats = json.loads(STATS.read_text())
        items = {item.nodeid: item for item in session.items}
        self._require_green(session.items)
        took, reaching = stats["duration_by_test"], stats["tests_by_mangled_function_name"]
        for meta, mutant in _without_verdict(self._only):
            tests = [test for test in reaching.get(function_of(mutant), ()) if test in items]
            if tests:
                seconds = _MULTIPLIER * (_CONSTANT + sum(took[test] for test in tests))
                ordered = [items[test] for test in self._by_likelihood(mutant, tests, took)]
                self._start(_Run(mutant, meta, time.monotonic() + _CLOCK * seconds), ordered, int(seconds))
            else:
                _note(meta, mutant, UNREACHED)
        while self._running:
            self._end_one()
        return True

    def _require_green(self, tests: list[pytest.Item]) -> None:
        """Run all tests without a mutant: one that fails anyway would kill every mutant that it reaches."""
        child = os.fork()
        if child == 0:
            code = SUSPICIOUS
            try:
                code = self._judge("", tests, resource.RLIM_INFINITY)
            finally:
                os._exit(code)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != SURVIVED:
            last = FAILURES.read_text().splitlines()[-1:]
            raise pytest.UsageError(f"A test fails in the tree of the mutants without a mutant: {''.join(last)}")
        self._failures.seek(0, os.SEEK_END)

    def _by_likelihood(self, mutant: str, tests: list[str], took: dict[str, float]) -> list[str]:
        """Order a mutant's tests: what killed others of its function, has its module's name, is unlike those before."""
        kills = self._kills.get(function_of(mutant), Counter())
        own = f"/test_{mutant.split('.')[-2]}"
        cases: Counter[str] = Counter()
        rank = {}
        for test in sorted(tests, key=took.__getitem__):
            function = test.partition("[")[0]
            cases[function] += 1
            rank[test] = (-kills[test], took[test] > _SLOW, own not in test, cases[function], took[test])
        return sorted(tests, key=rank.__getitem__)

    def _start(self, run: _Run, tests: list[pytest.Item], seconds: int) -> None:
        while len(self._running) >= self._workers:
            self._end_one()
        child = os.fork()
        if child == 0:
            code = SUSPICIOUS
            try:
                code = self._judge(run.mutant, tests, seconds)
            finally:
                os._exit(code)
        self._running[child] = run

    def _end_one(self) -> None:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            for late in [pid for pid, run in self._running.items() if time.monotonic() > run.until]:
                os.kill(late, signal.SIGKILL)  # Not yet waited for, so it still has its number.
            time.sleep(0.005)
            return
        run, code = self._running.pop(child), os.waitstatus_to_exitcode(status)
        _note(run.meta, run.mutant, TIMEOUT if code < 0 else code)
        for line in self._failures:
            kill = json.loads(line)
            self._kills.setdefault(function_of(kill["mutant"]), Counter())[kill["failed"][-1]["test"]] += 1

    def _judge(self, mutant: str, tests: list[pytest.Item], seconds: int) -> int:
        """Run tests in this fork until one fails; return the verdict."""
        os.environ["MUTANT_UNDER_TEST"] = mutant
        trampoline.get_mutant_under_test = lambda: mutant
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        for item, following in zip(tests, [*tests[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed:
                break
        else:
            return SURVIVED
        with FAILURES.open("a") as out:
            out.write(json.dumps({"mutant": mutant, "failed": self._failed}) + "\n")
        return KILLED if any(each["when"] == "call" for each in self._failed) else SUSPICIOUS


def _without_verdict(only: list[str]) -> Iterator[tuple[Path, str]]:
    for meta in sorted(METAS.rglob("*.py.meta")):
        module = meta.relative_to(METAS).with_suffix("").as_posix()
        if any(fnmatch(module, pattern) for pattern in only):
            codes = json.loads(meta.read_text())["exit_code_by_key"]
            yield from ((meta, mutant) for mutant, code in codes.items() if code is None)


def _note(meta: Path, mutant: str, code: int) -> None:
    found: dict[str, Any] = json.loads(meta.read_text())
    found["exit_code_by_key"][mutant] = code
    whole = meta.with_suffix(".new")  # Replaced at once: it may be stopped at any time.
    whole.write_text(json.dumps(found))
    whole.replace(meta)
