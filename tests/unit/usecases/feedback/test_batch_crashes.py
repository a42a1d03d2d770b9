"""The feedback processor killed at every one of its external calls: the redelivery completes its work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.request.envelopes import RequestEnvelope, pack_request
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from tools.simulation.crashes import Killed, Killer, external_ports, mortal
from tools.simulation.fakes import NOW
from tools.simulation.feedback import JOHN, Feedback, bounced, complained, delivered, soft

ME = "my.application"


def kept(feedback: Feedback, email_id: str) -> None:
    request = pack_request(RequestEnvelope(id="e", source=ME, detail={"to": JOHN}, detail_type="Email Request"), 1)
    assert request is not None
    feedback.pending.keep(email_id, request)


def a_soft_bounce(feedback: Feedback) -> list[dict[str, Any]]:
    feedback.sent("email-1")
    kept(feedback, "email-1")
    return [soft()]


def a_soft_bounce_of_bulk_mail(feedback: Feedback) -> list[dict[str, Any]]:
    feedback.sent("email-1")
    detail = {"to": JOHN, "priority": "bulk"}
    request = pack_request(RequestEnvelope(id="e", source=ME, detail=detail, detail_type="Email Request"), 1)
    assert request is not None
    feedback.pending.keep("email-1", request)
    return [soft()]


def a_bounce_whose_record_never_comes(feedback: Feedback) -> list[dict[str, Any]]:
    return [bounced(email_id="unknown")]


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
        feedback.control.count_sent(source, 100, NOW)
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


def a_complaint_withdrawn(feedback: Feedback) -> list[dict[str, Any]]:
    feedback.change_rules(not_spam_lifts_suppression=True)
    feedback.sent("email-1")
    feedback.run(feedback.message(complained()))
    return [complained("not-spam", second=60)]


Scenario = Callable[[Feedback], list[dict[str, Any]]]
SCENARIOS: list[Scenario] = [
    a_soft_bounce,
    a_soft_bounce_of_bulk_mail,
    a_bounce_whose_record_never_comes,
    a_delivery_and_a_complaint,
    the_bounce_that_trips,
    the_last_good_probe,
    a_complaint_withdrawn,
]


def run(scenario: Scenario, killer: Killer) -> tuple[Feedback, bool]:
    """Run a scenario that is killed once, then redeliver its messages as SQS would."""
    feedback = Feedback()
    messages = [feedback.message(ses_event) for ses_event in scenario(feedback)]
    killed = False
    try:
        assert (
            RecordFeedback(mortal(feedback.ports(), killer), feedback.rules)(messages, feedback.clock.now() + 15)
            == set()
        )
    except Killed:
        killed = True
        redelivered = [msgspec.structs.replace(message, receive_count=2) for message in messages]
        assert feedback.run(*redelivered) == set()
    while feedback.again.messages:
        feedback.run_waiting()
    assert feedback.progress.notes == {}
    return feedback, killed


def outcome(feedback: Feedback) -> dict[str, Any]:
    """What must be the same, whether it was killed or not. Counts may be off by a batch."""
    return {
        "statuses": {email_id: record.status for email_id, record in feedback.tracking.records.items()},
        "suppressed": set(feedback.suppression.entries),
        "announced": {event.detail_type for event in feedback.bus.announced},
        "paused": {source: state.paused for source, state in feedback.control.states.items()},
        "kept": set(feedback.pending.kept),
        "retries": {body for body, _ in [*feedback.waiting.messages, *feedback.bulk_waiting.messages]},
    }


def published(feedback: Feedback) -> set[str]:
    return {event.event_id for event in feedback.bus.events}


def test_every_external_port_is_called_in_some_scenario() -> None:
    """A port that no scenario calls is never killed: a new one needs a scenario here."""
    counter = Killer()
    for scenario in SCENARIOS:
        run(scenario, counter)
    assert counter.ports == set(external_ports(Feedback().ports()))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_redelivery_completes_the_work_whichever_call_was_interrupted(scenario: Scenario, after: bool) -> None:
    counter = Killer()
    expected, _ = run(scenario, counter)
    assert len(counter.calls) > 3
    for at in range(1, len(counter.calls) + 1):
        feedback, killed = run(scenario, Killer(at, after=after))
        assert killed, f"call {at} never came"
        assert outcome(feedback) == outcome(expected), f"killed at call {at}"
        # What the sender had published may be published once more.
        assert published(feedback) >= published(expected), f"killed at call {at}"


def test_a_bounce_is_suppressed_then_stored_then_followed_up_then_published() -> None:
    journal = Killer()
    run(the_bounce_that_trips, journal)

    assert journal.calls == [
        "tracking.get_many",
        "suppression.add",
        "tracking.replace",
        "alarm_states.take_look",
        "producer_states.states",
        "alarm_states.firing",
        "sending_counts.count",
        "sending_counts.count",
        "sending_counts.list_suspects",
        "sending_counts.read",
        "sending_counts.excluded",
        "producer_states.replace",
        "sending_bus.announce",
        "sending_counts.exclude",
        "pending.forget",
        "bus.publish",
        "figures.add",
    ]
