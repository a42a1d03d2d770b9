"""Every test has the process as it found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def no_logger_is_left_behind() -> Iterator[None]:
    """A configured logger writes to the output that was captured when it was made, which is closed by now."""
    yield
    structlog.reset_defaults()
