"""A newsletter of 100,000 emails waits for its paused producer; meanwhile transactional emails wait, too."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable

import pytest

from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.times import utc_text
from tools.simulation.simulation import Sent, Simulation

HELD = 100_000
WORKERS = 5
"""On each queue, by default."""
SECONDS = 100.0
DUE_SECONDS = range(5, 60, 5)


class HeldNewsletter(Simulation):
    """An account whose bulk mail is paused, with workers on each lane's retry queue."""

    receive_seconds = 0.1
    """An invocation that sends nothing: reads, a SendMessageBatch, deletion, the next receive."""

    def __init__(self, held: int) -> None:
        super().__init__(rate=14)
        self.start = self.clock.now()
        self.pause("newsletter")
        # One is held by the engine itself; the others are its like, on the queue that the engine chose.
        self.run([self.worker(deque([self.bulk("bulk-first")]), self.start + 1, bulk=True)])
        [queue] = [queue for queue in self.retry.values() if queue]
        [body] = queue.take()
        assert json.loads(body)["sesmailHop"]["noted"] == "paused"
        for number in range(held):
            queue.put(body.replace("bulk-first", f"bulk-{number}"), 0)

    def pause(self, source: str) -> None:
        self._control.states[source] = SendingState(paused=True, paused_by="operator")

    def resume(self, source: str, after_seconds: float) -> Callable[[], None]:
        def wait_and_resume() -> None:
            self.clock.sleep(after_seconds)
            self._control.states[source] = SendingState()

        return wait_and_resume

    def bulk(self, email_id: str) -> str:
        self._arrivals[email_id] = self.clock.now()
        message = json.loads(self.email(bulk=True))
        message["id"] = message["detail"]["emailId"] = email_id
        return json.dumps(message | {"source": "newsletter"})

    def waiting_until(self, seconds: float) -> str:
        """Return a transactional email that waits on the retry queue until then."""
        at = round(self.clock.now()) + seconds
        message = json.loads(self.email(at=at))
        message["detail"]["sendAt"] = utc_text(at)
        return json.dumps(message)

    def send_waiting(self, *others: Callable[[], None]) -> list[Sent]:
        """Let transactional emails become due, one every five seconds, and return those that were sent."""
        until = self.clock.now() + SECONDS
        urgent = deque(self.waiting_until(seconds) for seconds in DUE_SECONDS)

        def lane(*, bulk: bool) -> Callable[[], None]:
            work = self.worker(deque() if bulk else urgent, until, bulk=bulk)

            def poll() -> None:
                while self.clock.now() < until:
                    work()
                    self.clock.sleep(0.5)

            return poll

        outcome = self.run([*others, *(lane(bulk=bulk) for bulk in (False, True) for _ in range(WORKERS))])
        return [sent for sent in outcome.sent if not sent.bulk]


def longest_delay(sent: list[Sent]) -> float:
    assert len(sent) == len(DUE_SECONDS)
    return max(email.waited_seconds for email in sent)


def test_100_000_held_emails_delay_a_waiting_transactional_email_by_less_than_a_minute() -> None:
    simulation = HeldNewsletter(HELD)
    assert longest_delay(simulation.send_waiting()) < 5
    assert len(simulation.retry[True]) == HELD
    assert not simulation.retry[False]


def test_neither_do_they_when_their_producer_is_resumed() -> None:
    simulation = HeldNewsletter(HELD)
    sent = simulation.send_waiting(simulation.resume("newsletter", 20))
    assert longest_delay(sent) < 5
    assert len(simulation.outcome.waited_seconds(bulk=True)) > 0.9 * 0.8 * 13.3 * (SECONDS - 30)


def test_on_one_retry_queue_they_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sesmail_layer.usecases.sender.requeue._is_bulk", lambda _job: False)
    simulation = HeldNewsletter(HELD)
    sent = simulation.send_waiting()
    assert len(sent) < len(DUE_SECONDS) or longest_delay(sent) > 60
