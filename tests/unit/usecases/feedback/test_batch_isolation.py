"""One message never costs another its fate: whatever a port raises about one email, the others are recorded."""

from __future__ import annotations

import json

import msgspec
import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from tools.simulation.crashes import external_ports
from tools.simulation.feedback import Feedback, bounced
from tools.simulation.poison import POISON, Poisoned


@pytest.mark.parametrize("error", [RuntimeError, TypeError, KeyError])
@pytest.mark.parametrize("port", external_ports(Feedback().ports()))
def test_nine_of_ten_bounces_are_recorded_whichever_port_fails_for_the_tenth(port: str, error: type[Exception]) -> None:
    feedback = Feedback()
    good = [f"email-{number}" for number in range(9)]
    for email_id in good:
        feedback.sent(email_id, to=f"{email_id}@example.com")
    feedback.sent(POISON, to=f"{POISON}@example.com", original_source=POISON)
    messages = [
        feedback.message(bounced(email_id=email_id, who=f"{email_id}@example.com", to=[f"{email_id}@example.com"]))
        for email_id in [*good[:4], POISON, *good[4:]]
    ]
    ports = feedback.ports()
    poisoned = msgspec.structs.replace(ports, **{port: Poisoned(getattr(ports, port), error)})

    failed = RecordFeedback(poisoned, feedback.rules)(messages, feedback.clock.now() + 15)

    assert set(failed) <= {messages[4].message_id}
    assert {feedback.record(email_id).status for email_id in good} == {Status.BOUNCED}
    assert {f"{email_id}@example.com" for email_id in good} <= set(feedback.suppression.entries)
    published = {event.email_id for event in feedback.bus.events if event.status == "bounced"}
    assert set(good) <= published


def test_a_message_that_cannot_be_handled_alone_is_left_to_sqs_with_its_kind_of_error() -> None:
    feedback = Feedback()
    feedback.sent(POISON)
    message = feedback.message(bounced(email_id=POISON))
    ports = feedback.ports()
    poisoned = msgspec.structs.replace(ports, tracking=Poisoned(ports.tracking, RuntimeError))

    assert RecordFeedback(poisoned, feedback.rules)([message], feedback.clock.now() + 15) == {message.message_id}
    assert feedback.log.lines[-1]["event"] == "feedback.failed"
    assert json.dumps([line.get("message") for line in feedback.log.lines]).count("a bug") == 0
