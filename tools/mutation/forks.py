"""Run tests in a fork of this process, with mutants in the place of their functions."""

from __future__ import annotations

import json
import mmap
import os
import resource
import signal
import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tools.mutation import switch
from tools.mutation.verdicts import KILLED, SURVIVED, SUSPICIOUS, TIMEOUT

# Each test may take six times what it took, and twelve seconds: of the processor, so that a busy machine makes no
# timeout; of the clock, for a test that waits for ever, ten times as long.
_MULTIPLIER, _CONSTANT, _CLOCK = 6, 2, 10


class Test(NamedTuple):
    item: pytest.Item
    seconds: float
    """Of the processor, without a mutant."""

    @property
    def limit(self) -> float:
        return _MULTIPLIER * (_CONSTANT + self.seconds)

    def run(self, following: pytest.Item | None) -> None:
        self.item.config.hook.pytest_runtest_protocol(item=self.item, nextitem=following)


class Fork(NamedTuple):
    pid: int
    progress: mmap.mmap
    until: float

    @property
    def last(self) -> int:
        """The number of the test that ran last."""
        return int.from_bytes(self.progress[:4])

    def verdict(self) -> int | None:
        """Return how it ended, or None while it runs."""
        child, status = os.waitpid(self.pid, os.WNOHANG)
        if not child:
            if time.monotonic() > self.until:
                os.kill(self.pid, signal.SIGKILL)  # Not yet waited for, so it still has its number.
            return None
        code = os.waitstatus_to_exitcode(status)
        return TIMEOUT if code < 0 else code

    def wait(self) -> int:
        while (code := self.verdict()) is None:
            time.sleep(0.005)
        return code


class Forks:
    """A pytest plugin that starts forks, and in each of them notes the tests that fail."""

    def __init__(self, failures: Path) -> None:
        self._failures = failures
        self._failed: list[dict[str, str]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed and call.excinfo is not None:
            self._failed.append({"test": item.nodeid, "when": call.when, "error": call.excinfo.typename})
        return report

    def judge(self, mutants: Sequence[str], tests: Sequence[Test]) -> Fork:
        """Start a fork that runs tests until one kills. What a single mutant fails is noted in the file."""
        progress = mmap.mmap(-1, 4)
        child = self._fork(partial(self._judge, mutants, tests, progress))
        return Fork(child, progress, time.monotonic() + _CLOCK * sum(test.limit for test in tests))

    def wait_for(self, work: Callable[[], None]) -> int:
        """Do something in a fork that runs tests; return the verdict."""
        child = self._fork(work)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def _fork(self, work: Callable[[], None]) -> int:
        child = os.fork()
        if child:
            return child
        code = SUSPICIOUS
        try:
            work()
            code = KILLED if self._is_killed() else SUSPICIOUS if self._failed else SURVIVED
        finally:
            os._exit(code)

    def _is_killed(self) -> bool:
        return any(each["when"] == "call" for each in self._failed)

    def _judge(self, mutants: Sequence[str], tests: Sequence[Test], progress: mmap.mmap) -> None:
        for mutant in mutants:
            switch.use(mutant)
        switch.clear_caches()
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        following = [*(test.item for test in tests[1:]), None]
        for number, (test, next_item) in enumerate(zip(tests, following, strict=True)):
            progress[:4] = number.to_bytes(4)
            seconds = int(time.process_time() + test.limit)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
            test.run(next_item)
            # A fixture that fails kills nothing; which of several mutants fails it is found out one by one.
            if self._is_killed() or (self._failed and len(mutants) > 1):
                break
        if self._failed and len(mutants) == 1:
            with self._failures.open("a") as out:
                out.write(json.dumps({"mutant": mutants[0], "failed": self._failed}) + "\n")
