"""Emails whose preparation takes long, at every length that the sender may have: each batch sends some of them.

The sender's last time for sending depends on the size of a message: SES may take longer with a large one.
"""

from __future__ import annotations

import base64
import heapq
import random
from collections.abc import Mapping
from typing import Any

import pytest

from sesmail_layer.aws.clients import SesClients
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.template.templates import Template
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.fakes import FakeClock, FakeTemplates, request
from tools.simulation.sender import Sender

MB = 1024 * 1024
MOST_BATCHES = 100


class SlowTemplates(FakeTemplates):
    def __init__(self, clock: FakeClock, seconds: Mapping[str, float], jitter: float) -> None:
        super().__init__()
        self._clock, self._seconds, self._jitter = clock, seconds, jitter
        self._dice = random.Random(2)

    def load(self, name: str, locale: str | None, compile_seconds: float) -> Template:
        self._clock.sleep(self._seconds[name] * self._dice.uniform(1 - self._jitter, 1 + self._jitter))
        return super().load("welcome", locale, compile_seconds)


class Backlog:
    """One worker, which takes ten messages a batch, and as many emails as one batch after another has sent."""

    def __init__(self, function_seconds: float, megabytes: float, own: Mapping[str, float], jitter: float = 0) -> None:
        random.seed(1)
        self._function_seconds, clients = function_seconds, SesClients("sesv2", "SendEmail", function_seconds)
        self.sender = Sender(max_send_rate=1000.0)
        self.sender.templates = SlowTemplates(self.sender.clock, own, jitter)
        self.sender.mailer.seconds = 0.1
        self.sender.mailer.longest_seconds = (  # type: ignore[method-assign]
            lambda size: clients.longest_seconds(max(size, int(megabytes * MB)))
        )
        self._queue: list[tuple[float, int, str]] = []

    def put(self, body: str, delay: float = 0) -> None:
        heapq.heappush(self._queue, (self.sender.clock.now() + delay, len(self._queue), body))

    def batches(self) -> int:
        """Send all; return how many batches that took."""
        use, clock, batches = SendEmails(self.sender.ports(), self.sender.rules), self.sender.clock, 0
        while self._queue and batches < MOST_BATCHES:
            clock.sleep(self._queue[0][0] - clock.now())
            bodies: list[str] = []
            while self._queue and len(bodies) < 10 and self._queue[0][0] <= clock.now():
                bodies.append(heapq.heappop(self._queue)[2])
            messages = [QueueMessage(f"{batches}-{n}", body) for n, body in enumerate(bodies)]
            deadline = clock.now() + self._function_seconds
            assert use(messages, deadline) == set()
            assert clock.now() <= deadline
            for body, delay in self.sender.waiting.take():
                self.put(body, delay)
            batches += 1
        return batches


@pytest.mark.parametrize(
    ("function_seconds", "own_seconds", "jitter", "megabytes"),
    [
        (10, 0.9, 0.1, 0),
        (10, 1.45, 0, 2),
        (20, 1.45, 0, 0),
        (30, 2.45, 0, 0),
        (30, 0.75, 0.1, 2),
        (30, 0.9, 0.2, 2),
        (30, 1.2, 0.3, 2),
        (60, 1.6, 0.1, 12),
    ],
)
def test_full_batches_that_are_slow_to_prepare_are_sent_at_every_length_of_the_function(
    function_seconds: float, own_seconds: float, jitter: float, megabytes: float
) -> None:
    backlog = Backlog(function_seconds, megabytes, {"slow": own_seconds}, jitter)
    for n in range(40):
        backlog.put(backlog.sender.message(request(emailId=f"m-{n}", templateName="slow")).body)

    assert backlog.batches() <= 45
    assert len(backlog.sender.mailer.accepted) == 40


def test_an_email_that_takes_much_longer_to_prepare_than_those_before_it_makes_none_of_them_wait_for_ever() -> None:
    backlog = Backlog(30, 2, {"quick": 0.5, "slow": 6.3})
    for n in range(20):
        template = "slow" if n % 10 == 1 else "quick"
        backlog.put(backlog.sender.message(request(emailId=f"m-{n}", templateName=template)).body)

    assert backlog.batches() < MOST_BATCHES
    assert len(backlog.sender.mailer.accepted) == 20


@pytest.mark.parametrize(("light_seconds", "lights", "heavy_seconds"), [(0.9, 8, 5.0), (0.9, 8, 2.5), (0.3, 9, 6.0)])
def test_a_heavy_email_that_is_prepared_last_begins_no_call_that_may_outlast_the_invocation(
    light_seconds: float, lights: int, heavy_seconds: float
) -> None:
    sender, clients = Sender(max_send_rate=1000.0), SesClients("sesv2", "SendEmail", 30)
    sender.templates = SlowTemplates(sender.clock, {"light": light_seconds, "heavy": heavy_seconds}, jitter=0)
    content = base64.b64encode(b"x" * 40_000).decode()
    attachment = {"filename": "a.bin", "contentBase64": content, "contentType": "application/octet-stream"}
    sender.mailer.longest_seconds = (  # type: ignore[method-assign]
        lambda size: clients.longest_seconds(2 * MB if size > 30_000 else size)
    )
    ends, send = list[float](), sender.mailer.send

    def noted(raw: bytes, **rest: Any) -> str:
        ends.append(sender.clock.now() + sender.mailer.longest_seconds(len(raw)))
        return send(raw, **rest)

    sender.mailer.send = noted  # type: ignore[method-assign]
    light = [sender.message(request(emailId=f"light-{n}", templateName="light")) for n in range(lights)]
    heavy = sender.message(request(emailId="heavy", templateName="heavy", attachments=[attachment]))
    deadline = sender.clock.now() + 30
    assert SendEmails(sender.ports(), sender.rules)([*light, heavy], deadline) == set()
    assert max(ends, default=0) <= deadline
    assert len(ends) + len(sender.waiting.messages) == lights + 1
