"""An email that the delivery mode does not send waits for memory and is recorded in time, as one that is sent."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.record.statuses import Status
from tests.unit.usecases.sender.test_deliver_timing import Busy
from tests.unit.usecases.sender.test_guards_delivery_modes import ALLOW, SINK, switch
from tools.simulation.fakes import NOW, request


@pytest.mark.parametrize(("late", "recorded"), [(0, True), (1, True), (1.001, False)])
def test_an_email_that_waited_for_the_bytes_of_others_is_recorded_up_to_a_second_late(
    late: float, recorded: bool
) -> None:
    sender = Busy(bytes_free_at=NOW + 20 + late)
    switch(sender, SINK)
    sender.run(sender.message(request(emailId="one")))

    assert [(record.status, record.sink) for record in sender.tracking.records.values()] == [
        (Status.DELIVERED, True)
    ] * recorded
    assert [1 <= delay <= 10 for _, delay in sender.waiting.messages] == [True] * (not recorded)
    assert sender.mailer.accepted == []


def test_it_takes_as_many_bytes_as_if_it_were_sent() -> None:
    sink, live = Busy(), Busy()
    switch(sink, SINK)
    for sender in (sink, live):
        sender.run(sender.message(request(emailId="one")))
    assert sink.weighed == live.weighed


def test_the_log_says_that_it_was_not_sent() -> None:
    sender = Busy()
    switch(sender, SINK)
    sender.run(sender.message(request(emailId="one")))
    assert [line["event"] for line in sender.log.lines] == ["email.sunk"]


def test_a_copy_that_is_not_on_the_list_says_why_it_was_dropped() -> None:
    sender = Busy()
    switch(sender, ALLOW)
    sender.run(sender.message(request(emailId="one", cc=["bea@example.com"])))
    state = sender.tracking.records["one"].recipients["bea@example.com"]
    assert (state.error_type, state.error_message) == (
        "not_allowed",
        "Email not sent: recipient is not in delivery.allow",
    )
