"""What the breaker reads stays bounded, however many producers there are, and its decisions stay right."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.guards.breaker import MOST_SOURCES, Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from tests.unit.usecases.feedback.breaker_engine import ME, OTHER, Engine, probing
from tools.simulation.fakes import NOW
from tools.simulation.feedback import bounced, delivered

PRODUCERS = 5_000
# The account and the batch's own producer; what is excluded, twice; and those that may be the cause.
MOST_READ = 4 + MOST_SOURCES


def crowd(engine: Engine) -> list[str]:
    sources = [f"app-{number:04}" for number in range(PRODUCERS)]
    for source in sources:
        engine.count_only(source, 2)
    return sources


def most_read(engine: Engine, email_ids: list[str]) -> int:
    """Return the most producers that one batch read."""
    most = 0
    for email_id in email_ids:
        before = engine.breaker_table.sources_read
        engine.bounce([email_id])
        most = max(most, engine.breaker_table.sources_read - before)
    return most


def test_a_batch_reads_few_of_5000_producers_while_the_accounts_rate_is_too_high() -> None:
    engine = Engine()
    sources = crowd(engine)
    ids = [engine.sent_by(source, 1)[0] for source in sources[:700]]

    assert most_read(engine, ids) <= MOST_READ
    assert engine.state(ACCOUNT).paused
    assert engine.counted(ACCOUNT) == Counts(2 * PRODUCERS + 700, 700)


def test_few_are_read_of_5000_suspects_that_a_day_of_lists_names() -> None:
    engine = Engine()
    sources = crowd(engine)
    engine.control.suspects = dict.fromkeys(sources)
    engine.control.add(ACCOUNT, Counts(bounces=600), NOW)

    assert most_read(engine, engine.sent_by(ME, 1)) <= MOST_READ
    assert engine.state(ACCOUNT).paused


def test_the_culprit_among_5000_producers_is_paused_and_the_account_is_not() -> None:
    engine = Engine()
    sources = crowd(engine)
    # Below the hundred emails from which it would be judged by itself, and not among the first of this hour's list.
    engine.breaker_table.list_suspects(sources[:MOST_SOURCES], NOW)
    engine.control.add(ACCOUNT, Counts(bounces=495), NOW)
    ids = engine.sent_by(ME, 99)
    engine.bounce(ids[:40])

    assert engine.state().paused
    assert not engine.state(ACCOUNT).paused


def test_a_producer_that_bounced_in_earlier_batches_is_found_as_the_culprit() -> None:
    engine = Engine()
    engine.count_only(OTHER, 150)
    engine.bounce(engine.sent_by(ME, 50)[:10])
    assert not engine.state().paused
    engine.bounce(engine.sent_by("another", 1))

    assert engine.state().paused
    assert not engine.state("another").paused
    assert not engine.state(ACCOUNT).paused


def test_simulated_bounces_list_no_suspect() -> None:
    engine = Engine()
    address = "bounce@simulator.amazonses.com"
    engine.sent("email-1", to=address)
    engine.run(engine.message(bounced(who=address, to=(address,))))

    assert engine.control.suspects == {}


def test_the_redelivery_of_the_probe_that_resumed_lists_the_resumption_again() -> None:
    engine = Engine()
    probes = probing(engine)
    last = engine.message(delivered(email_id=probes[2]))
    engine.run(*(engine.message(delivered(email_id=email_id)) for email_id in probes[:2]), last)
    engine.run(msgspec.structs.replace(last, receive_count=2))

    assert engine.breaker_table.listed == [ME]


@pytest.mark.parametrize("redelivered", [False, True])
def test_the_redelivery_of_the_event_that_paused_lists_the_pause_again(redelivered: bool) -> None:
    engine = Engine()
    ids = engine.sent_by(ME, 120)
    engine.bounce(ids[:9])
    last = engine.message(bounced(email_id=ids[9]))
    engine.run(last)
    if redelivered:
        engine.run(msgspec.structs.replace(last, receive_count=2))

    assert engine.breaker_table.listed == ([ME] if redelivered else [])
