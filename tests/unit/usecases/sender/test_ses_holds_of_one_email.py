"""Emails that SES always refuses for themselves, among others of the same sender that it takes."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Sequence
from typing import Any

import pytest

from sesmail_layer.domain.errors import HoldError, PausedBySes, QuotaUsed, SendingDenied
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.fake_mailer import FakeMailer
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

ANSWERS = [
    PausedBySes(300, message="SES error (ConfigurationSetSendingPaused): no", code="SES004"),
    QuotaUsed(300, message="SES error (Throttling): daily", code="SES005"),
    SendingDenied(30, message="SES error (AccessDenied): ses:Recipients", code="SES009"),
]


class DenyingMailer(FakeMailer):
    """An SES that never takes mail to one domain."""

    denied = "denied.example"
    answer: HoldError

    def send(self, raw: bytes, *, recipients: Sequence[str], **about: Any) -> str:
        if any(self.denied in recipient for recipient in recipients):
            raise self.answer
        return super().send(raw, recipients=recipients, **about)


class Flow(Sender):
    """One container, and a queue that gives it batches of ten, the oldest first or in a random order."""

    def __init__(self, answer: HoldError, *, in_order: bool) -> None:
        super().__init__()
        self.mailer: DenyingMailer = DenyingMailer(self.clock)
        self.mailer.answer = answer
        self.control.role_senders = None
        self.use_case = SendEmails(self.ports(), self.rules)
        self.began = self.clock.now()
        self._in_order = in_order
        self._random = random.Random(3)
        self._ids = itertools.count()
        self._queue: list[tuple[float, float, int, str]] = []

    def put(self, at: float, **email: Any) -> None:
        self._put(self.began + at, self.message(request(**email)).body)

    def _put(self, at: float, body: str) -> None:
        number = next(self._ids)
        heapq.heappush(self._queue, (at, number if self._in_order else self._random.random(), number, body))

    def run(self, until: float) -> None:  # type: ignore[override]
        while self._queue and self._queue[0][0] < self.began + until:
            self.clock.sleep(self._queue[0][0] - self.clock.now())
            batch = [heapq.heappop(self._queue) for _ in range(10) if self._is_due()]
            messages = [QueueMessage(f"hop-{number}", body) for _, _, number, body in batch]
            assert not self.use_case(messages, self.clock.now() + 30)
            for body, delay in self.waiting.take():
                self._put(self.clock.now() + delay, body)

    def _is_due(self) -> bool:
        return bool(self._queue) and self._queue[0][0] <= self.clock.now()

    def delays(self) -> list[float]:
        """Of the accepted emails, which carry their time in their address."""
        return [mail.at - self.began - float(mail.recipients[0].split("@")[0]) for mail in self.mailer.accepted]


@pytest.mark.parametrize("in_order", [True, False], ids=["fifo", "random"])
@pytest.mark.parametrize(("denied", "seconds"), [(1, 10), (1, 90), (4, 10), (4, 90)])
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.reason)
def test_emails_that_are_refused_for_themselves_delay_no_other_by_more_than_a_minute(
    answer: HoldError, denied: int, seconds: int, in_order: bool
) -> None:
    flow = Flow(answer, in_order=in_order)
    for number in range(denied):
        flow.put(0, emailId=f"denied-{number}", to=f"{number}@denied.example")
    arrivals = range(1, 900, seconds)
    for at in arrivals:
        flow.put(at, emailId=f"other-{at}", to=f"{at}@example.org")
    flow.run(970)

    assert len(flow.delays()) == len(arrivals)
    assert max(flow.delays()) <= 65
    assert sum(delay > 1 for delay in flow.delays()) <= 60 / seconds + 1  # Those of the first minute, if any.


def test_one_refused_email_alone_delays_no_other() -> None:
    flow = Flow(ANSWERS[2], in_order=True)
    flow.put(0, emailId="denied", to="0@denied.example")
    for at in range(1, 300, 10):
        flow.put(at, emailId=f"other-{at}", to=f"{at}@example.org")
    flow.run(300)

    assert max(flow.delays()) <= 1


@pytest.mark.parametrize("in_order", [True, False], ids=["fifo", "random"])
def test_emails_that_a_pause_refused_are_sent_after_it_though_one_is_still_refused(in_order: bool) -> None:
    flow = Flow(ANSWERS[0], in_order=in_order)
    flow.mailer.denied = "@"
    flow.put(0, emailId="denied", to="0@denied.example")
    for number in range(30):
        flow.put(0, emailId=f"other-{number}", to="0@example.org")
    flow.run(900)
    flow.mailer.denied = "denied.example"
    flow.run(900 + 150)

    assert len(flow.mailer.accepted) == 30
    assert max(flow.delays()) <= 900 + 65
