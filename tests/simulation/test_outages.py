"""Outages of 60 s, with the real use cases from request to status event: what they cost an email, and what they do not.

Each seed has another load: one email a second or thirty, one by one or in bursts, a third of them bulk.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from tools.simulation.outage_proofs import (
    AFTER_SECONDS,
    END,
    START,
    check_delay,
    check_each_email_is_sent_once,
    check_no_dead_letter,
    prove_outage,
    prove_suppression,
    prove_unknown_outcomes,
    run_load,
)
from tools.simulation.outages import SLOWEST_FAILURE_SECONDS, Outage

VISIBILITY_SECONDS = 180.0
MakeOutages = Callable[[random.Random], Sequence[Outage]]


def outage_of(service: str, **about: object) -> MakeOutages:
    """Return a maker of outages whose calls fail at once or slowly, and have sometimes taken effect."""

    def make(dice: random.Random) -> Sequence[Outage]:
        slowest = dice.choice((0.0, 1.0, SLOWEST_FAILURE_SECONDS))
        lost = dice.choice((0.0, 0.5))
        return [Outage(START, END, service, **{"slowest_seconds": slowest, "lost_answers": lost} | about)]  # type: ignore[arg-type]

    return make


def ses_and_put_item(dice: random.Random) -> Sequence[Outage]:
    return [
        Outage(START, END, "SES", slowest_seconds=2.0),
        Outage(START, END, "DynamoDB", operation="PutItem", share=0.3, lost_answers=0.5),
    ]


def a_second(seed: int) -> float:
    return 30.0 if seed % 26 == 0 else 1.0


WHOLE = {
    "DynamoDB": outage_of("DynamoDB"),
    "EventBridge": outage_of("EventBridge"),
    "SES refuses connections": outage_of("SES", ses="refused", slowest_seconds=2.0, lost_answers=0.0),
    "SES throttles": outage_of("SES", ses="throttled", slowest_seconds=0.1, lost_answers=0.0),
}
PARTIAL = {
    "DynamoDB's PutItem": outage_of("DynamoDB", operation="PutItem"),
    "DynamoDB's UpdateItem": outage_of("DynamoDB", operation="UpdateItem"),
    "DynamoDB's BatchGetItem": outage_of("DynamoDB", operation="BatchGetItem"),
    "a third of DynamoDB's calls": outage_of("DynamoDB", share=0.3, slowest_seconds=1.0),
    "half of EventBridge's entries": outage_of("EventBridge", share=0.5),
    "S3": outage_of("S3", slowest_seconds=10.0),
    "SQS, while nothing has to wait": outage_of("SQS"),
    "SES and DynamoDB's PutItem": ses_and_put_item,
}


@pytest.mark.parametrize("service", WHOLE)
def test_an_email_is_sent_a_minute_after_an_outage_and_costs_no_receive(service: str) -> None:
    for seed in range(8):
        prove_outage(seed, WHOLE[service](random.Random(seed)), a_second(seed))


@pytest.mark.parametrize("service", PARTIAL)
def test_an_outage_of_some_operations_costs_no_more(service: str) -> None:
    for seed in range(1, 7):
        prove_outage(seed, PARTIAL[service](random.Random(seed)), 1.0)


def test_where_ses_does_not_say_whether_it_took_a_mail_it_gets_no_second_one() -> None:
    for seed in range(50):
        dice = random.Random(seed)
        outages = outage_of("SES", ses="unknown", lost_answers=dice.choice((0.3, 0.7, 1.0)))(dice)
        prove_unknown_outcomes(seed, outages, 10.0 if seed % 26 == 0 else 0.5)


def test_probes_that_sns_does_not_take_cost_a_minute_after_its_outage() -> None:
    for seed in range(4):
        dice = random.Random(seed)
        probing = START + 300
        outages = [
            *outage_of("SES", ses="unknown", lost_answers=0.3)(dice),
            Outage(probing - 30, probing + 120, "SNS"),
        ]
        world = run_load(seed, outages, 0.5)
        check_each_email_is_sent_once(world)
        check_delay(world, AFTER_SECONDS)


def test_after_an_outage_of_fifteen_minutes_every_bounce_is_suppressed_within_90_seconds() -> None:
    for seed in range(12):
        slowest = random.Random(seed).choice((0.0, 1.0, SLOWEST_FAILURE_SECONDS))
        operation = ("", "UpdateItem", "PutItem", "BatchGetItem")[seed % 4]
        prove_suppression(seed, Outage(START, START + 900, "DynamoDB", operation=operation, slowest_seconds=slowest))


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_what_cannot_be_put_aside_is_redelivered_and_nothing_is_lost(share: float) -> None:
    for seed in range(6):
        dice = random.Random(seed)
        outages = [*outage_of("DynamoDB")(dice), *outage_of("SQS", share=share)(dice)]
        world = run_load(seed, outages, 1.0)
        check_each_email_is_sent_once(world)
        check_no_dead_letter(world)
        check_delay(world, VISIBILITY_SECONDS + AFTER_SECONDS)
