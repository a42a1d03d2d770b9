"""The breaker: the real code of both functions on a simulated clock; SES events arrive 5 to 15 seconds late."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_seconds
from tools.simulation.reputation import LIMITS, ReputationSimulation

RATE = 100
SECONDS = 120
IN_FORCE_SECONDS = 15
INVENTOR, SHOP, PORTAL = "inventor", "shop", "portal"


def run(*, inventing: bool) -> ReputationSimulation:
    """Run two producers with real customers, and one that invents 10 addresses per second."""
    simulation = ReputationSimulation(RATE)
    producers = [
        simulation.producer(SHOP, 10, SECONDS, "customer.example"),
        simulation.producer(PORTAL, 5, SECONDS, "customer.example"),
    ]
    if inventing:
        producers.append(simulation.producer(INVENTOR, 10, SECONDS, "invented.example"))
    whole = SECONDS + 30
    simulation.run([*producers, *simulation.senders(10, whole), simulation.feedback_processor(whole)])
    return simulation


def crossed_at(simulation: ReputationSimulation) -> float:
    """Return when the bounces that crossed the inventor's threshold arrived, computed from records alone."""
    sent = sorted(email.at for email in simulation.sent_by(INVENTOR))
    arrived = sorted(utc_seconds(record.bounced_at) for record in simulation.records_of(INVENTOR) if record.bounced_at)
    for bounces, at in enumerate(arrived, start=1):
        emails = sum(sent_at <= at for sent_at in sent)
        if emails >= LIMITS.min_emails and bounces >= LIMITS.min_bounces and bounces > LIMITS.bounce_rate * emails:
            return at
    raise AssertionError("the threshold was never crossed")


@pytest.fixture(scope="module")
def simulation() -> ReputationSimulation:
    return run(inventing=True)


def test_a_producer_that_invents_addresses_is_paused_within_15_seconds_and_loses_no_email(
    simulation: ReputationSimulation,
) -> None:
    crossed = crossed_at(simulation)
    state = simulation.state(INVENTOR)
    assert state is not None
    assert (state.paused, state.trip) == (True, "bounce")
    assert max(email.at for email in simulation.sent_by(INVENTOR)) <= crossed + IN_FORCE_SECONDS
    # Emails of 10 to 25 seconds were sent before their bounces could arrive.
    sent = len(simulation.sent_by(INVENTOR))
    assert 100 <= sent <= 10 * (crossed + IN_FORCE_SECONDS - simulation.start)
    records = simulation.records_of(INVENTOR)
    assert len(records) == 10 * SECONDS
    held = [record for record in records if record.status is Status.DEFERRED]
    assert {record.defer_reason for record in held} == {"breaker"}
    assert len(held) == 10 * SECONDS - sent


def test_other_producers_are_not_slowed_down(simulation: ReputationSimulation) -> None:
    without_inventor = run(inventing=False)

    assert len(simulation.sent_by(SHOP, PORTAL)) == len(without_inventor.sent_by(SHOP, PORTAL)) == 15 * SECONDS
    assert simulation.p95_waited_seconds(SHOP, PORTAL) <= 1.1 * without_inventor.p95_waited_seconds(SHOP, PORTAL)
    for source in (SHOP, PORTAL, ACCOUNT):
        state = simulation.state(source)
        assert state is None or not state.paused
    assert [event.producer for event in simulation.bus.announced] == [INVENTOR]


def test_a_producer_sends_no_more_first_contacts_per_hour_than_its_policy_allows() -> None:
    # From 10:31 into the next hour: the cap applies to each hour.
    simulation = ReputationSimulation(RATE)
    simulation.set_policy(INVENTOR, ProducerPolicy(first_contacts_per_hour=60))
    producer = simulation.producer(INVENTOR, 10, 60, "invented.example")
    seconds = 40 * 60
    simulation.run([producer, *simulation.senders(3, seconds), simulation.feedback_processor(seconds)])

    next_hour = simulation.start + 29 * 60
    contacts = [
        {email.to for email in simulation.sent_by(INVENTOR) if (email.at < next_hour) is early}
        for early in (True, False)
    ]
    assert [len(each) for each in contacts] == [60, 60]


def test_one_complaint_in_500_emails_pauses_no_producer() -> None:
    simulation = ReputationSimulation(RATE)
    producers = [
        simulation.producer(SHOP, 50, 9.98, "customer.example"),
        simulation.producer(SHOP, 1, 1, "annoyed.example"),
    ]
    simulation.run([*producers, *simulation.senders(10, 60), simulation.feedback_processor(60)])

    assert len(simulation.sent_by(SHOP)) == 500
    assert [record.status for record in simulation.records_of(SHOP)].count(Status.COMPLAINED) == 1
    assert simulation.state(SHOP) is None
    assert simulation.state(ACCOUNT) is None
