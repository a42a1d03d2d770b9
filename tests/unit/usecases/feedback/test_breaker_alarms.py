"""The breaker and SES's own metrics: which alarms pause the account."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from tests.unit.usecases.feedback.breaker_engine import Engine, probing
from tools.simulation.fakes import NOW
from tools.simulation.feedback import ALARMS, BOUNCE_ALARM, bounced, delivered, limits


def alarm(
    engine: Engine, value: str = "ALARM", name: str = BOUNCE_ALARM, at: str = "2026-11-24T10:30:59.000+0000"
) -> QueueMessage:
    body = {"AlarmName": name, "NewStateValue": value, "StateChangeTime": at, "NewStateReason": "Threshold Crossed"}
    return engine.message(body, topic=ALARMS)


def test_an_alarm_on_ses_metrics_pauses_the_account_until_an_operator_resumes() -> None:
    engine = Engine()
    assert engine.run(alarm(engine)) == set()

    state = engine.state(ACCOUNT)
    assert (state.paused, state.trip) == (True, "ses_metrics")
    assert not state.probing(NOW + 100_000, 3_600)
    assert [event.producer for event in engine.bus.announced] == [ACCOUNT]
    assert "SES's own bounce rate of the account" in engine.log.messages()[-1]


def test_other_alarms_and_states_change_nothing() -> None:
    engine = Engine()
    engine.run(alarm(engine, "OK"), alarm(engine, name="sesmailengine-EmailQueue-Age"), alarm(engine, name="theirs"))

    assert engine.control.states == {}


def test_an_alarm_from_before_an_operator_resumed_changes_nothing() -> None:
    engine = Engine()
    engine.control.states[ACCOUNT] = SendingState(counts_from=NOW)
    engine.run(alarm(engine))

    assert not engine.state(ACCOUNT).paused


def test_an_alarm_in_ses_topic_or_without_a_topic_pauses_no_one() -> None:
    engine = Engine()
    body = {"AlarmName": BOUNCE_ALARM, "NewStateValue": "ALARM"}
    engine.run(engine.message(body), engine.message(body, topic=None))

    assert engine.control.states == {}
    assert engine.metrics.counts == {"FeedbackUnknown": 2}


def test_an_ses_event_in_the_alarms_topic_changes_nothing() -> None:
    engine = Engine()
    engine.sent("email-1")
    assert engine.run(engine.message(bounced(), topic=ALARMS)) == set()

    assert engine.record("email-1").status == "sent"
    assert engine.suppression.entries == {}


def test_an_alarm_that_cannot_be_handled_waits_and_an_unreadable_one_is_a_dead_letter() -> None:
    engine = Engine()
    engine.breaker_table.error = TransientError("throttled", code="AWS006")
    message = alarm(engine)
    broken = engine.message("{", topic=ALARMS)

    assert engine.run(message, broken) == set()
    assert [message for message, _ in engine.dead_letters.messages] == [broken]
    assert len(engine.again.messages) == 1
    assert {line["code"] for line in engine.log.lines} == {"AWS006", "FBK001"}
    assert json.loads(message.body)["TopicArn"] == ALARMS


def test_an_alarm_from_before_a_resumption_is_ignored_whenever_it_is_delivered() -> None:
    engine = Engine()
    engine.clock.sleep(60)
    engine.control.states[ACCOUNT] = SendingState(counts_from=NOW)

    engine.run(alarm(engine, at="2026-11-24T10:31:00.000+0000"))
    assert not engine.state(ACCOUNT).paused

    engine.run(alarm(engine, at="2026-11-24T10:31:00.001+0000"))
    assert engine.state(ACCOUNT).paused


def test_an_alarm_without_a_time_counts_as_of_now() -> None:
    engine = Engine()
    engine.control.states[ACCOUNT] = SendingState(counts_from=NOW - 1)

    engine.run(alarm(engine, at="yesterday"))

    assert engine.state(ACCOUNT).paused


def test_a_redelivered_alarm_republishes_the_pause_with_the_same_id() -> None:
    engine = Engine()
    engine.run(alarm(engine))
    engine.run(alarm(engine))

    assert len(engine.bus.announced) == 2
    assert len({event.event_id for event in engine.bus.announced}) == 1
    assert engine.metrics.counts == {"BreakerTripped": 1}


def test_an_operators_pause_of_the_account_outlasts_an_alarm() -> None:
    engine = Engine()
    theirs = SendingState(paused=True, paused_by="operator", paused_reason="holidays")
    engine.control.states[ACCOUNT] = theirs

    engine.run(alarm(engine))

    assert engine.state(ACCOUNT) == theirs
    assert engine.bus.announced == []


@pytest.mark.parametrize("name", [None, ["a"], 7])
def test_an_alarm_without_a_name_is_ignored_and_logged(name: object) -> None:
    engine = Engine()
    engine.run(engine.message({"AlarmName": name, "NewStateValue": "ALARM"}, topic=ALARMS))

    assert engine.control.states == {}
    assert engine.log.lines == [
        {"level": "INFO", "event": "breaker.alarm_ignored", "alarm": str(name), "state": "ALARM"}
    ]


# --- looked at again: CloudWatch reports changes alone ----------------------------------------------------------------


def worker(engine: Engine) -> RecordFeedback:
    """One container, which lives for many batches."""
    return RecordFeedback(engine.ports(), engine.rules)


def handle(engine: Engine, work: RecordFeedback) -> None:
    engine.sent(f"email-{engine.clock.now()}")
    assert work([engine.message(delivered(email_id=f"email-{engine.clock.now()}"))], engine.clock.now() + 15) == set()


def test_an_alarm_that_still_fires_an_hour_after_an_operator_resumed_pauses_the_account_again() -> None:
    engine = Engine()
    work = worker(engine)
    handle(engine, work)
    engine.alarm_states.in_alarm = {BOUNCE_ALARM}
    engine.control.states[ACCOUNT] = SendingState(counts_from=NOW)

    engine.clock.sleep(3_599)
    handle(engine, work)
    assert not engine.state(ACCOUNT).paused
    engine.clock.sleep(301)
    handle(engine, work)

    state = engine.state(ACCOUNT)
    assert (state.paused, state.paused_by, state.trip) == (True, "breaker", "ses_metrics")
    assert state.paused_reason == (
        "SES's own bounce rate of the account is above the limit for a pause (alarm sesmailengine-SES-BounceRate-Pause)"
    )
    assert [event.producer for event in engine.bus.announced] == [ACCOUNT]
    assert engine.metrics.levels == {"SendingPaused": 1}


def test_many_workers_look_once_an_hour_together() -> None:
    engine = Engine()
    workers = [worker(engine) for _ in range(5)]
    for _ in range(3 * 3_600 // 60):
        for work in workers:
            handle(engine, work)
        engine.clock.sleep(60)

    assert engine.alarm_states.looks == 3


def test_an_alarm_that_is_over_or_another_pauses_no_one() -> None:
    engine = Engine()
    engine.alarm_states.in_alarm = {"sesmailengine-Sending-Paused"}
    handle(engine, worker(engine))

    assert engine.alarm_states.looks == 1
    assert engine.control.states == {}


def test_a_look_that_fails_costs_no_event_and_is_made_again_within_minutes() -> None:
    engine = Engine()
    engine.alarm_states.in_alarm = {BOUNCE_ALARM}
    engine.alarm_states.error = TransientError("CloudWatch error (DescribeAlarms): ReadTimeoutError", code="AWS010")
    work = worker(engine)
    handle(engine, work)
    assert [line["code"] for line in engine.log.lines if line["event"] == "breaker.look_failed"] == ["AWS010"]

    engine.alarm_states.error = None
    engine.clock.sleep(301)
    handle(engine, work)
    assert engine.state(ACCOUNT).trip == "ses_metrics"


def test_an_alarm_that_still_fires_when_good_probes_resume_the_account_pauses_it_again() -> None:
    engine = Engine()
    probes = probing(engine, source=ACCOUNT)
    work = worker(engine)
    handle(engine, work)
    engine.alarm_states.in_alarm = {BOUNCE_ALARM}
    work([engine.message(delivered(email_id=email_id)) for email_id in probes[:3]], engine.clock.now() + 15)

    assert engine.state(ACCOUNT).trip == "ses_metrics"
    assert [event.detail_type for event in engine.bus.announced] == ["Email Sending Resumed", "Email Sending Paused"]
    assert engine.metrics.levels == engine.metrics.changes == {"SendingPaused": 1}


def test_good_probes_of_a_producer_do_not_end_the_hour_of_a_forced_resumption() -> None:
    engine = Engine()
    probes = probing(engine)
    engine.control.states[ACCOUNT] = SendingState(counts_from=NOW - 1)
    engine.alarm_states.in_alarm = {BOUNCE_ALARM}
    engine.alarm_states.next_look = NOW + 3_600
    worker(engine)([engine.message(delivered(email_id=email_id)) for email_id in probes[:3]], engine.clock.now() + 15)

    assert not engine.state().paused
    assert not engine.state(ACCOUNT).paused
    assert [event.detail_type for event in engine.bus.announced] == ["Email Sending Resumed"]


def test_an_operator_who_resumes_while_a_worker_looks_is_not_overruled() -> None:
    engine = Engine()
    engine.control.states[ACCOUNT] = SendingState(paused=True, paused_by="breaker", trip="bounce")
    firing = engine.alarm_states.firing

    def then_resumed(names: Collection[str]) -> Sequence[str]:
        engine.control.states[ACCOUNT] = SendingState(counts_from=NOW)
        return firing(names)

    engine.alarm_states.firing = then_resumed  # type: ignore[method-assign]
    engine.alarm_states.in_alarm = {BOUNCE_ALARM}
    handle(engine, worker(engine))

    assert not engine.state(ACCOUNT).paused


def test_a_look_that_fails_leaves_the_hour_that_an_operator_has_forced_meanwhile() -> None:
    engine = Engine()
    engine.alarm_states.error = TransientError("CloudWatch error (DescribeAlarms): ReadTimeoutError", code="AWS010")
    firing = engine.alarm_states.firing

    def then_forced(names: Collection[str]) -> Sequence[str]:
        engine.alarm_states.next_look = NOW + 3_601
        return firing(names)

    engine.alarm_states.firing = then_forced  # type: ignore[method-assign]
    handle(engine, worker(engine))

    assert engine.alarm_states.next_look == NOW + 3_601


def test_in_alarm_mode_a_look_pauses_no_one() -> None:
    engine = Engine()
    engine.change_rules(limits=limits(pauses=False))
    engine.alarm_states.in_alarm = {BOUNCE_ALARM}
    handle(engine, worker(engine))

    assert engine.control.states == {}
    assert engine.metrics.counts["BreakerTripped"] == 1
