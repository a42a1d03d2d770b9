"""When the breaker lets probes through, and how long other emails wait."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.guards.sending_state import SendingState
from tools.simulation.fakes import NOW

OPEN = SendingState(
    paused=True, paused_by="breaker", trip="bounce", opened_at=NOW, paused_at="2026-11-24T10:31:00.000Z"
)


def test_only_a_bounce_trip_is_probed_after_the_cool_down() -> None:
    assert not OPEN.probing(NOW + 3_599, 3_600)
    assert OPEN.probing(NOW + 3_600, 3_600)
    for trip in ("complaint", "ses_metrics"):
        assert not msgspec.structs.replace(OPEN, trip=trip).probing(NOW + 10_000, 3_600)


def test_probes_without_an_outcome_are_replaced_after_a_cool_down() -> None:
    state = msgspec.structs.replace(OPEN, probes=["a"] * 5, probed_at=NOW)
    assert not state.has_room_for_probe(5, NOW + 3_600, 3_600)
    assert state.has_room_for_probe(5, NOW + 3_601, 3_600)
    assert state.has_room_for_probe(6, NOW, 3_600)


@pytest.mark.parametrize(("later", "wait"), [(0, 60.0), (3_570, 30.0), (3_599, 5.0), (4_000, 20.0)])
def test_a_held_email_is_checked_when_probes_may_be_sent(later: float, wait: float) -> None:
    assert OPEN.hold_seconds(NOW + later, 3_600) == wait
    assert msgspec.structs.replace(OPEN, trip="complaint").hold_seconds(NOW + later, 3_600) == 60
