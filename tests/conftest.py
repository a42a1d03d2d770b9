"""What several rooms of tests need."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache

import botocore.session
import pytest
import typer.main
import typer.testing
from botocore.loaders import create_loader
from hypothesis import settings

# What a suite imports, and what moto holds, lives to its end. Python looks through all of it after 200,000 new objects;
# a tenth as often saves a sixth of the CPU time of the tests on moto and of the simulations.
gc.set_threshold(2_000, 10, 100)

# A slow machine is no failure: what must end in time is measured by tests of its own.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session", autouse=True)
def one_loader_of_api_models() -> Iterator[None]:
    """All sessions of boto3 share what they read of AWS's API models: each would read them again, 40 ms a client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(create_loader))
        yield


@pytest.fixture(scope="session", autouse=True)
def one_command_line() -> Iterator[None]:
    """All runs of the command share one: Typer would make its parser again for each, 60 ms a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.main.get_command))
        yield


@pytest.fixture
def no_garbage_collection_calls_back() -> Iterator[None]:
    """Hypothesis counts collections; an alarm of `time_limit` that comes while it does so is a warning."""
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks.extend(callbacks)
