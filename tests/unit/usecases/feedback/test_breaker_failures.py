"""What the breaker reports of a call that fails, and of an alarm: codes, messages, reasons."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from tests.unit.usecases.feedback.breaker_engine import ME, Engine
from tests.unit.usecases.feedback.test_breaker_alarms import handle, worker
from tools.simulation.feedback import ALARMS, BOUNCE_ALARM, bounced

OUT_OF_REACH = TransientError("CloudWatch error (DescribeAlarms): ReadTimeoutError", code="AWS010")


def failures(engine: Engine) -> list[tuple[Any, Any]]:
    return [(line["code"], line["message"]) for line in engine.log.lines if line.get("code")]


def test_counts_for_which_no_time_is_left_are_reported_and_the_message_waits() -> None:
    engine = Engine()
    [email_id] = engine.sent_by(ME, 1)
    count: Callable[..., None] = engine.breaker_table.count

    def slow(*args: Any) -> None:
        count(*args)
        engine.clock.sleep(9)

    engine.breaker_table.count = slow  # type: ignore[method-assign,assignment]
    assert engine.waits_after(engine.message(bounced(email_id=email_id)))
    assert failures(engine) == [("AWS006", "No time left in this batch")]


@pytest.mark.parametrize("port", ["take_look", "firing"])
def test_a_look_that_fails_is_reported_with_its_code_and_message(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()

    def fails(*_: Any) -> Any:
        raise OUT_OF_REACH

    monkeypatch.setattr(engine.alarm_states, port, fails)
    work = worker(engine)
    handle(engine, work)
    handle(engine, work)

    reported = [line for line in engine.log.lines if line["event"] == "breaker.look_failed"]
    assert [(line["level"], line["code"], line["message"]) for line in reported] == [
        ("WARNING", "AWS010", "CloudWatch error (DescribeAlarms): ReadTimeoutError")
    ]


def test_an_alarm_that_fires_on_is_announced_once() -> None:
    engine = Engine()
    engine.alarm_states.in_alarm = {BOUNCE_ALARM}
    work = worker(engine)
    for _ in range(3):
        handle(engine, work)
        engine.clock.sleep(3_601)

    assert engine.alarm_states.looks == 3
    assert [event.detail_type for event in engine.bus.announced] == ["Email Sending Paused"]


def test_the_reason_of_a_pause_by_an_alarm_names_the_alarm() -> None:
    engine = Engine()
    alarm = json.dumps({"AlarmName": BOUNCE_ALARM, "NewStateValue": "ALARM"})
    engine.run(engine.message(alarm, topic=ALARMS))
    assert engine.state(ACCOUNT).paused_reason == (
        f"SES's own bounce rate of the account is above the limit for a pause (alarm {BOUNCE_ALARM})"
    )
