"""A cap's day and hour: when mail that has no room goes on, and how long the counter is kept."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.times import utc_text
from tools.simulation.control_fakes import FakeControl
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

HOUR, DAY = 3_600, 86_400


class NotedControl(FakeControl):
    """Remembers until when each counter is to be kept."""

    def __init__(self) -> None:
        super().__init__()
        self.expiries: dict[str, float] = {}

    def take(self, counter: str, wanted: int, limit: int, expires_at: float) -> int:
        self.expiries[counter] = expires_at
        return super().take(counter, wanted, limit, expires_at)


def sender_with(**caps: Any) -> tuple[Sender, NotedControl]:
    sender, control = Sender(), NotedControl()
    sender.control = control
    control.policies["my.application"] = ProducerPolicy(**caps)
    return sender, control


def emails(sender: Sender, count: int) -> None:
    sender.run(*(sender.message(request(emailId=f"m-{n}", to=f"u{n}@example.com")) for n in range(count)))


@pytest.mark.parametrize(
    ("caps", "counter", "window_end", "kept_seconds"),
    [
        ({"emails_per_day": 1}, "day#my.application#2026-11-24", "2026-11-25T00:00:00.000Z", 2 * DAY),
        ({"first_contacts_per_hour": 1}, "contacts#my.application#2026-11-24T10", "2026-11-24T11:00:00.000Z", 2 * HOUR),
    ],
)
def test_what_has_no_room_waits_for_the_next_window(
    caps: dict[str, int], counter: str, window_end: str, kept_seconds: int
) -> None:
    sender, control = sender_with(**caps)

    emails(sender, 2)

    [(_, delay)] = sender.waiting.messages
    assert utc_text(NOW + delay) == window_end
    assert control.expiries == {counter: NOW + kept_seconds}
    assert control.counters == {counter: 1}


def test_an_address_in_two_emails_of_a_batch_is_one_first_contact() -> None:
    sender, _ = sender_with(first_contacts_per_hour=1)
    both = [sender.message(request(emailId=f"m-{n}", to="new@example.com")) for n in range(2)]

    sender.run(*both)

    assert len(sender.mailer.accepted) == 2


def test_within_both_caps_an_email_waits_for_the_one_that_has_no_room() -> None:
    sender, control = sender_with(first_contacts_per_hour=1, emails_per_day=5)

    emails(sender, 2)

    assert control.counters["day#my.application#2026-11-24"] == 1
    assert sender.tracking.records["m-1"].defer_reason == "first_contacts"
