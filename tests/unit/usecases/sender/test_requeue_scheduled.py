"""The end of holding, for an email that is due later: what happened before that time uses up none of it."""

from __future__ import annotations

from typing import Protocol

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

_DUE = NOW + 3 * 86_400


class Disturb(Protocol):
    def __call__(self, sender: Sender, *, bad: bool) -> None: ...


def is_unreadable(sender: Sender, *, bad: bool) -> None:
    sender.suppression.error = TransientError("DynamoDB cannot answer", code="AWS001") if bad else None


def is_paused(sender: Sender, *, bad: bool) -> None:
    sender.control.states["my.application"] = SendingState(paused=bad, paused_by="operator")


def deliver_until(sender: Sender, until: float) -> None:
    while sender.clock.now() < until and (waiting := sender.waiting.take()):
        for body, delay in waiting:
            sender.clock.sleep(min(delay, 900))
            assert sender.run(QueueMessage("again", body)) == set()


@pytest.mark.parametrize("at_due", [is_unreadable, is_paused])
@pytest.mark.parametrize("at_first", [is_unreadable, is_paused])
def test_a_short_wait_days_before_send_at_does_not_end_the_waits_that_follow_it(
    at_first: Disturb, at_due: Disturb
) -> None:
    sender = Sender()
    at_first(sender, bad=True)
    assert sender.run(sender.message(request(emailId="one", sendAt=utc_text(_DUE)))) == set()
    at_first(sender, bad=False)
    deliver_until(sender, _DUE - 900)

    at_due(sender, bad=True)
    deliver_until(sender, _DUE + 600)
    assert sender.tracking.records["one"].status is not Status.FAILED
    at_due(sender, bad=False)
    deliver_until(sender, _DUE + 3_600)

    assert sender.tracking.records["one"].status is Status.SENT


def test_a_pause_that_began_before_send_at_is_held_through_as_long_as_one_that_began_then() -> None:
    sender = Sender()
    is_paused(sender, bad=True)
    sender.run(sender.message(request(emailId="one", sendAt=utc_text(_DUE))))

    found = []
    for until in (_DUE + 86_000, _DUE + 87_000):
        deliver_until(sender, until)
        found.append(sender.tracking.records["one"].status)
    assert found == [Status.DEFERRED, Status.FAILED]
