"""A batch of 50 messages while one of the processor's calls is slow: it ends in time, and nothing of it is lost.

Every external call that any of these batches makes is slow once: the calls are found by running the batches.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.request.envelopes import PendingRequest
from sesmail_layer.domain.ses.watermark import probe
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from sesmail_layer.usecases.feedback.record_email import FeedbackTime
from tools.simulation.crashes import Killer, external_ports, mortal
from tools.simulation.fakes import NOW, request
from tools.simulation.feedback import ALARMS, BOUNCE_ALARM, Feedback, bounced, event, limits, soft
from tools.simulation.outage_world import ParallelClock

MESSAGES = 50
FUNCTION_SECONDS = 15.0
_REQUEST = {"id": "e", "source": "s", "detail-type": "Email Request", "detail": request()}
KEPT = PendingRequest(1, zlib.compress(json.dumps(_REQUEST).encode()))
MakeMessage = Callable[[Feedback, int], QueueMessage]


def about(number: int) -> dict[str, Any]:
    return {"email_id": f"email-{number}", "to": (f"u{number}@example.com",)}


def hard_bounce(feedback: Feedback, number: int) -> QueueMessage:
    return feedback.message(bounced(who=f"u{number}@example.com", **about(number)))


def soft_bounce(feedback: Feedback, number: int) -> QueueMessage:
    return feedback.message(soft(who=f"u{number}@example.com", **about(number)))


def untagged(feedback: Feedback, number: int) -> QueueMessage:
    payload = {"recipients": [f"u{number}@example.com"]}
    return feedback.message(event("Delivery", "delivery", payload, tagged=False, **about(number)))


def received_twice(feedback: Feedback, number: int) -> QueueMessage:
    return feedback.message(bounced(who=f"u{number}@example.com", **about(number)), receives=2, waited=number * 60)


def without_record(feedback: Feedback, number: int) -> QueueMessage:
    who = f"u{number}@example.com"
    return feedback.message(bounced(who=who, email_id=f"unknown-{number}", to=(who,)), waited=400)


def of_everything(feedback: Feedback, number: int) -> QueueMessage:
    if number == 0:
        return feedback.message(json.dumps({"AlarmName": BOUNCE_ALARM, "NewStateValue": "ALARM"}), topic=ALARMS)
    if number == 1:
        return feedback.message(probe(NOW), waited=60)
    kinds = (hard_bounce, soft_bounce, untagged, received_twice, without_record)
    return kinds[number % len(kinds)](feedback, number)


def unreadable(feedback: Feedback, _number: int) -> QueueMessage:
    return feedback.message("{")


BATCHES: list[MakeMessage] = [
    hard_bounce,
    soft_bounce,
    untagged,
    received_twice,
    without_record,
    unreadable,
    of_everything,
]


class SlowCalls(Killer):
    """Notes the calls of a use case; those of one name take some seconds."""

    def __init__(self, clock: ParallelClock, slow: str = "", seconds: float = 3.0) -> None:
        super().__init__()
        self._clock = clock
        self._slow = slow
        self._seconds = seconds

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        noted = super().wrap(name, call)

        def wrapped(*args: Any, **options: Any) -> Any:
            if name == self._slow:
                self._clock.sleep(self._seconds)
            return noted(*args, **options)

        return wrapped


def engine(make: MakeMessage, sources: int) -> tuple[Feedback, list[QueueMessage]]:
    feedback = Feedback(limits=limits(min_emails=10))
    feedback.clock = ParallelClock()
    for number in range(MESSAGES):
        source = f"source-{number % sources}"
        feedback.sent(f"email-{number}", to=f"u{number}@example.com", original_source=source)
        feedback.pending.keep(f"email-{number}", KEPT)
    return feedback, [make(feedback, number) for number in range(MESSAGES)]


def run(feedback: Feedback, messages: list[QueueMessage], calls: Killer) -> set[str]:
    clock = feedback.clock
    assert isinstance(clock, ParallelClock)
    ports = mortal(msgspec.structs.replace(feedback.ports(), run_all=clock.run_all), calls)
    return set(RecordFeedback(ports, feedback.rules)(messages, clock.now() + FUNCTION_SECONDS))


def calls_of(make: MakeMessage) -> set[str]:
    feedback, messages = engine(make, 3)
    calls = SlowCalls(ParallelClock())
    run(feedback, messages, calls)
    return set(calls.calls)


CALLS = sorted({(make, name) for make in BATCHES for name in calls_of(make)}, key=lambda one: (one[0].__name__, one[1]))


def test_these_batches_call_every_port() -> None:
    """The feedback queue takes what waits; the retry queue of bulk mail is the same adapter as the other."""
    called = {name.partition(".")[0] for _, name in CALLS}
    assert called == set(external_ports(Feedback().ports())) - {"feedback_queue", "bulk_retry_queue"}


def test_without_limits_of_time_some_of_them_are_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        FeedbackTime, "until", lambda deadline, *_: FeedbackTime(deadline, deadline, deadline, deadline)
    )
    killed = set()
    for make, slow in CALLS:
        feedback, messages = engine(make, MESSAGES)
        run(feedback, messages, SlowCalls(feedback.clock, slow))  # type: ignore[arg-type]
        killed |= {slow} if feedback.clock.now() - NOW > 12 else set()
    assert killed >= {"tracking.replace", "suppression.add", "sending_counts.count", "pending.get"}


@pytest.mark.parametrize("sources", [1, MESSAGES])
@pytest.mark.parametrize(("make", "slow"), CALLS, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_fifty_messages_end_within_twelve_seconds_whichever_call_takes_three(
    make: MakeMessage, slow: str, sources: int
) -> None:
    feedback, messages = engine(make, sources)
    assert run(feedback, messages, SlowCalls(feedback.clock, slow)) == set()  # type: ignore[arg-type]
    assert feedback.clock.now() - NOW <= 12
