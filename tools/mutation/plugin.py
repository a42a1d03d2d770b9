"""A pytest plugin for runs on the tree of staging.py: makes verdicts repeatable, on a busy machine too."""

from __future__ import annotations

import random
import resource
import signal

import pytest
from hypothesis import HealthCheck, Phase, settings
from mutmut.mutation import trampoline

from tools.mutation import switch
from tools.mutation.staging import EXAMPLES

# Factor on the time limit of templates, which counts wall-clock time.
SLOWER = 10
# Bytes of address space: a mutant that removes a template's bounds would use all memory.
MEMORY = 4 * 1024**3

settings.register_profile(
    "mutate",
    max_examples=EXAMPLES,
    derandomize=True,
    # One example that fails is enough: the search for the smallest takes a hundred times as long.
    phases=[Phase.explicit, Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutate")

_SETTINGS = "_hypothesis_internal_use_settings"
_setitimer = signal.setitimer


def pytest_configure() -> None:
    """Change this process for good: every run has its own."""
    trampoline.wrap_in_trampoline = switch.register
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    signal.setitimer = _slower


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        function = getattr(item, "obj", None)
        chosen = getattr(function, _SETTINGS, None)
        if function is not None and chosen is not None and chosen.max_examples > EXAMPLES:
            setattr(function, _SETTINGS, settings(chosen, max_examples=EXAMPLES))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let each test draw the same random waits in every run, whichever tests ran before it."""
    random.seed(0)


def _slower(which: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
    return _setitimer(which, seconds * SLOWER, interval)
