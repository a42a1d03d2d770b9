"""The breaker in the feedback processor: counts, pauses, probes, published events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from tests.unit.usecases.feedback.breaker_engine import ME, OPEN, OTHER, Engine, probing
from tools.simulation.fakes import NOW
from tools.simulation.feedback import JOHN, bounced, delivered, limits, soft


def test_the_bounce_that_crosses_the_threshold_pauses_the_producer_and_publishes_it() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 120)

    engine.bounce(ids[:9])
    assert not engine.state().paused
    engine.bounce(ids[9:10])

    state = engine.state()
    assert (state.paused, state.paused_by, state.trip, state.opened_at) == (True, "breaker", "bounce", NOW)
    assert state.paused_reason == "10 of 120 emails bounced in the last hour: 8.33%, allowed are 5.00%"
    [event] = engine.bus.announced
    assert (event.detail_type, event.producer, event.by) == ("Email Sending Paused", ME, "breaker")
    assert event.counts == {"windowSeconds": 3_600, "emails": 120, "bounces": 10, "complaints": 0}
    assert engine.metrics.levels == engine.metrics.changes == {"SendingPaused": 1}
    assert engine.log.messages()[-1] == (
        f"Sending of producer '{ME}' paused: 10 of 120 emails bounced in the last hour: 8.33%, allowed are 5.00%; "
        "the first probes go at 2026-11-24T11:31:00.000Z"
    )


def test_one_complaint_among_500_emails_pauses_no_one() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 500)
    engine.complain(ids[:1])

    assert engine.control.states == {}
    assert engine.counted() == Counts(500, 0, 1)


def test_complaints_wait_for_an_operator() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 500)
    engine.complain(ids[:5])

    assert engine.state().trip == "complaint"
    assert engine.bus.announced[0].until is None
    assert engine.log.messages()[-1].endswith(f"it waits for an operator: sesmail resume --producer {ME}")


def test_a_paused_producer_is_excluded_from_the_accounts_rate() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 120)
    engine.count_only(OTHER, 200)
    engine.bounce(ids[:60])

    assert engine.state().paused
    assert not engine.state(ACCOUNT).paused


def test_many_small_producers_together_pause_the_account() -> None:
    engine = Engine()
    sources = [f"app-{number}" for number in range(4)]
    for source in sources:
        engine.bounce(engine.sent_by(source, 30)[:3])

    assert [engine.state(source).paused for source in sources] == [False] * 4
    assert engine.state(ACCOUNT).paused
    assert [event.producer for event in engine.bus.announced] == [ACCOUNT]
    assert engine.bus.announced[0].counts == {"windowSeconds": 3_600, "emails": 120, "bounces": 10, "complaints": 0}


def test_one_small_producer_is_paused_instead_of_the_account() -> None:
    engine = Engine()
    engine.count_only(OTHER, 100)
    ids = engine.sent_by(ME, 50)
    engine.bounce(ids[:10])

    assert engine.state().paused
    assert engine.state().paused_reason == (
        "10 of 50 emails bounced in the last hour: 20.00%, allowed are 5.00%, and with it the whole account's rate is "
        "too high"
    )
    assert not engine.state(ACCOUNT).paused


def test_a_producer_paused_by_another_worker_does_not_pause_the_account() -> None:
    engine = Engine()
    engine.count_only(OTHER, 100)
    ids = engine.sent_by(ME, 50)
    engine.bounce(ids[:9])
    suspects = engine.breaker_table.suspects

    def then_paused(now: float) -> Sequence[str]:
        engine.control.states[ME] = OPEN
        engine.control.excluded = dict(engine.control.timelines[ME])
        return suspects(now)

    engine.breaker_table.suspects = then_paused  # type: ignore[method-assign]
    engine.bounce(ids[9:10])

    assert engine.state() == OPEN
    assert not engine.state(ACCOUNT).paused


def test_the_account_is_paused_if_the_other_producers_rate_is_too_high() -> None:
    engine = Engine()
    others = [engine.sent_by(f"app-{number}", 20) for number in range(5)]
    engine.bounce(engine.sent_by(ME, 15)[:10])
    assert engine.state().paused
    for ids in others[:4]:
        engine.bounce(ids[:2])
    assert not engine.state(ACCOUNT).paused
    engine.bounce(others[4][:2])

    assert engine.state(ACCOUNT).paused
    assert engine.state(ACCOUNT).paused_reason.startswith("10 of 100 emails bounced")


def test_what_a_producer_did_before_it_was_resumed_does_not_pause_the_account() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 120)
    engine.bounce(ids[:60])
    engine.clock.time += 600
    engine.control.states[ME] = SendingState(counts_from=engine.clock.now())
    others = engine.sent_by(OTHER, 100)
    engine.bounce(others[:2])

    assert not engine.state(ACCOUNT).paused
    assert not engine.state().paused


def test_a_redelivered_event_counts_once() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 120)
    engine.bounce(ids[:5])
    engine.bounce(ids[:5])
    twice = [engine.message(bounced(email_id=ids[5])) for _ in range(2)]
    engine.run(*twice)

    assert engine.counted() == Counts(120, 6)


def test_an_email_counts_once_however_many_of_its_recipients_bounce() -> None:
    engine = Engine()
    engine.sent("email-1")
    engine.run(engine.message(bounced(to=(JOHN, "jane@example.com"))))
    engine.run(engine.message(bounced(who="jane@example.com", to=(JOHN, "jane@example.com"))))

    assert engine.counted() == Counts(0, 1)


@pytest.mark.parametrize(
    "event",
    [
        delivered(),
        soft(),
        bounced("Permanent", "OnAccountSuppressionList"),
        bounced(who="bounce@simulator.amazonses.com", to=("bounce@simulator.amazonses.com",)),
    ],
)
def test_an_event_that_does_not_count_costs_no_call(event: dict[str, Any]) -> None:
    engine = Engine()
    engine.sent("email-1", to=event["mail"]["destination"][0])
    engine.run(engine.message(event))

    assert (engine.breaker_table.reads, engine.breaker_table.writes) == (0, 0)


def test_a_batch_costs_one_read_and_one_write_a_source_and_one_for_the_list_of_suspects() -> None:
    engine = Engine()
    mine, theirs = engine.sent_by(ME, 5), engine.sent_by(OTHER, 5)
    engine.run(*(engine.message(bounced(email_id=email_id)) for email_id in [*mine, *theirs]))

    assert (engine.breaker_table.reads, engine.breaker_table.writes) == (1, 4)


def test_in_alarm_mode_it_only_logs() -> None:
    engine = Engine()
    engine.change_rules(limits=limits(pauses=False))
    ids = engine.sent_by(ME, 120)
    engine.bounce(ids[:10])

    assert engine.control.states == {}
    assert engine.bus.announced == []
    assert engine.metrics.counts["BreakerTripped"] == 1
    assert f"Sending of producer '{ME}' would be paused, but breaker_mode is alarm" in engine.log.messages()[-1]


def test_a_concurrent_resumption_by_an_operator_wins() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 120)
    engine.bounce(ids[:9])
    engine.breaker_table.before_replace = lambda: engine.control.states.update({ME: SendingState(counts_from=NOW + 1)})
    engine.bounce(ids[9:10])

    assert not engine.state().paused
    assert engine.bus.announced == []


def test_a_failing_table_fails_the_message_and_the_redelivery_pauses() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 120)
    engine.bounce(ids[:10])
    engine.control.states.clear()
    engine.breaker_table.error = TransientError("throttled", code="AWS006")
    message = engine.message(bounced(email_id=ids[10]))

    assert engine.waits_after(message)
    assert engine.record(ids[10]).status == "bounced"
    engine.breaker_table.error = None
    engine.run_waiting()
    assert engine.state().paused


def test_a_redelivery_republishes_the_pause() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 120)
    engine.bounce(ids[:9])
    last = engine.message(bounced(email_id=ids[9]))
    engine.run(last)
    engine.run(msgspec.structs.replace(last, receive_count=2))

    assert [event.event_id for event in engine.bus.announced] == [engine.bus.announced[0].event_id] * 2


def test_the_pause_is_in_force_when_the_bus_refuses_its_event() -> None:
    engine = Engine()
    engine.bus.refuse_announcements = True
    ids = engine.sent_by(ME, 120)
    engine.bounce(ids[:10])

    assert engine.state().paused
    assert engine.log.codes() == ["FBK007"]


@pytest.mark.parametrize("source", [ME, ACCOUNT])
def test_good_probes_close_it_and_counts_restart(source: str) -> None:
    engine = Engine()
    probes = probing(engine, source=source)

    engine.run(engine.message(delivered(email_id=probes[0])), engine.message(delivered(email_id=probes[1])))
    assert engine.state(source).paused
    engine.run(engine.message(delivered(email_id=probes[4])))

    assert engine.state(source) == SendingState(counts_from=NOW, probes=probes, good_probes=3)
    [event] = engine.bus.announced
    assert (event.detail_type, event.producer, event.reason) == (
        "Email Sending Resumed",
        source,
        "3 probes arrived",
    )
    assert engine.metrics.counts["SendingResumed"] == 1


def test_a_failed_probe_reopens_it() -> None:
    engine = Engine()
    probes = probing(engine)
    engine.run(engine.message(delivered(email_id=probes[0])), engine.message(bounced(email_id=probes[1])))

    state = engine.state()
    assert (state.paused, state.opened_at, state.probes) == (True, NOW, [])
    assert engine.bus.announced == []


def test_an_outcome_of_a_former_probe_changes_nothing() -> None:
    engine = Engine()
    probes = probing(engine)
    engine.control.states[ME] = msgspec.structs.replace(OPEN, probes=["another"])
    for email_id in probes:
        engine.run(engine.message(delivered(email_id=email_id)))

    assert engine.state().probes == ["another"]


def test_late_bounces_of_mail_from_before_the_pause_are_no_probes() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 120)
    probes = probing(engine)
    engine.bounce(ids[:20])
    for email_id in probes[:3]:
        engine.run(engine.message(delivered(email_id=email_id)))

    assert not engine.state().paused


def test_only_the_worst_producer_is_paused_if_that_is_enough() -> None:
    engine = Engine()
    engine.count_only(OTHER, 500)
    bad, worse = engine.sent_by("a-bad", 90), engine.sent_by("b-worse", 95)
    engine.bounce(bad[:15])
    engine.bounce(worse[:19])
    assert engine.control.states == {}
    engine.bounce(worse[19:20])

    assert (engine.state("b-worse").paused, engine.state("b-worse").trip) == (True, "bounce")
    assert engine.state("b-worse").evidence is not None
    assert not engine.state("a-bad").paused
    assert not engine.state(ACCOUNT).paused
    assert [event.producer for event in engine.bus.announced] == ["b-worse"]


def test_a_producer_of_one_bounced_email_is_paused_instead_of_the_account() -> None:
    engine = Engine()
    engine.count_only(OTHER, 100)
    ones = [f"app-{number:02}" for number in range(10)]
    engine.change_rules(limits=limits(min_bounces=1, min_emails=100))
    for source in ones[:6]:
        engine.bounce(engine.sent_by(source, 1))

    assert [source for source in ones if engine.state(source).paused]
    assert not engine.state(ACCOUNT).paused


def test_of_two_producers_with_the_same_rate_the_first_by_name_is_paused() -> None:
    engine = Engine()
    engine.count_only(OTHER, 500)
    for source in ("b", "a"):
        engine.bounce(engine.sent_by(source, 95)[:17])
    assert engine.control.states == {}
    engine.bounce([engine.sent_by("c", 1)[0]])

    assert (engine.state("a").paused, engine.state("b").paused) == (True, False)
