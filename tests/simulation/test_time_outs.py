"""Servers that say nothing for a long time, at every length that the functions may have: no call outlasts its function.

A call without an answer takes all of its time-outs here, as long as aws/clients.py gives it in such a function.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sesmail_layer.aws import clients
from sesmail_layer.usecases.feedback.record_email import FeedbackTime
from sesmail_layer.usecases.sender.deliver import Delivery
from tools.simulation import outage_world
from tools.simulation.fakes import NOW
from tools.simulation.outage_proofs import (
    START,
    check_each_email_is_sent_once,
    check_no_receive_is_spent,
    prove_suppression,
)
from tools.simulation.outage_world import OutageWorld
from tools.simulation.outages import Outage

MINUTE = 60.0
MB = 1024 * 1024


def silent_ses(minutes: float) -> Outage:
    return Outage(START, START + minutes * MINUTE, "SES", ses="unknown", silent=True, lost_answers=0.5)


def request(world: OutageWorld, a_second: float, seconds: float, *, bulk_share: float = 0.0) -> None:
    for number in range(int(a_second * seconds)):
        world.ask(NOW + number / a_second, bulk=world.dice.random() < bulk_share)


@pytest.mark.parametrize("sender_seconds", [10.0, 30.0])
@pytest.mark.parametrize(
    ("ses_rate", "a_second", "bulk_share"), [(1.0, 2.0, 0.0), (14.0, 4.0, 0.5), (14.0, 10.0, 1.0), (200.0, 4.0, 0.3)]
)
def test_an_ses_that_hangs_for_twenty_minutes_kills_no_function_and_costs_no_receive(
    ses_rate: float, a_second: float, bulk_share: float, sender_seconds: float
) -> None:
    world = OutageWorld(1, [silent_ses(20)], ses_rate=ses_rate, sender_seconds=sender_seconds)
    request(world, a_second, 60, bulk_share=bulk_share)
    world.run(START + 90 * MINUTE)
    check_no_receive_is_spent(world)
    check_each_email_is_sent_once(world)


@pytest.mark.parametrize("sender_seconds", [10.0, 30.0, 60.0])
def test_neither_do_messages_of_forty_megabytes(sender_seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage_world, "WORKERS", 1)  # The memory holds one of them.
    world = OutageWorld(1, [silent_ses(5)], sender_seconds=sender_seconds)
    world.ses.weight = 40 * MB
    request(world, 0.5, 60)
    world.run(START + 90 * MINUTE)
    check_no_receive_is_spent(world)
    check_each_email_is_sent_once(world)


@pytest.mark.parametrize("processor_seconds", [5.0, 8.0, 10.0, 15.0])
@pytest.mark.parametrize("operation", ["", "UpdateItem", "PutItem"])
def test_a_dynamodb_that_hangs_under_bounces_delays_each_suppression_by_at_most_90_seconds(
    operation: str, processor_seconds: float
) -> None:
    silence = Outage(START, START + 15 * MINUTE, "DynamoDB", operation=operation, slowest_seconds=9.0, silent=True)
    prove_suppression(1, silence, processor_seconds=processor_seconds)


@pytest.mark.parametrize("sender_seconds", [10.0, 12.0, 15.0, 20.0, 30.0])
@pytest.mark.parametrize("service", ["DynamoDB", "EventBridge", "S3", "SQS"])
def test_no_other_service_that_hangs_kills_a_function(service: str, sender_seconds: float) -> None:
    silence = Outage(START, START + MINUTE, service, slowest_seconds=20.0, silent=True)
    world = OutageWorld(1, [silence], sender_seconds=sender_seconds)
    request(world, 1.0, 85, bulk_share=0.3)
    world.run(START + 30 * MINUTE)
    assert world.killed == 0
    check_each_email_is_sent_once(world)


def sends_begin_at_any_time(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Delivery, "_needs_all", lambda *_: True)


def time_outs_do_not_know_their_function(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(clients.Limits, "within", lambda limits, _: limits)
    plant.setattr(clients.SizeClass, "within", lambda size_class, _: size_class)


def feedback_begins_at_any_time(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(FeedbackTime, "until", lambda deadline, *_: FeedbackTime(deadline, deadline, deadline, deadline))


@pytest.mark.parametrize(
    ("plant", "sender_seconds"), [(sends_begin_at_any_time, 30.0), (time_outs_do_not_know_their_function, 10.0)]
)
def test_a_sender_with_a_planted_defect_is_killed_or_sends_nothing(
    plant: Callable[[pytest.MonkeyPatch], None], sender_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    world = OutageWorld(1, [silent_ses(2)], ses_rate=1.0, sender_seconds=sender_seconds)
    request(world, 2.0, 60)
    world.run(START + 10 * MINUTE)
    assert world.killed > 0 or not world.ses.accepted


@pytest.mark.parametrize("plant", [feedback_begins_at_any_time, time_outs_do_not_know_their_function])
def test_a_processor_with_a_planted_defect_is_killed(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        test_a_dynamodb_that_hangs_under_bounces_delays_each_suppression_by_at_most_90_seconds("", 5.0)
