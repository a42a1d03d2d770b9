"""Waits that no operator asked for end by themselves: however short the invocation, however short what is held."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import RateLimited, TransientError
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.template.templates import Template
from sesmail_layer.usecases.sender.prepare import COMPILE_SECONDS, RENDER_SECONDS
from tools.simulation.control_fakes import FakeQuota
from tools.simulation.fakes import NOW, FakeTrackingTable, request
from tools.simulation.sender import Sender

SHORTEST_TIMEOUT_SECONDS = 9.9
"""What is left of `email_sender_timeout = 10` when the batch begins."""


class SlowTemplates:
    """Loads each template for as long as compiling and rendering may take together."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._load = sender.templates.load
        sender.templates.load = self.load  # type: ignore[method-assign]

    def load(self, name: str, locale: str | None, compile_seconds: float) -> Template:
        self.compile_seconds = compile_seconds
        self._sender.clock.sleep(compile_seconds + RENDER_SECONDS)
        return self._load(name, locale, compile_seconds)


def drain(sender: Sender, seconds: float, hops: int) -> None:
    """Brings what waits again and again, as Lambda does, until nothing waits."""
    for _ in range(hops):
        for body, delay in sender.waiting.take():
            sender.clock.sleep(delay)
            assert sender.run(QueueMessage(f"message-{sender.clock.now()}", body), seconds=seconds) == set()
    assert sender.waiting.messages == []


def test_the_shortest_timeout_leaves_time_to_send() -> None:
    sender = Sender()
    assert sender.run(sender.message(request(emailId="one")), seconds=SHORTEST_TIMEOUT_SECONDS) == set()
    assert sender.tracking.records["one"].status is Status.SENT
    assert sender.waiting.messages == []


def test_the_shortest_timeout_leaves_time_to_wait_for_the_rate() -> None:
    sender = Sender()
    sender.quota = FakeQuota(rate=1.0)
    for priority in ("transactional", "bulk"):
        emails = [
            request(emailId=f"{priority}-{n}", to=f"{priority}{n}@example.com", priority=priority) for n in range(10)
        ]
        began = sender.clock.now()
        assert sender.run(*map(sender.message, emails), seconds=SHORTEST_TIMEOUT_SECONDS) == set()
        assert sender.clock.now() - began <= SHORTEST_TIMEOUT_SECONDS / 2
        assert sum(record.status is Status.SENT for record in sender.tracking.records.values()) % 10 >= 1
        drain(sender, SHORTEST_TIMEOUT_SECONDS, hops=30)
        assert {record.status for record in sender.tracking.records.values()} == {Status.SENT}


def test_a_usual_timeout_keeps_ten_seconds_for_sending() -> None:
    sender = Sender()
    sender.quota = FakeQuota(rate=1.0)
    emails = [request(emailId=f"{n}", to=f"{n}@example.com") for n in range(40)]
    assert sender.run(*map(sender.message, emails), seconds=30) == set()
    assert sender.clock.now() <= NOW + 20
    assert len(sender.mailer.accepted) == 19  # 0.95 a second.


def test_templates_that_take_as_long_as_they_may_leave_the_batch_time_to_end() -> None:
    for seconds, compile_seconds, prepared in (
        (SHORTEST_TIMEOUT_SECONDS, RENDER_SECONDS, 1),
        (25.0, 7.0, 1),
        (30.0, COMPILE_SECONDS, 2),
        (60.0, COMPILE_SECONDS, 5),
    ):
        sender = Sender()
        slow = SlowTemplates(sender)
        emails = [request(emailId=f"{n}", to=f"{n}@example.com") for n in range(10)]
        assert sender.run(*map(sender.message, emails), seconds=seconds) == set()
        assert sender.clock.now() < NOW + seconds - 3
        assert slow.compile_seconds == compile_seconds
        assert len(sender.mailer.accepted) == prepared
        drain(sender, seconds, hops=1)
        assert {record.status for record in sender.tracking.records.values()} == {Status.SENT}


class SilentTable(FakeTrackingTable):
    """A table that answers reads and no writes."""

    def __init__(self, sender: Sender, seconds: float) -> None:
        super().__init__()
        self._sender, self._seconds = sender, seconds

    def create(self, _record: TrackingRecord) -> TrackingRecord | None:
        self._sender.clock.sleep(self._seconds)
        raise TransientError("DynamoDB error: ReadTimeoutError", code="AWS003")


@pytest.mark.parametrize(("seconds", "call_seconds"), [(SHORTEST_TIMEOUT_SECONDS, 3.0), (30.0, 5.0), (60.0, 5.0)])
def test_ten_rejected_requests_that_cannot_be_recorded_leave_the_batch_time_to_end(
    seconds: float, call_seconds: float
) -> None:
    sender = Sender()
    sender.tracking = SilentTable(sender, call_seconds)
    requests = [request(emailId=f"{n}", to="nobody") for n in range(10)]

    assert sender.run(*map(sender.message, requests), seconds=seconds) == set()

    assert sender.clock.now() < NOW + seconds - 3
    assert len(sender.waiting.messages) == 10


def test_an_operator_who_holds_nothing_does_not_fail_what_waits_for_the_rate() -> None:
    sender = Sender(max_hold_seconds=0)
    sender.mailer.answers += [RateLimited(3)] * 5
    sender.send(emailId="one")
    drain(sender, 30, hops=5)
    assert sender.tracking.records["one"].status is Status.SENT


def test_an_operator_who_holds_nothing_fails_what_is_paused_at_once() -> None:
    sender = Sender(max_hold_seconds=0)
    sender.control.states["my.application"] = SendingState(
        paused=True, paused_by="breaker", trip="bounce", opened_at=NOW
    )
    record = sender.send(emailId="one")
    assert (record.status, record.error_type) == (Status.FAILED, "bounce_rate_exceeded")
    assert sender.bus.statuses("one") == ["failed"]
    assert sender.waiting.messages == []


def test_what_waits_for_the_rate_for_a_day_expires() -> None:
    sender = Sender(max_hold_seconds=0)
    sender.mailer.answers += [RateLimited(900)] * 200
    sender.send(emailId="one")
    drain(sender, 30, hops=100)
    record = sender.tracking.records["one"]
    assert (record.status, record.error_message) == (Status.FAILED, "Email not sent: held too long (rate)")
    assert 86_400 <= sender.clock.now() - NOW <= 86_400 + 900
