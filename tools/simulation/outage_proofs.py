"""What must hold of the engine after an outage, whatever the load was: delays, receives, and one mail an email."""

from __future__ import annotations

import random
from collections.abc import Sequence

from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import NOW
from tools.simulation.outage_world import OutageWorld
from tools.simulation.outages import Outage
from tools.simulation.world import expected_events

START, END = NOW + 15, NOW + 75
"""Of an outage of 60 s."""
AFTER_SECONDS = 60.0
SETTLE_SECONDS = 300.0
_ASKED_UNTIL = NOW + 85
_RUN_SECONDS = 1_500.0


def run_load(seed: int, outages: Sequence[Outage], a_second: float, *, outcome_seconds: float = 10.0) -> OutageWorld:
    """Request emails before, during and after an outage, one by one or in bursts, in both lanes.

    A high load lasts for some seconds around the outage's begin and end.
    """
    world = OutageWorld(seed, outages, outcome_seconds=outcome_seconds)
    burst = world.dice.choice((1, 5, 30))
    high = ((START - 3, START + 4), (END - 6, END + 2))
    for at, until in high if a_second > 1 else ((NOW, _ASKED_UNTIL),):
        while at < until:
            for _ in range(burst):
                world.ask(at + world.dice.uniform(0, 0.5), bulk=world.dice.random() < 0.3)
            at += burst / a_second
    world.run(NOW + _RUN_SECONDS)
    return world


def prove_outage(seed: int, outages: Sequence[Outage], a_second: float) -> None:
    """Every email is sent once, a minute after the outage at the latest, and costs no receive."""
    world = run_load(seed, outages, a_second)
    check_each_email_is_sent_once(world)
    check_no_receive_is_spent(world)
    check_statuses(world)
    check_delay(world, AFTER_SECONDS)


def prove_unknown_outcomes(seed: int, outages: Sequence[Outage], a_second: float) -> None:
    """As above, but where SES does not say whether it took a mail, the claim has to settle first."""
    world = run_load(seed, outages, a_second, outcome_seconds=60.0)
    check_each_email_is_sent_once(world)
    check_no_receive_is_spent(world)
    check_statuses(world, SETTLE_SECONDS + 120)
    late = {
        email_id: accepted[0] - world.asked[email_id].at
        for email_id, accepted in world.accepted_at().items()
        if accepted[0] - world.asked[email_id].at > SETTLE_SECONDS + 120
    }
    assert not late, f"sent too late: {late}"


def check_each_email_is_sent_once(world: OutageWorld) -> None:
    wrong = {email_id: len(mails) for email_id, mails in world.accepted_at().items() if len(mails) != 1}
    assert not wrong, f"mails of each: {wrong}"
    left = {one.email_id: one.status for one in world.tracking.records.values() if one.status is not Status.DELIVERED}
    assert not left, f"not delivered: {left}"
    queued = [len(queue) for queue in world.all_queues]
    assert not any(queued), f"left in the queues: {queued}"


def check_no_receive_is_spent(world: OutageWorld) -> None:
    assert world.killed == 0, f"{world.killed} functions were killed"
    receives = [queue.most_receives for queue in world.all_queues]
    assert max(receives) == 1, f"most receives: {receives}"
    check_no_dead_letter(world)


def check_no_dead_letter(world: OutageWorld) -> None:
    dead = [len(queue.dead) for queue in world.all_queues]
    assert not any(dead), f"dead letters: {dead}"


def check_delay(world: OutageWorld, seconds: float) -> None:
    end = max(outage.end for outage in world.outages)
    late = {
        email_id: mails[0] - end
        for email_id, mails in world.accepted_at().items()
        if mails[0] > max(end, world.asked[email_id].at) + seconds
    }
    assert not late, f"sent so many seconds after the outage: {late}"


def check_statuses(world: OutageWorld, seconds: float = AFTER_SECONDS + 30) -> None:
    """Every stored transition is published, soon after what it reports or after the outage."""
    end = max(outage.end for outage in world.outages)
    for record in world.tracking.records.values():
        for event_id, event in expected_events(record).items():
            at = world.bus.published_at.get(event_id)
            assert at is not None, f"{event.status} of {record.email_id} was never published"
            latest = max(end, world.asked[record.email_id].at) + seconds
            assert at <= latest, f"{event.status} of {record.email_id} was published {at - end:.0f} s after the outage"


def prove_pollers(seed: int) -> None:
    """Five pollers, in any order, while the table answers or does not: no mail that SES took goes out again."""
    dice = random.Random(seed)
    ends = NOW + dice.uniform(200, 420)
    world = OutageWorld(
        seed,
        [
            Outage(NOW, NOW + 20, "SES", ses="unknown", lost_answers=1.0),
            Outage(NOW + 15, ends, "DynamoDB", share=dice.choice((0.5, 0.9, 1.0)), slowest_seconds=dice.choice((0, 3))),
        ],
        outcome_seconds=300.0,
    )
    for queue in world.all_queues:
        queue.order = dice
    for number in range(3):
        world.ask(NOW + number)
    for second in range(0, 600, 40):
        world.ask(NOW + 21 + second)  # Its events keep the pollers busy.
    world.run(NOW + _RUN_SECONDS)
    mails = world.accepted_at()
    assert [len(mails[f"m-{number}"]) for number in (1, 2, 3)] == [1, 1, 1], "sent twice"


def prove_suppression(seed: int, outage: Outage, *, processor_seconds: float | None = None) -> None:
    """Bounces come all through an outage of DynamoDB: each address is suppressed soon after it, and none is lost."""
    seconds = outage.end - NOW
    world = OutageWorld(seed, [outage], outcome="hard", outcome_seconds=seconds, processor_seconds=processor_seconds)
    for number in range(60):
        world.ask(NOW + number / 10)
    world.run(outage.end + 3_600)
    assert len(world.ses.accepted) == 60
    check_no_receive_is_spent(world)
    late = {to: at - outage.end for to, at in world.suppressed_at.items() if at > outage.end + 90}
    assert not late, f"suppressed so many seconds after the outage: {late}"
    assert len(world.suppressed_at) == 60
    check_statuses(world, 90 + SETTLE_SECONDS)
    assert not world.progress.notes


def worst_delay(world: OutageWorld) -> float:
    end = max(outage.end for outage in world.outages)
    return max(mails[0] - max(end, world.asked[one].at) for one, mails in world.accepted_at().items())
