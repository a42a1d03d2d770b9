"""The breaker on the real code of both functions, with a simulated clock and news that come 5 to 15 seconds late."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_seconds
from tools.simulation.reputation import LIMITS, Reputation

RATE = 100
SECONDS = 120
IN_FORCE_SECONDS = 15
INVENTOR, SHOP, PORTAL = "inventor", "shop", "portal"


def run(*, inventing: bool) -> Reputation:
    """Two producers with real customers; one that starts to invent addresses at 10 a second."""
    simulation = Reputation(RATE)
    producers = [
        simulation.producer(SHOP, 10, SECONDS, "customer.example"),
        simulation.producer(PORTAL, 5, SECONDS, "customer.example"),
    ]
    if inventing:
        producers.append(simulation.producer(INVENTOR, 10, SECONDS, "invented.example"))
    whole = SECONDS + 30
    simulation.run([*producers, *simulation.senders(10, whole), simulation.feedback_processor(whole)])
    return simulation


def crossed_at(simulation: Reputation) -> float:
    """When the feedback came with which the inventor's bounces were above the threshold, worked out from outside."""
    sent = sorted(one.at for one in simulation.sent_by(INVENTOR))
    came = sorted(utc_seconds(record.bounced_at) for record in simulation.records_of(INVENTOR) if record.bounced_at)
    for bounces, at in enumerate(came, start=1):
        emails = sum(one <= at for one in sent)
        if emails >= LIMITS.min_emails and bounces >= LIMITS.min_bounces and bounces > LIMITS.bounce_rate * emails:
            return at
    raise AssertionError("the threshold was never crossed")


@pytest.fixture(scope="module")
def simulation() -> Reputation:
    return run(inventing=True)


def test_an_inventor_of_addresses_is_held_within_15_seconds_and_nothing_of_it_is_lost(simulation: Reputation) -> None:
    crossed = crossed_at(simulation)
    state = simulation.state(INVENTOR)
    assert state is not None
    assert (state.paused, state.trip) == (True, "bounce")
    assert max(one.at for one in simulation.sent_by(INVENTOR)) <= crossed + IN_FORCE_SECONDS
    # Some 10 to 25 seconds' worth went out before anybody could know.
    sent = len(simulation.sent_by(INVENTOR))
    assert 100 <= sent <= 10 * (crossed + IN_FORCE_SECONDS - simulation.start)
    records = simulation.records_of(INVENTOR)
    assert len(records) == 10 * SECONDS
    held = [record for record in records if record.status is Status.DEFERRED]
    assert {record.defer_reason for record in held} == {"breaker"}
    assert len(held) == 10 * SECONDS - sent


def test_the_others_go_on_as_if_nothing_had_happened(simulation: Reputation) -> None:
    alone, beside = run(inventing=False), simulation

    assert len(beside.sent_by(SHOP, PORTAL)) == len(alone.sent_by(SHOP, PORTAL)) == 15 * SECONDS
    assert beside.p95(SHOP, PORTAL) <= 1.1 * alone.p95(SHOP, PORTAL)
    for source in (SHOP, PORTAL, ACCOUNT):
        state = beside.state(source)
        assert state is None or not state.paused
    assert [event.producer for event in beside.bus.announced] == [INVENTOR]


def test_an_inventor_sends_no_more_first_contacts_in_the_hour_than_its_policy_allows() -> None:
    # From 10:31 into the next hour: half an hour's cap, and then anew.
    simulation = Reputation(RATE)
    simulation.allow(INVENTOR, ProducerPolicy(first_contacts_per_hour=60))
    producer = simulation.producer(INVENTOR, 10, 60, "invented.example")
    seconds = 40 * 60
    simulation.run([producer, *simulation.senders(3, seconds), simulation.feedback_processor(seconds)])

    next_hour = simulation.start + 29 * 60
    contacts = [
        {one.to for one in simulation.sent_by(INVENTOR) if (one.at < next_hour) is early} for early in (True, False)
    ]
    assert [len(each) for each in contacts] == [60, 60]


def test_one_complaint_among_500_mails_pauses_nobody() -> None:
    simulation = Reputation(RATE)
    producers = [
        simulation.producer(SHOP, 50, 9.98, "customer.example"),
        simulation.producer(SHOP, 1, 1, "annoyed.example"),
    ]
    simulation.run([*producers, *simulation.senders(10, 60), simulation.feedback_processor(60)])

    assert len(simulation.sent_by(SHOP)) == 500
    assert [record.status for record in simulation.records_of(SHOP)].count(Status.COMPLAINED) == 1
    assert simulation.state(SHOP) is None
    assert simulation.state(ACCOUNT) is None
