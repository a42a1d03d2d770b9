"""A pytest plugin for mutmut's runs (staging.py): make verdicts repeatable, on a busy machine too.

It also writes which tests failed for each mutant; mutmut records only its verdict.
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

# Factor on the time limit of templates, which counts wall-clock time.
SLOWER = 10
# Bytes of address space: a mutant that removes a template's bounds would use all memory.
MEMORY = 4 * 1024**3
# mutmut's exit code for a run that neither passed nor failed by a test.
SUSPICIOUS = 35
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
    """Orders the tests of one run and records which of them failed."""

    def __init__(self) -> None:
        self.failed: list[dict[str, str]] = []
        self._later: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Collect the likely tests only: to collect all that reach a mutant takes longer than to run a few."""
        mutant = _under_test()
        if "__mutmut_" in mutant:
            session.config.args, self._later = _by_likelihood(mutant, session.config.args)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Collect and run the others if the likely ones pass."""
        ran = yield
        if self._later and not session.testsfailed:
            later, self._later = self._later, []
            session.perform_collect(later)
            session.config.hook.pytest_runtestloop(session=session)
        return ran

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run first the tests that killed other mutants of the same function, then the quick ones."""
        known = Path("mutmut-stats.json")
        took = json.loads(known.read_text())["duration_by_test"] if known.exists() else {}
        kills = _kills_by_test(_under_test())
        items.sort(key=lambda item: (-kills[item.nodeid], took.get(item.nodeid, 0.0)))
        for item in items:
            function = getattr(item, "obj", None)
            chosen = getattr(function, _SETTINGS, None)
            if function is not None and chosen is not None and chosen.max_examples > EXAMPLES:
                setattr(function, _SETTINGS, settings(chosen, max_examples=EXAMPLES))

    def pytest_runtest_setup(self) -> None:
        """Clear the layer's caches while mutmut records who calls which function: a cached result hides a call."""
        if _under_test() == "stats":
            for clear in _caches():
                clear()

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
    """Change this process for good: every run has its own."""
    config.pluginmanager.register(Judge())
    # mutmut reads the environment at every call of every function, which took half of a run's time.
    mutant = _under_test()
    trampoline.get_mutant_under_test = lambda: mutant
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    signal.setitimer = _slower


def _slower(which: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
    return _setitimer(which, seconds * SLOWER, interval)


def _by_likelihood(mutant: str, tests: list[str]) -> tuple[list[str], list[str]]:
    """Part a mutant's tests: first the files that have its module's name or killed others of its function."""
    module = mutant.rpartition("__mutmut_")[0].split(".")[-2]
    files = {test.partition("::")[0] for test in _kills_by_test(mutant)}
    likely = [test for test in tests if f"/test_{module}" in test or test.partition("::")[0] in files]
    return (likely, [test for test in tests if test not in set(likely)]) if likely else (tests, [])


def _kills_by_test(mutant: str) -> Counter[str]:
    """Count how many mutants of the same function each test has killed so far."""
    if "__mutmut_" not in mutant or not VERDICTS.exists():
        return Counter()
    # Without the closing `"}`: any mutant number may follow.
    line_start = json.dumps({"mutant": mutant.partition("__mutmut_")[0] + "__mutmut_"})[:-2]
    verdicts = [json.loads(line) for line in VERDICTS.read_text().splitlines() if line.startswith(line_start)]
    return Counter(failure["test"] for verdict in verdicts for failure in verdict["failed"])


def _caches() -> list[Callable[[], None]]:
    modules = [module for name, module in sys.modules.items() if name.startswith("sesmail_layer.")]
    values: list[Any] = [value for module in modules for value in vars(module).values()]
    return [value.cache_clear for value in values if hasattr(value, "cache_clear")]
