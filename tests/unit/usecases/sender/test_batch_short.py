"""What is left of an invocation is divided: half of it is for recording, where it is short."""

from __future__ import annotations

import pytest

from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender


@pytest.mark.parametrize(("turn", "sent"), [(4.2, True), (4.7, False)])
def test_of_nine_seconds_four_and_a_half_are_for_sending(turn: float, sent: bool) -> None:
    sender = Sender()
    sender.mailer.longest = 0.5
    sender.bucket.empty_at["pacer#all"] = NOW + turn
    sender.run(sender.message(request(emailId="one")), seconds=9)
    assert bool(sender.mailer.accepted) is sent
    assert bool(sender.waiting.messages) is not sent
