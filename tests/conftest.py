"""What several rooms of tests need."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A slow machine is no failure: what must end in time is measured by tests of its own.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture
def no_garbage_collection_calls_back() -> Iterator[None]:
    """Hypothesis counts collections; an alarm of `time_limit` that comes while it does so is a warning."""
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks.extend(callbacks)
