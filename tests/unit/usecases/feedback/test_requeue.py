"""Events that wait on the feedback queue: as they came, noted as outstanding, for a day at most."""

from __future__ import annotations

import json

import msgspec
import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import NOW
from tools.simulation.feedback import Feedback, bounced, delivered

OUT_OF_REACH = TransientError("DynamoDB error: timeout", code="AWS003")


def failing() -> tuple[Feedback, QueueMessage]:
    feedback = Feedback()
    feedback.sent()
    feedback.tracking.error = OUT_OF_REACH
    return feedback, feedback.message(bounced(), waited=20)


def test_an_event_waits_two_to_sixty_seconds_as_it_came_with_the_time_it_was_first_sent() -> None:
    feedback, message = failing()
    assert feedback.waits_after(message)
    delays = []
    for _ in range(10):
        [(body, delay)] = feedback.again.messages
        delays.append(delay)
        feedback.run_waiting()

    assert body.endswith(message.body[1:])
    assert json.loads(body)["sesmailHop"] == {"id": message.message_id, "sentAt": NOW - 20, "tries": 10}
    assert delays[0] == 2
    assert all(30 <= delay <= 60 for delay in delays[6:])
    assert feedback.metrics.highest_values["TransientErrorAge"] > 60


def test_after_an_outage_every_bounce_is_suppressed_within_a_minute_and_no_note_is_left() -> None:
    feedback = Feedback()
    messages = []
    for number in range(30):
        feedback.sent(f"email-{number}", to=f"u{number}@example.com")
        who = f"u{number}@example.com"
        messages.append(feedback.message(bounced(email_id=f"email-{number}", to=[who], who=who)))
    feedback.tracking.error = OUT_OF_REACH
    assert feedback.waits_after(*messages)
    while feedback.clock.now() < NOW + 900:
        for body, delay in feedback.again.take():
            feedback.clock.sleep(delay / 30)
            feedback.run(QueueMessage("again", body))
    assert len(feedback.progress.notes) == 30
    feedback.tracking.error = None

    assert all(delay <= 60 for _, delay in feedback.again.messages)
    feedback.run_waiting()
    assert len(feedback.suppression.entries) == 30
    assert feedback.progress.notes == {}


def test_a_message_is_noted_before_it_waits_and_struck_out_when_it_is_done() -> None:
    feedback, message = failing()
    feedback.run(message)
    assert feedback.progress.notes == {message.message_id: NOW - 20}
    feedback.run_waiting()
    assert feedback.progress.notes == {message.message_id: NOW - 20}

    feedback.tracking.error = None
    feedback.run_waiting()
    assert feedback.progress.notes == {}
    assert feedback.record().status is Status.BOUNCED


def test_a_message_received_again_is_noted_before_any_of_it_is_handled() -> None:
    feedback, message = failing()
    seen = []
    feedback.tracking.get_many = lambda _ids: seen.append(dict(feedback.progress.notes)) or {}  # type: ignore[method-assign,assignment,func-returns-value]
    feedback.run(msgspec.structs.replace(message, receive_count=2))
    assert seen == [{message.message_id: NOW - 20}]


def test_an_ordinary_batch_makes_no_note() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.progress.error = OUT_OF_REACH
    assert feedback.run(feedback.message(delivered())) == set()
    assert feedback.again.messages == []
    assert feedback.log.lines[-1]["level"] == "INFO"


def test_what_is_left_to_sqs_keeps_its_note() -> None:
    feedback = Feedback()
    feedback.dead_letters.error = TransientError("Failed to put the message: Throttling", code="QUE004")
    broken = feedback.message("{")
    assert feedback.run(broken) == {broken.message_id}
    assert feedback.run(msgspec.structs.replace(broken, receive_count=5)) == {broken.message_id}
    assert feedback.progress.notes == {broken.message_id: NOW}


@pytest.mark.parametrize("done", [True, False])
def test_where_notes_cannot_be_made_a_repeated_message_is_not_worked_on(done: bool) -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.progress.error = OUT_OF_REACH
    message = feedback.message(bounced(), receives=2)
    assert feedback.waits_after(message)
    assert feedback.record().status is Status.SENT

    if done:
        feedback.progress.error = None
        feedback.run_waiting()
        assert feedback.record().status is Status.BOUNCED
        assert feedback.progress.notes == {}


def test_a_note_that_cannot_be_struck_out_brings_its_message_again() -> None:
    feedback, message = failing()
    feedback.run(message)
    feedback.tracking.error = None
    strike = feedback.progress.strike
    feedback.progress.strike = lambda _sent: (_ for _ in ()).throw(OUT_OF_REACH)  # type: ignore[method-assign,assignment]
    feedback.run_waiting()
    assert feedback.record().status is Status.BOUNCED
    feedback.progress.strike = strike  # type: ignore[method-assign]
    feedback.run_waiting()

    assert feedback.progress.notes == {}
    assert feedback.again.messages == []
    assert len({event.event_id for event in feedback.bus.events if event.status == "bounced"}) == 1


def test_after_a_day_of_tries_a_message_is_left_to_sqs() -> None:
    feedback, message = failing()
    feedback.run(message)
    [(body, _)] = feedback.again.take()
    feedback.clock.sleep(86_400)
    assert feedback.run(QueueMessage("late", body)) == {"late"}
    assert feedback.again.messages == []


def test_where_the_queue_cannot_be_written_sqs_redelivers() -> None:
    feedback, message = failing()
    feedback.again.error = TransientError("Failed to put the event on the feedback queue: Throttling", code="QUE003")
    assert feedback.run(message) == {message.message_id}
    assert feedback.log.codes() == ["AWS003", "QUE003"]


def test_what_looks_wrapped_and_is_not_is_reported_as_unreadable() -> None:
    feedback = Feedback()
    for body in ('{"sesmailHop":1}', '{"sesmailHop":{', '{"sesmailHop":{"id":"x"},"a":1}', '{"sesmailHop": {}}'):
        wrong = feedback.message(body, topic=None)
        assert feedback.run(wrong) == set()
    assert feedback.suppression.entries == {}
    assert feedback.again.messages == []


def test_what_is_not_begun_in_time_waits_and_nothing_of_it_is_lost() -> None:
    feedback = Feedback()
    for number in range(5):
        feedback.sent(f"email-{number}")
    replace = feedback.tracking.replace

    def slow(record: object) -> object:
        feedback.clock.sleep(3)
        return replace(record)  # type: ignore[arg-type]

    feedback.tracking.replace = slow  # type: ignore[method-assign,assignment]
    messages = [feedback.message(delivered(email_id=f"email-{number}")) for number in range(5)]
    assert feedback.run(*messages, seconds=15) == set()

    assert feedback.clock.now() <= NOW + 12
    assert len(feedback.again.messages) == 2
    feedback.tracking.replace = replace  # type: ignore[method-assign]
    feedback.run_waiting()
    assert {record.status for record in feedback.tracking.records.values()} == {Status.DELIVERED}
