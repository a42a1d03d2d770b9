"""Waiting ends with what was found, or with an error that a user can read."""

from __future__ import annotations

import pytest

from localcloud.paths import LocalCloudError
from localcloud.wait import wait_for


def test_it_returns_the_first_true_value() -> None:
    values = iter([None, 0, "", "found", "later"])
    assert wait_for(lambda: next(values), "a value", seconds=5) == "found"


def test_a_timeout_names_what_was_waited_for_and_what_was_seen_last() -> None:
    with pytest.raises(LocalCloudError, match=r"^Timed out after 0 s waiting for the bounce; last seen: \[\]$"):
        wait_for(list, "the bounce", seconds=0)
