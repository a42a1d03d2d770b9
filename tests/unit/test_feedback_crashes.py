"""The feedback processor killed at every one of its external calls: SQS brings the news again, and all is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.request.envelopes import RequestEnvelope, pack_request
from tools.simulation.crashes import Killed, Killer, Mortal
from tools.simulation.fakes import NOW
from tools.simulation.feedback import JOHN, Feedback, bounced, complained, delivered, soft

ME = "my.application"
_PORTS = ("tracking", "suppression", "bus", "breaker_table", "pending", "waiting")


def kept(feedback: Feedback, email_id: str) -> None:
    request = pack_request(RequestEnvelope(id="e", source=ME, detail={"to": JOHN}, detail_type="Email Request"), 1)
    assert request is not None
    feedback.pending.keep(email_id, request)


def a_soft_bounce(feedback: Feedback) -> list[dict[str, Any]]:
    feedback.sent("email-1")
    kept(feedback, "email-1")
    return [soft()]


def a_delivery_and_a_complaint(feedback: Feedback) -> list[dict[str, Any]]:
    for number in (1, 2):
        feedback.sent(f"email-{number}")
        kept(feedback, f"email-{number}")
    return [delivered(email_id="email-1"), complained(email_id="email-2")]


def the_bounce_that_trips(feedback: Feedback) -> list[dict[str, Any]]:
    for number in range(20):
        feedback.sent(f"email-{number}")
        kept(feedback, f"email-{number}")
    for source in (ME, ACCOUNT):
        feedback.control.count_sent(source, 100, NOW, sources=[ME])
        feedback.control.add(source, Counts(bounces=12), NOW)
    return [bounced(email_id="email-1")]


def the_last_good_probe(feedback: Feedback) -> list[dict[str, Any]]:
    probes = [f"email-{number}" for number in range(5)]
    for email_id in probes:
        feedback.sent(email_id, probe=True)
    feedback.control.states[ME] = SendingState(
        paused=True, paused_by="breaker", trip="bounce", opened_at=NOW - 3_600, probes=probes, probed_at=NOW
    )
    for email_id in probes[:2]:
        feedback.run(feedback.message(delivered(email_id=email_id)))
    return [delivered(email_id=probes[2])]


SCENES: list[Callable[[Feedback], list[dict[str, Any]]]] = [
    a_soft_bounce,
    a_delivery_and_a_complaint,
    the_bounce_that_trips,
    the_last_good_probe,
]


def play(scene: Callable[[Feedback], list[dict[str, Any]]], killer: Killer) -> tuple[Feedback, bool]:
    """Plays a scene with one killing in it, then brings the messages again as SQS would."""
    feedback = Feedback()
    messages = [feedback.message(said) for said in scene(feedback)]
    whole = {name: getattr(feedback, name) for name in _PORTS}
    for name, inner in whole.items():
        setattr(feedback, name, Mortal(name, inner, killer))
    killed = False
    try:
        assert feedback.run(*messages) == set()
    except Killed:
        killed = True
    for name, inner in whole.items():
        setattr(feedback, name, inner)
    if killed:
        again = [msgspec.structs.replace(message, receive_count=2) for message in messages]
        assert feedback.run(*again) == set()
    return feedback, killed


def outcome(feedback: Feedback) -> dict[str, Any]:
    """What must be the same, whether it was killed or not. Counts may be off by a batch."""
    return {
        "statuses": {email_id: record.status for email_id, record in feedback.tracking.records.items()},
        "suppressed": set(feedback.suppression.entries),
        "announced": {event.detail_type for event in feedback.bus.announced},
        "paused": {source: state.paused for source, state in feedback.control.states.items()},
        "kept": set(feedback.pending.kept),
        "retries": {body for body, _ in feedback.waiting.messages},
    }


def told(feedback: Feedback) -> set[str]:
    return {event.event_id for event in feedback.bus.events}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scene", SCENES)
def test_whichever_call_it_is_killed_at_the_redelivery_completes_it(
    scene: Callable[[Feedback], list[dict[str, Any]]], after: bool
) -> None:
    expected, killed = play(scene, Killer(0, after=after))
    assert not killed
    for at in range(1, 40):
        feedback, killed = play(scene, Killer(at, after=after))
        if not killed:
            break
        assert outcome(feedback) == outcome(expected), f"killed at call {at}"
        # What the sender had told may be told once more.
        assert told(feedback) >= told(expected), f"killed at call {at}"
    assert at > 3
