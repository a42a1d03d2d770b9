"""What cannot be read goes to its dead-letter queue at first sight, with the reason, and costs no other message."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.fakes import request
from tools.simulation.poison import POISON, Poisoned
from tools.simulation.sender import Sender

BROKEN = {
    "no JSON": "hello",
    "a list": "[1]",
    "no event": '{"hello": "world"}',
    "too deep": "[" * 50_000,
    "no source": '{"id": "1", "source": "", "detail-type": "Email Request", "detail": {}}',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_it_is_a_dead_letter_at_its_first_receive_with_the_reason(body: str) -> None:
    sender = Sender()
    message = QueueMessage("broken", body, queue="sesmailengine-EmailQueue")

    assert sender.run(message) == set()

    [(letter, reason)] = sender.dead_letters.messages
    assert letter == message
    assert reason.startswith("Not an EventBridge event: ")
    assert len(reason) > len("Not an EventBridge event: ")
    assert sender.metrics.counts == {"RecordFailed": 1}


def test_the_rest_of_its_batch_is_sent() -> None:
    sender = Sender()
    good = sender.message(request(emailId="order-1"))

    assert sender.run(QueueMessage("a", "hello"), good, QueueMessage("b", "[1]")) == set()

    assert sender.tracking.records["order-1"].status is Status.SENT
    assert [letter.message_id for letter, _ in sender.dead_letters.messages] == ["a", "b"]


def test_where_the_dead_letter_queue_cannot_be_written_sqs_redelivers_it() -> None:
    sender = Sender()
    error = "Failed to put the message on its dead-letter queue: Throttling"
    sender.dead_letters.error = TransientError(error, code="QUE004")

    assert sender.run(QueueMessage("broken", "hello"), sender.message(request(emailId="order-1"))) == {"broken"}

    assert sender.tracking.records["order-1"].status is Status.SENT
    assert [line["event"] for line in sender.log.lines if line["level"] == "ERROR"] == [
        "request.unreadable",
        "request.dead_letter_failed",
    ]


def test_the_reason_has_no_address() -> None:
    sender = Sender()
    body = '{"id": "1", "source": "s", "detail-type": "Email Request", "detail": {"to": "ada@example.com", }}'

    sender.run(QueueMessage("broken", body))

    [(_, reason)] = sender.dead_letters.messages
    assert "ada@" not in reason
    assert "ada@" not in str(sender.log.lines)


def test_it_is_one_dead_letter_though_a_bug_ends_its_batch() -> None:
    sender = Sender()
    guilty = sender.message(request(emailId=POISON, to=f"{POISON}@example.com"))
    ports = sender.ports()
    poisoned = msgspec.structs.replace(ports, suppression=Poisoned(ports.suppression, RuntimeError))

    failed = SendEmails(poisoned, sender.rules)([QueueMessage("broken", "hello"), guilty], sender.clock.now() + 30)

    assert set(failed) == {guilty.message_id}
    assert [letter.message_id for letter, _ in sender.dead_letters.messages] == ["broken"]
