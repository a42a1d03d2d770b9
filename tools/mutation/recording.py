"""Note which tests run which lines, in a run of all tests without a mutant."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from tools.mutation import switch
from tools.mutation.reach import Reached, Tests


class Recorder:
    """Notes the lines of functions that have mutants, while tests run one after the other."""

    def __init__(self) -> None:
        self._monitoring: Any = getattr(sys, "monitoring", None)
        if self._monitoring is None:
            raise RuntimeError("A mutation run needs Python 3.12 or later, which can note the lines that a test runs.")
        codes = {code: name for name, (function, _) in switch.FUNCTIONS.items() for code in _codes(function)}
        # By identity: a code object computes its hash from all that is in it.
        self._functions = {id(code): name for code, name in codes.items()}
        self._now: set[tuple[int, int]] = set()
        self._tests: list[str] = []
        self._seconds: list[float] = []
        self._lines: defaultdict[str, defaultdict[int, Tests]] = defaultdict(lambda: defaultdict(int))
        monitoring, tool = self._monitoring, self._monitoring.COVERAGE_ID
        monitoring.use_tool_id(tool, "mutation")
        monitoring.register_callback(tool, monitoring.events.LINE, self._line)
        for code in codes:
            monitoring.set_local_events(tool, code, monitoring.events.LINE)

    def record(self, test: str, run: Callable[[], None]) -> None:
        switch.clear_caches()
        self._now.clear()
        self._monitoring.restart_events()
        began = time.process_time()
        run()
        self._seconds.append(round(time.process_time() - began, 4))
        for code, line in self._now:
            self._lines[self._functions[code]][line] |= 1 << len(self._tests)
        self._tests.append(test)

    def end(self) -> None:
        tool = self._monitoring.COVERAGE_ID
        self._monitoring.register_callback(tool, self._monitoring.events.LINE, None)
        self._monitoring.free_tool_id(tool)

    @property
    def reached(self) -> Reached:
        return Reached(self._tests, self._seconds, {name: dict(lines) for name, lines in self._lines.items()})

    def _line(self, code: CodeType, line: int) -> Any:
        self._now.add((id(code), line))
        return self._monitoring.DISABLE  # Until the next test.


def _codes(function: Any) -> Iterator[CodeType]:
    """Yield the code of a function and of those that are defined in it."""
    left = [function.__code__]
    while left:
        code = left.pop()
        yield code
        left += [each for each in code.co_consts if isinstance(each, CodeType)]
