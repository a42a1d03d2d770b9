"""What the unit tests need to judge mutants: the same answer every time, on a busy machine too.

A pytest plugin, loaded by mutmut's runs alone (staging.py). Beside mutmut's own verdict it keeps what failed.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from mutmut.mutation import trampoline

from tools.mutation.staging import EXAMPLES

SLOWER = 10
"""How many times as long a template may take here as in the tests' own time limits, which are by the wall clock."""
MEMORY = 4 * 1024**3
"""Bytes of address space; without one of its bounds a template takes what there is."""
SUSPICIOUS = 35
"""mutmut's code for a run that neither passed nor was ended by a test that failed."""
VERDICTS = Path("verdicts.jsonl").resolve()

settings.register_profile(
    "mutate",
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutate")

_SETTINGS = "_hypothesis_internal_use_settings"
_setitimer = signal.setitimer


def _under_test() -> str:
    return os.environ.get("MUTANT_UNDER_TEST", "")


class Judge:
    """One run of the tests."""

    def __init__(self) -> None:
        self.failed: list[dict[str, str]] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """First those that ended other changes of the same function, then the quick ones: few changes live long."""
        known = Path("mutmut-stats.json")
        took = json.loads(known.read_text())["duration_by_test"] if known.exists() else {}
        killed = _killers(_under_test())
        items.sort(key=lambda item: (-killed[item.nodeid], took.get(item.nodeid, 0.0)))
        for item in items:
            function = getattr(item, "obj", None)
            chosen = getattr(function, _SETTINGS, None)
            if function is not None and chosen is not None and chosen.max_examples > EXAMPLES:
                setattr(function, _SETTINGS, settings(chosen, max_examples=EXAMPLES))

    def pytest_runtest_setup(self) -> None:
        """While mutmut notes which test runs which function, no test may live on what another left in a cache."""
        if _under_test() == "stats":
            for forget in _caches():
                forget()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed and call.excinfo is not None:
            self.failed.append({"test": item.nodeid, "when": call.when, "error": call.excinfo.typename})
        return report

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        mutant = _under_test()
        if "__mutmut_" not in mutant:
            return
        if exitstatus != pytest.ExitCode.OK and not any(each["when"] == "call" for each in self.failed):
            session.exitstatus = SUSPICIOUS
        with VERDICTS.open("a") as out:
            out.write(json.dumps({"mutant": mutant, "exit": int(exitstatus), "failed": self.failed}) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Every run is a process of its own, so it may be changed for good."""
    config.pluginmanager.register(Judge())
    # Asked at every call of every function: half of a run's time went into looking the environment up.
    mutant = _under_test()
    trampoline.get_mutant_under_test = lambda: mutant
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    signal.setitimer = _slower


def _slower(which: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
    return _setitimer(which, seconds * SLOWER, interval)


def _killers(mutant: str) -> Counter[str]:
    """How many changes of the same function each test has ended so far."""
    start = json.dumps({"mutant": mutant.partition("__mutmut_")[0] + "__mutmut_"})[:-2]
    if "__mutmut_" not in mutant or not VERDICTS.exists():
        return Counter()
    lines = [json.loads(line) for line in VERDICTS.read_text().splitlines() if line.startswith(start)]
    return Counter(failed["test"] for line in lines for failed in line["failed"])


def _caches() -> list[Callable[[], None]]:
    modules = [module for name, module in sys.modules.items() if name.startswith("sesmail_layer.")]
    values: list[Any] = [value for module in modules for value in vars(module).values()]
    return [value.cache_clear for value in values if hasattr(value, "cache_clear")]
