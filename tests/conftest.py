"""What several rooms of tests need."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def no_garbage_collection_calls_back() -> Iterator[None]:
    """Hypothesis counts collections; an alarm of `time_limit` that comes while it does so is a warning."""
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks.extend(callbacks)
