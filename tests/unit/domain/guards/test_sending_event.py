"""The events of a pause and of a resumption."""

from __future__ import annotations

import msgspec

from sesmail_layer.domain.guards.breaker import (
    opened,
)
from sesmail_layer.domain.guards.sending_event import paused_event, resumed_event
from sesmail_layer.domain.guards.sending_state import Evidence, SendingState
from tests.unit.usecases.feedback.breaker_engine import ME
from tools.simulation.fakes import NOW

HOUR, DAY = 3_600, 86_400


def test_a_pause_event_has_producer_reason_and_end_and_is_reproducible() -> None:
    evidence = Evidence(window_seconds=HOUR, emails=100, bounces=20, complaints=1)
    state = opened(SendingState(), "bounce", "20 of 100 emails bounced", evidence, NOW)
    assert state is not None
    event = paused_event("my.application", state, 3_600)

    assert event == paused_event("my.application", state, 3_600)
    detail = msgspec.json.decode(event.detail)
    assert detail.pop("eventId")
    assert detail == {
        "producer": "my.application",
        "reason": "20 of 100 emails bounced",
        "by": "breaker",
        "timestamp": "2026-11-24T10:31:00.000Z",
        "trip": "bounce",
        "rates": {"bounce": 0.2, "complaint": 0.01},
        "counts": {"windowSeconds": 3_600, "emails": 100, "bounces": 20, "complaints": 1},
        "until": "2026-11-24T11:31:00.000Z",
    }


def test_rates_are_rounded_to_a_millionth() -> None:
    evidence = Evidence(window_seconds=HOUR, emails=300, bounces=100, complaints=200)
    state = opened(SendingState(), "complaint", "why", evidence, NOW)
    assert state is not None

    event = paused_event("my.application", state, 3_600)

    assert event.rates == {"bounce": 0.333333, "complaint": 0.666667}
    assert event.until is None


def test_a_pause_without_evidence_has_no_numbers() -> None:
    event = paused_event("*", SendingState(paused=True, paused_by="operator", paused_at="2026-11-24T10:31:00Z"), 60)

    assert (event.counts, event.rates, event.trip, event.until) == (None, None, None, None)


def test_the_ids_of_sending_events_are_the_same_in_every_version() -> None:
    """A subscriber may get an event from one deployment, and its repetition from the next."""
    state = SendingState(paused=True, paused_by="operator", paused_at="2026-11-24T10:31:00.000Z")

    assert paused_event(ME, state, 3_600).event_id == "46a82480-4553-5af9-9db4-9f693eb6b5da"
    assert resumed_event(ME, "x", "operator", NOW).event_id == "143bff6c-6967-58be-bd7e-79c0527b93ff"
