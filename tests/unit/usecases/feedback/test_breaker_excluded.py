"""The account's rate leaves paused producers out, however many there are, and each of them once."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.guards.breaker import MOST_SOURCES, Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from tests.unit.usecases.feedback.breaker_engine import ME, OTHER, Engine, probing
from tools.simulation.fakes import NOW
from tools.simulation.feedback import delivered, limits

PAUSE = "Email Sending Paused"


def paused_producers(engine: Engine, number: int, *, emails: int = 20, bounces: int = 10) -> list[str]:
    """Pause producers as the breaker does: each bounces, and is judged by itself."""
    sources = [f"app-{index:04}" for index in range(number)]
    for source in sources:
        engine.count_only(source, emails)
        for scope in (source, ACCOUNT):
            engine.control.add(scope, Counts(bounces=bounces - 1), NOW)
        engine.bounce(engine_sent(engine, source))
    return sources


def engine_sent(engine: Engine, source: str) -> list[str]:
    """One more email of theirs, which was counted before."""
    engine.sent(f"{source}-last", original_source=source)
    return [f"{source}-last"]


def reads(engine: Engine, email_ids: list[str]) -> int:
    before = engine.breaker_table.sources_read
    engine.bounce(email_ids)
    return engine.breaker_table.sources_read - before


@pytest.mark.parametrize("number", [60, 500, 5_000])
def test_no_paused_producer_counts_in_the_accounts_rate_however_many_there_are(number: int) -> None:
    engine = Engine()
    engine.change_rules(limits=limits(min_emails=20, min_bounces=10))
    engine.count_only(OTHER, 1_000)
    sources = paused_producers(engine, number)
    good = engine.sent_by(ME, 30)

    assert reads(engine, good[:1]) <= 4
    assert all(engine.state(source).paused for source in sources)
    assert not engine.state(ACCOUNT).paused
    assert sum(engine.control.excluded.values(), Counts()) == Counts(20 * number, 10 * number)


@pytest.mark.parametrize("number", [60, 500, 5_000])
def test_the_others_pause_the_account_by_their_own_rate_however_many_are_paused(number: int) -> None:
    engine = Engine()
    engine.change_rules(limits=limits(min_emails=20, min_bounces=10))
    paused_producers(engine, number)
    # Nineteen emails each: too few for a producer to be judged by itself, and none of them is the cause alone.
    others = [f"other-{index}" for index in range(200)]
    for source in others:
        engine.count_only(source, 19)
    engine.control.add(ACCOUNT, Counts(bounces=400), NOW)

    assert reads(engine, engine.sent_by(ME, 100)[:1]) <= 4 + MOST_SOURCES
    assert engine.state(ACCOUNT).paused


def test_counts_from_before_a_resumption_stay_excluded_and_later_ones_do_not() -> None:
    engine = Engine()
    engine.count_only(OTHER, 200)
    engine.bounce(engine.sent_by(ME, 120)[:10])
    assert engine.state().excluded

    engine.clock.sleep(600)
    engine.control.states[ME] = SendingState(counts_from=engine.clock.now() - 300)
    for source in (ME, ACCOUNT):
        engine.control.add(source, Counts(40, 4), engine.clock.now())
    engine.bounce(engine.sent_by("third", 1))

    assert not engine.state().paused
    assert not engine.state(ACCOUNT).paused
    assert sum(engine.control.excluded.values(), Counts()) == Counts(120, 10)


def test_what_a_paused_producer_bounces_later_is_excluded_too() -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 120)
    engine.bounce(ids[:25])

    assert sum(engine.control.excluded.values(), Counts()) == Counts(120, 25)
    assert not engine.state(ACCOUNT).paused


def test_a_failed_probe_is_excluded_too() -> None:
    engine = Engine()
    probes = probing(engine)
    engine.bounce(probes[:1])

    assert sum(engine.control.excluded.values(), Counts()) == Counts(0, 1)


@pytest.mark.parametrize("by", ["breaker", "operator"])
@pytest.mark.parametrize("source", [ME, OTHER])
def test_a_pause_that_a_crash_left_incomplete_is_completed_by_whoever_meets_it(source: str, by: str) -> None:
    """Its own next bounce, or a bounce of anybody while the account's rate is too high."""
    engine = Engine()
    ids = engine.sent_by(ME, 50)
    engine.bounce(ids[:9])
    engine.count_only(OTHER, 60)
    engine.control.states[ME] = SendingState(
        paused=True, paused_by=by, paused_at="2026-11-24T10:31:00.000Z", paused_reason="why"
    )
    engine.bounce(ids[9:10] if source == ME else engine.sent_by(OTHER, 1))

    assert engine.state().excluded
    assert not engine.state(ACCOUNT).paused
    assert engine.breaker_table.listed == [ME]
    assert [(event.producer, event.detail_type, event.by) for event in engine.bus.announced] == [(ME, PAUSE, by)]
    assert sum(engine.control.excluded.values(), Counts()).bounces == 9 + (source == ME)

    engine.bounce(ids[10:11])
    assert len(engine.bus.announced) == 1


def test_probes_whose_producers_pause_was_incomplete_resume_it() -> None:
    engine = Engine()
    probes = probing(engine)
    engine.control.states[ME] = msgspec.structs.replace(engine.state(), excluded=False)
    engine.run(*(engine.message(delivered(email_id=email_id)) for email_id in probes[:3]))

    assert not engine.state().paused


def test_in_alarm_mode_no_producer_is_excluded_for_good() -> None:
    engine = Engine()
    engine.change_rules(limits=limits(pauses=False))
    engine.bounce(engine.sent_by(ME, 120)[:15])

    assert engine.control.excluded == {}
    assert engine.control.states == {}


def test_an_incomplete_pause_is_completed_by_its_own_next_bounce_where_the_accounts_rate_is_low() -> None:
    engine = Engine()
    engine.count_only(OTHER, 10_000)
    ids = engine.sent_by(ME, 50)
    engine.control.states[ME] = SendingState(paused=True, paused_by="breaker", trip="bounce", opened_at=NOW)
    engine.bounce(ids[:1])

    assert engine.state().excluded
    assert engine.breaker_table.listed == [ME]
    assert engine.metrics.levels == {"SendingPaused": 1}
    assert [event.detail_type for event in engine.bus.announced] == [PAUSE]
