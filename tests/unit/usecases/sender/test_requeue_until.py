"""`until` of a `deferred` event: the latest time at which the email is sent or failed, not the next look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.errors import PausedBySes, RateLimited
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_seconds, utc_text
from tools.simulation.fakes import NOW
from tools.simulation.sender import Sender

SOURCE = "my.application"
HOUR = 3_600.0


def paused(sender: Sender) -> None:
    sender.control.states[SOURCE] = SendingState(paused=True, paused_by="operator")


def capped(sender: Sender) -> None:
    sender.control.policies[SOURCE] = ProducerPolicy(emails_per_day=1)
    sender.control.take(f"day#{SOURCE}#{utc_text(NOW)[:10]}", 1, 1, 0)


def paused_by_ses(sender: Sender) -> None:
    sender.mailer.answers = [PausedBySes(60, message="Sending paused", code="SES004")] * 5_000


Hold = Callable[[Sender], None]
HOLDS = [paused, capped, paused_by_ses]


def deferred(sender: Sender, **fields: Any) -> float:
    """Send a request that must wait; return `until` as its event and its record have it."""
    sender.send(emailId="one", **fields)
    [event] = sender.bus.events
    assert event.status == "deferred"
    assert event.until == sender.tracking.records["one"].history[-1].detail["until"]
    return utc_seconds(event.until or "")


@pytest.mark.parametrize("hold", HOLDS)
def test_it_is_the_end_of_max_hold_hours(hold: Hold) -> None:
    sender = Sender(max_hold_seconds=30 * HOUR)
    hold(sender)

    assert deferred(sender) == NOW + 30 * HOUR
    assert "heldUntil" not in sender.tracking.records["one"].history[-1].detail


@pytest.mark.parametrize("hold", HOLDS)
def test_it_is_a_day_where_max_hold_hours_is_less_since_what_follows_the_hold_may_last_so_long(hold: Hold) -> None:
    sender = Sender(max_hold_seconds=5 * HOUR)
    hold(sender)

    assert deferred(sender) == NOW + 24 * HOUR
    assert sender.tracking.records["one"].history[-1].detail["heldUntil"] == utc_text(NOW + 5 * HOUR)


def test_an_email_is_sent_by_then_where_the_send_rate_keeps_it_after_the_hold() -> None:
    sender = Sender(max_hold_seconds=HOUR)
    paused(sender)
    until = deferred(sender)
    sender.control.states.clear()
    sender.mailer.answers = [RateLimited(600)] * 50
    while sender.waiting.messages:
        sender.run_waiting()

    assert sender.tracking.records["one"].status is Status.SENT
    assert NOW + HOUR < sender.clock.now() <= until


@pytest.mark.parametrize("hold", HOLDS)
def test_it_is_the_request_s_expiry_where_that_is_sooner(hold: Hold) -> None:
    sender = Sender(max_hold_seconds=5 * HOUR)
    hold(sender)

    assert deferred(sender, expiresAt=utc_text(NOW + HOUR)) == NOW + HOUR


def test_of_a_scheduled_email_it_is_send_at() -> None:
    assert deferred(Sender(), sendAt=utc_text(NOW + HOUR), expiresAt=utc_text(NOW + 2 * HOUR)) == NOW + HOUR


def test_a_wait_before_send_at_ends_max_hold_hours_after_it() -> None:
    sender = Sender(max_hold_seconds=5 * HOUR)
    paused(sender)

    assert deferred(sender, sendAt=utc_text(NOW + HOUR)) == NOW + 25 * HOUR


@pytest.mark.parametrize("fields", [{}, {"expiresAt": utc_text(NOW + 400)}, {"priority": "bulk"}], ids=str)
@pytest.mark.parametrize("hold", HOLDS)
def test_a_held_email_fails_at_that_time_and_not_after_it(hold: Hold, fields: dict[str, str]) -> None:
    sender = Sender(max_hold_seconds=1_000)
    hold(sender)
    until = deferred(sender, **fields)
    held_until = sender.tracking.records["one"].history[-1].detail.get("heldUntil")
    until = utc_seconds(held_until) if held_until else until
    while sender.waiting.messages or sender.bulk_waiting.messages:
        sender.run_waiting()

    record = sender.tracking.records["one"]
    assert (record.status, record.error_type) == (Status.FAILED, "expired")
    assert until <= sender.clock.now() <= until + 2


def test_what_expires_during_a_pause_fails_then_and_does_not_wait_for_its_end() -> None:
    sender = Sender()
    paused(sender)
    sender.clock.sleep(10)

    record = sender.send(emailId="one", expiresAt=utc_text(NOW + 5))

    assert (record.status, record.error_message) == (
        Status.FAILED,
        "Email not sent: expired at 2026-11-24T10:31:05.000Z",
    )
