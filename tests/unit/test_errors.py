"""Errors say what they are when they are printed, as a traceback prints them."""

from __future__ import annotations

from sesmail_layer.domain.errors import HoldError, PermanentError, TransientError
from sesmail_layer.domain.starters import SeedError


def test_an_error_prints_its_message() -> None:
    assert str(PermanentError("expired", "Email not sent", code="EXP001")) == "Email not sent"
    assert str(TransientError("throttled", code="AWS006")) == "throttled"
    assert str(SeedError("incomplete", code="SEED005")) == "incomplete"
    assert str(HoldError("paused", delay_seconds=60)) == "paused"


def test_an_error_carries_what_its_catcher_needs() -> None:
    seed = SeedError("incomplete", code="SEED005")
    hold = HoldError("paused", delay_seconds=60)

    assert (seed.message, seed.code) == ("incomplete", "SEED005")
    assert (hold.reason, hold.delay_seconds, hold.deferred, hold.gives_up_as) == ("paused", 60, True, "expired")
    assert (hold.rate, hold.message, hold.code) == (0.0, "", "")
