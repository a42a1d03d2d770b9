"""A pytest plugin for runs on the tree of staging.py: makes verdicts repeatable, on a busy machine too."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from mutmut.mutation import trampoline

from tools.mutation.staging import EXAMPLES

# Factor on the time limit of templates, which counts wall-clock time.
SLOWER = 10
# Bytes of address space: a mutant that removes a template's bounds would use all memory.
MEMORY = 4 * 1024**3

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


def pytest_configure() -> None:
    """Change this process for good: every run has its own."""
    # mutmut reads the environment at every call of every function, which took half of a run's time.
    mode = os.environ.get("MUTANT_UNDER_TEST", "")
    trampoline.get_mutant_under_test = lambda: mode
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    signal.setitimer = _slower


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        function = getattr(item, "obj", None)
        chosen = getattr(function, _SETTINGS, None)
        if function is not None and chosen is not None and chosen.max_examples > EXAMPLES:
            setattr(function, _SETTINGS, settings(chosen, max_examples=EXAMPLES))


def pytest_runtest_setup() -> None:
    """Clear the layer's caches while mutmut records who calls which function: a cached result hides a call."""
    if trampoline.get_mutant_under_test() == "stats":
        for clear in _caches():
            clear()


def _slower(which: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
    return _setitimer(which, seconds * SLOWER, interval)


def _caches() -> list[Callable[[], None]]:
    modules = [module for name, module in sys.modules.items() if name.startswith("sesmail_layer.")]
    values: list[Any] = [value for module in modules for value in vars(module).values()]
    return [value.cache_clear for value in values if hasattr(value, "cache_clear")]
