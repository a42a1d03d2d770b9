"""Unknown outcomes while feedback flows, fails or stays away: which emails are resent, and when.

Those that must not be sent again are tried with a plain timer in the watermark's place, too.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections.abc import Callable

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.ses.watermark import probe
from tools.simulation.claim_worlds import first_failure
from tools.simulation.fakes import NOW, request
from tools.simulation.feedback import TOPIC, Feedback, delivered, mail
from tools.simulation.outage_proofs import prove_pollers
from tools.simulation.sender import Sender

SETTLE, VISIBILITY = 300.0, 95.0
FAILS = TransientError("DynamoDB throttled", code="AWS003")


class Stack:
    """A sender and a feedback processor on one clock; the feedback queue is in time order."""

    def __init__(self, *, accepted: bool) -> None:
        self.sender, self.feedback = Sender(), Feedback()
        for name in ("clock", "tracking", "suppression", "bus", "pending", "progress"):
            setattr(self.feedback, name, getattr(self.sender, name))
        self.clock, self.progress = self.sender.clock, self.sender.progress
        self.progress.answers_probes = False
        self._probes_sent = 0
        self._queue: list[tuple[float, int, QueueMessage]] = []
        self._ids = itertools.count()
        answers = self.sender.mailer.late_answers if accepted else self.sender.mailer.answers
        answers.append(OutcomeUnknownError("ReadTimeoutError"))
        self.sender.run(self.sender.message(request(emailId="one")))
        self.processor_up_at = NOW

    def arrives(self, message: QueueMessage, at: float) -> None:
        heapq.heappush(self._queue, (at, next(self._ids), msgspec.structs.replace(message, sent_at=at)))

    def redelivered(self, message: QueueMessage, at: float) -> None:
        heapq.heappush(self._queue, (at, next(self._ids), message))

    def send_event(self, at: float) -> QueueMessage:
        message = self.feedback.message({"eventType": "Send", "mail": mail("one"), "send": {}})
        self.arrives(message, at)
        return message

    def run(self, until: float) -> None:
        """Let time pass: the sender's hops, probes to the queue, the queue to the processor."""
        while self.clock.now() < until:
            self.clock.sleep(1)
            self._hop()
            self._process()

    def _hop(self) -> None:
        waiting = self.sender.waiting
        due = [(body, delay) for body, delay in waiting.messages if delay <= 1]
        waiting.messages = [(body, delay - 1) for body, delay in waiting.messages if delay > 1]
        for body, _ in due:
            assert self.sender.run(QueueMessage(f"hop-{next(self._ids)}", body)) == set()
        for at in self.progress.probes[self._probes_sent :]:
            envelope = {"Type": "Notification", "TopicArn": TOPIC, "MessageId": "p", "Message": probe(at)}
            self.arrives(QueueMessage(f"probe-{next(self._ids)}", json.dumps(envelope)), at)
        self._probes_sent = len(self.progress.probes)

    def _process(self) -> None:
        now = self.clock.now()
        for body, delay in self.feedback.again.take():
            self.redelivered(QueueMessage(f"again-{next(self._ids)}", body), now + delay)
        while now >= self.processor_up_at and self._queue and self._queue[0][0] <= now:
            due = min(50, sum(at <= now for at, *_ in self._queue))
            batch = [heapq.heappop(self._queue)[2] for _ in range(due)]
            failed = self.feedback.run(*batch)
            for message in batch:
                if message.message_id in failed and message.receive_count < 5:
                    again = msgspec.structs.replace(message, receive_count=message.receive_count + 1)
                    self.redelivered(again, now + VISIBILITY)

    @property
    def mails(self) -> int:
        return len(self.sender.mailer.accepted)

    @property
    def status(self) -> Status:
        return self.sender.tracking.records["one"].status


def steady_feedback(stack: Stack, until: float, a_second: int = 30) -> None:
    """Repeated deliveries of another email."""
    stack.feedback.sent("other")
    for second in range(int(until - NOW)):
        for _ in range(a_second):
            stack.arrives(stack.feedback.message(delivered(email_id="other")), NOW + second)


def test_at_steady_feedback_an_email_that_ses_never_took_is_sent_again_within_a_minute() -> None:
    stack = Stack(accepted=False)
    steady_feedback(stack, NOW + SETTLE + 60)
    stack.run(NOW + SETTLE - 1)
    assert stack.mails == 0
    stack.run(NOW + SETTLE + 60)
    assert (stack.mails, stack.status) == (1, Status.SENT)


def test_without_any_event_it_is_sent_again_within_two_minutes() -> None:
    stack = Stack(accepted=False)
    stack.run(NOW + SETTLE + 120)
    assert stack.mails == 1
    assert len(stack.progress.probes) <= 2


def test_its_send_event_settles_it() -> None:
    stack = Stack(accepted=True)
    stack.send_event(NOW + 2)
    stack.run(NOW + SETTLE + 120)
    assert (stack.mails, stack.status) == (1, Status.SENT)
    assert stack.progress.probes == []


def processor_behind(stack: Stack) -> None:
    stack.send_event(NOW + 2)
    stack.processor_up_at = NOW + 600


def fails_for_its_event(stack: Stack, until: float) -> None:
    """The processor cannot record this email; it can record others, and handles probes."""
    get_many = stack.feedback.tracking.get_many
    caller: list[bool] = []

    def failing(email_ids: object) -> object:
        if "one" in email_ids and caller and stack.clock.now() < until:  # type: ignore[operator]
            raise FAILS
        return get_many(email_ids)  # type: ignore[arg-type]

    run = stack.feedback.run

    def run_marked(*messages: QueueMessage, seconds: float = 15.0) -> object:
        caller.append(True)
        try:
            return run(*messages, seconds=seconds)
        finally:
            caller.pop()

    stack.feedback.run = run_marked  # type: ignore[method-assign,assignment]
    stack.feedback.tracking.get_many = failing  # type: ignore[method-assign,assignment]


def handed_back(stack: Stack) -> None:
    """Its event cannot be recorded for a long time, and waits from hop to hop."""
    stack.send_event(NOW + 2)
    fails_for_its_event(stack, NOW + 900)


def killed_with_its_batch(stack: Stack) -> None:
    """Its event is received twice by a function that is killed, and then hangs in the queue's visibility."""
    message = stack.feedback.message({"eventType": "Send", "mail": mail("one"), "send": {}})
    message = msgspec.structs.replace(message, sent_at=NOW + 2, receive_count=2)
    stack.progress.note({message.message_id: NOW + 2})  # At its second receive; the function did not live on.
    stack.redelivered(msgspec.structs.replace(message, receive_count=3), NOW + 700)


def dead_letter_from_after(stack: Stack) -> None:
    stack.progress.note({"dead": NOW + 5})


NOT_RESENT: list[Callable[[Stack], None]] = [
    processor_behind,
    handed_back,
    killed_with_its_batch,
    dead_letter_from_after,
]


@pytest.mark.parametrize("trouble", NOT_RESENT, ids=lambda one: one.__name__)
def test_it_is_not_sent_again_while_its_event_may_be_outstanding(trouble: Callable[[Stack], None]) -> None:
    stack = Stack(accepted=True)
    trouble(stack)
    stack.run(NOW + SETTLE + 250)
    assert stack.mails == 1
    stack.run(NOW + 1_000)
    assert stack.mails == 1
    assert stack.status is (Status.SENDING if trouble is dead_letter_from_after else Status.SENT)


def test_a_dead_letter_from_before_the_claim_keeps_nothing_waiting() -> None:
    stack = Stack(accepted=False)
    stack.progress.note({"dead": NOW - 5})
    stack.run(NOW + SETTLE + 120)
    assert stack.mails == 1


def test_a_dead_letter_keeps_its_note_for_a_day() -> None:
    stack = Stack(accepted=False)
    stack.progress.note({"dead": NOW + 5})
    stack.clock.sleep(86_405)
    stack.run(stack.clock.now() + 60)
    assert stack.mails == 1 or stack.status is Status.FAILED


def test_a_plain_timer_would_send_most_of_them_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def timer(claimed_at: float, settle_seconds: float, _progress: object, now: float) -> bool:
        return now >= claimed_at + settle_seconds

    monkeypatch.setattr("sesmail_layer.usecases.sender.claim.is_settled", timer)
    doubled = []
    for trouble in NOT_RESENT:
        stack = Stack(accepted=True)
        trouble(stack)
        stack.run(NOW + SETTLE + 250)
        doubled += [trouble] * (stack.mails > 1)
    assert len(doubled) >= 3


HUNDREDS = [range(start, start + 100) for start in range(0, 500, 100)]


@pytest.mark.parametrize("seeds", HUNDREDS, ids=str)
def test_five_pollers_in_any_order_send_nothing_twice_while_the_table_fails(seeds: range) -> None:
    failure = first_failure(prove_pollers, seeds)
    assert failure is None, failure


def timer(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(
        "sesmail_layer.usecases.sender.claim.is_settled", lambda at, settle, _progress, now: now >= at + settle
    )


def a_minute_without_a_note(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("sesmail_layer.usecases.feedback.requeue._LONGEST_UNNOTED_SECONDS", 45.0)


@pytest.mark.parametrize("plant", [timer, a_minute_without_a_note])
def test_five_pollers_would_with_a_plain_timer_or_long_hops_without_a_note(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert first_failure(prove_pollers, range(100))


@pytest.mark.parametrize("seeds", HUNDREDS, ids=str)
def test_whatever_the_order_no_event_that_came_lets_its_email_go_out_twice(seeds: range) -> None:
    """Events fail, are killed and come late by any time below the settling time, at random."""
    for seed in seeds:
        dice = random.Random(seed)
        stack = Stack(accepted=True)
        message = stack.send_event(NOW + dice.uniform(1, 200))
        if dice.random() < 0.5:
            fails_for_its_event(stack, NOW + dice.uniform(100, 1_200))
        if dice.random() < 0.3:
            stack.processor_up_at = NOW + dice.uniform(0, 900)
        if dice.random() < 0.3:
            stack.redelivered(msgspec.structs.replace(message, receive_count=2, sent_at=NOW + 1), NOW + 400)
        stack.run(NOW + 1_500)
        assert (stack.mails, stack.status) == (1, Status.SENT), seed
