"""The breaker's log lines, whole, and the events of its pauses and resumptions."""

from __future__ import annotations

import json
import uuid
from typing import Any

import msgspec

from sesmail_layer.domain.guards.sending_event import resumed_event
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from tests.unit.usecases.feedback.breaker_engine import ME, OTHER, Engine, probing
from tools.simulation.fakes import NOW
from tools.simulation.feedback import bounced, delivered, limits


def test_a_failed_probe_is_logged() -> None:
    engine = Engine()
    probes = probing(engine)
    engine.run(engine.message(bounced(email_id=probes[0])))

    assert engine.metrics.levels == {"SendingPaused": 1}
    assert engine.log.lines[-1] == {
        "level": "WARNING",
        "event": "breaker.probe_failed",
        "message": f"Sending of producer '{ME}' stays paused: a probe bounced or was complained of; the next go at "
        "2026-11-24T11:31:00.000Z",
        "error_type": "bounce_rate_exceeded",
        "producer": ME,
        "until": "2026-11-24T11:31:00.000Z",
    }


def test_good_probes_of_the_account_are_logged() -> None:
    engine = Engine()
    probes = probing(engine, source=ACCOUNT)
    engine.run(*(engine.message(delivered(email_id=email_id)) for email_id in probes[:3]))

    assert (engine.metrics.levels, engine.metrics.changes) == ({}, {"SendingPaused": 0})
    assert engine.log.lines[-1] == {
        "level": "WARNING",
        "event": "sending.resumed",
        "message": "Sending of the whole account resumed: 3 probes arrived; counts restart",
        "producer": ACCOUNT,
    }


def test_good_probes_leave_the_alarm_to_another_pause_that_lasts() -> None:
    engine = Engine()
    probes = probing(engine)
    engine.control.states[OTHER] = SendingState(paused=True, paused_by="operator")
    engine.run(*(engine.message(delivered(email_id=email_id)) for email_id in probes[:3]))

    assert not engine.state().paused
    assert (engine.metrics.levels, engine.metrics.changes) == ({"SendingPaused": 1}, {})


def test_a_resumption_event_is_complete() -> None:
    engine = Engine()
    probes = probing(engine)
    engine.run(*(engine.message(delivered(email_id=email_id)) for email_id in probes[:3]))

    [event] = engine.bus.announced
    detail = json.loads(event.detail)
    assert uuid.UUID(detail.pop("eventId")).version == 5
    assert detail == {
        "producer": ME,
        "reason": "3 probes arrived",
        "by": "breaker",
        "timestamp": "2026-11-24T10:31:00.000Z",
    }
    assert event.event_id == resumed_event(ME, "another reason", "breaker", NOW).event_id
    assert len({resumed_event(who, "x", "breaker", at).event_id for who in (ME, OTHER) for at in (NOW, NOW + 1)}) == 4


WHY = "10 of 120 emails bounced in the last hour: 8.33%, allowed are 5.00%"


def tripped(**changed: Any) -> Engine:
    engine = Engine()
    engine.change_rules(limits=limits(**changed))
    engine.bounce(engine.sent_by(ME, 120)[:10])
    return engine


def test_a_pause_is_logged_with_its_numbers_and_its_end() -> None:
    [line] = [line for line in tripped().log.lines if line["level"] == "ERROR"]

    assert line == {
        "level": "ERROR",
        "event": "sending.paused",
        "message": f"Sending of producer '{ME}' paused: {WHY}; the first probes go at 2026-11-24T11:31:00.000Z",
        "error_type": "bounce_rate_exceeded",
        "producer": ME,
        "trip": "bounce",
        "until": "2026-11-24T11:31:00.000Z",
    }


def test_in_alarm_mode_the_log_has_the_same_numbers() -> None:
    lines = [line for line in tripped(pauses=False).log.lines if line["level"] == "ERROR"]

    assert lines[0] == {
        "level": "ERROR",
        "event": "breaker.tripped",
        "message": f"Sending of producer '{ME}' would be paused, but breaker_mode is alarm: {WHY}",
        "error_type": "bounce_rate_exceeded",
        "producer": ME,
        "trip": "bounce",
    }


def test_a_pause_event_that_the_bus_refuses_is_logged() -> None:
    engine = Engine()
    engine.bus.refuse_announcements = True
    engine.bounce(engine.sent_by(ME, 120)[:10])

    assert engine.log.lines[-1] == {
        "level": "ERROR",
        "event": "sending_event.refused",
        "code": "FBK007",
        "message": "Failed to publish status change event: InternalFailure",
        "producer": ME,
    }
    assert engine.metrics.counts["StatusRefused"] == 1


def test_a_redelivery_republishes_the_accounts_pause() -> None:
    engine = Engine()
    ids = [email_id for number in range(4) for email_id in engine.sent_by(f"app-{number}", 30)[:3]]
    engine.bounce(ids[:9])
    last = engine.message(bounced(email_id=ids[9]))
    engine.run(last)
    assert [event.producer for event in engine.bus.announced] == [ACCOUNT]
    engine.run(msgspec.structs.replace(last, receive_count=2))

    assert [event.producer for event in engine.bus.announced] == [ACCOUNT, ACCOUNT]
    assert len({event.event_id for event in engine.bus.announced}) == 1
