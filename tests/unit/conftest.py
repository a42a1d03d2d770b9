"""Every test runs far from UTC: what reads local time fails."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(scope="session", autouse=True)
def far_from_utc() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def no_logger_is_left_behind() -> Iterator[None]:
    """A configured logger writes to the output that was captured when it was made, which is closed by now."""
    yield
    structlog.reset_defaults()
