"""The largest request that is allowed goes through every hop, over fakes that take what SQS and EventBridge take."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, PausedBySes, TransientError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.email_request import Priority
from tools.simulation.fakes import NOW, FakeBus, request
from tools.simulation.feedback import JOHN, Feedback, delivered, soft
from tools.simulation.limits import MAX_QUEUE_BYTES, check_queue_takes
from tools.simulation.sender import Sender

SOURCE, ID = "my.application", "email-1"
LIMIT = 252 * 1024
# Written as producers write them: what JSON may say shorter, or longer, than the engine would.
FILLERS = ["x", "ü", "😀", "\\u0001", "\\u00fc", "\\ud83d\\ude00", '\\"']


def largest(filler: str, **fields: Any) -> QueueMessage:
    """A request of exactly the largest size: numbers that Python writes longer, then text."""
    detail = request(emailId=ID, to=JOHN, templateData={"name": "Ada", "numbers": "N", "text": "T"}, **fields)
    event = {"id": "event-1", "source": SOURCE, "detail-type": "Email Request", "detail": detail}
    body = json.dumps(event).replace('"N"', "[" + ",".join(["1e15"] * 10_000) + "]")
    room = LIMIT - len(body.encode()) + 1
    count, rest = divmod(room, len(filler.encode()))
    body = body.replace('"T"', f'"{filler * count}{"x" * rest}"')
    body = body if len(body.encode()) == LIMIT else body.replace('x"}', '"}', 1)
    return QueueMessage("message-1", body)


def run(sender: Sender, message: QueueMessage) -> None:
    assert sender.run(message) == set()
    assert sender.mailer.accepted == []
    assert len(sender.waiting.messages) == 1


def pause(sender: Sender) -> None:
    sender.control.states[SOURCE] = SendingState(paused=True, paused_by="operator")


@pytest.mark.parametrize("filler", FILLERS)
def test_it_is_of_the_largest_size(filler: str) -> None:
    assert len(largest(filler).body.encode()) == LIMIT


@pytest.mark.parametrize("filler", FILLERS)
def test_it_goes_through_a_pause(filler: str) -> None:
    sender = Sender()
    pause(sender)
    run(sender, largest(filler))
    sender.run_waiting()
    sender.control.states.clear()
    sender.clock.sleep(10)
    sender.run_waiting()
    assert sender.tracking.records[ID].status is Status.SENT


@pytest.mark.parametrize("filler", FILLERS)
def test_it_goes_through_a_schedule(filler: str) -> None:
    sender = Sender()
    run(sender, largest(filler, sendAt="2026-11-24T12:31:00Z"))
    while sender.waiting.messages:
        sender.run_waiting()
    [mail] = sender.mailer.accepted
    assert mail.at >= NOW + 7_200


@pytest.mark.parametrize(
    "trouble", [TransientError("Connection refused", code="SES009"), OutcomeUnknownError("timeout"), PausedBySes(60)]
)
def test_it_goes_through_an_error_of_ses(trouble: Exception) -> None:
    sender = Sender()
    sender.control.policies[SOURCE] = ProducerPolicy(emails_per_day=5)
    sender.mailer.answers = [trouble]
    run(sender, largest("ü"))
    while sender.waiting.messages:
        sender.run_waiting()
    assert sender.tracking.records[ID].status is Status.SENT


def test_it_goes_to_the_bulk_lane() -> None:
    sender = Sender()
    sender.control.policies[SOURCE] = ProducerPolicy(priority=Priority.BULK)
    assert sender.run(largest("ü")) == set()
    [(body, _)] = sender.bulk_lane.messages
    assert sender.run(QueueMessage("message-2", body)) == set()
    assert sender.tracking.records[ID].status is Status.SENT


@pytest.mark.parametrize("filler", FILLERS)
def test_it_goes_through_everything_at_once(filler: str) -> None:
    """A schedule, a pause and a quota; then a soft bounce, with a retry that is paused again."""
    sender, feedback = Sender(), Feedback()
    for name in ("clock", "tracking", "suppression", "bus", "pending", "waiting", "control"):
        setattr(feedback, name, getattr(sender, name))
    pause(sender)
    run(sender, largest(filler, sendAt="2026-11-24T11:31:00Z"))
    sender.run_waiting()
    sender.control.states.clear()
    while not sender.mailer.accepted:
        sender.run_waiting()
    assert feedback.run(feedback.message(soft())) == set()
    assert len(sender.waiting.messages) == 1
    pause(sender)
    for _ in range(3):
        sender.clock.sleep(60)
        sender.run_waiting()
    assert len(sender.mailer.accepted) == 1
    sender.control.states.clear()
    while sender.waiting.messages:
        sender.clock.sleep(10)
        sender.run_waiting()
    feedback.run(feedback.message(delivered(attempt=2)))
    record = sender.tracking.records[ID]
    assert (record.status, record.attempt) == (Status.DELIVERED, 2)


def test_a_queue_refuses_one_byte_more_than_it_takes() -> None:
    check_queue_takes("ü" * (MAX_QUEUE_BYTES // 2))
    with pytest.raises(TransientError):
        check_queue_takes("ü" * (MAX_QUEUE_BYTES // 2) + "x")


@pytest.mark.parametrize("value", ["1e37", "1.5", '"ü"', '"\\u0001"', "-9007199254740993"])
def test_status_events_with_the_largest_metadata_fit_into_an_event(value: str) -> None:
    """Numbers are published as DynamoDB returns them: `1e37` has 38 digits then."""
    count = (16 * 1024 - 20) // (len(json.dumps(json.loads(value), ensure_ascii=False).encode()) + 1)
    metadata = json.loads('{"x":[' + ",".join([value] * count) + "]}")
    sender = Sender()
    record = sender.send(emailId=ID, metadata=metadata, subject="ü" * 998, unknown="x" * 998)
    assert record.status is Status.SENT, record.error_message
    assert sender.bus.statuses(ID) == ["sent"]


def test_a_bus_refuses_a_larger_event() -> None:
    sender = Sender()
    sender.send(emailId=ID)
    [event] = sender.bus.events
    assert FakeBus().publish([msgspec.structs.replace(event, subject="ü" * 131_072)]) == {
        event.event_id: "ValidationException"
    }
