"""What is left to SQS where trying again has taken too long and the email cannot be failed."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.template.templates import TemplateError
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

DAY = 86_400
OUT_OF_REACH = TransientError("DynamoDB error: timeout", code="AWS003")


def tried_since(sender: Sender, began: float, **fields: Any) -> QueueMessage:
    message = sender.message(request(emailId="one", **fields))
    hop = f'"sesmailHop": {{"giveUpAt": {began}, "failingSince": {began}}}'
    return msgspec.structs.replace(message, body=message.body.replace('"source"', f'{hop}, "source"'))


def test_a_failure_that_cannot_be_recorded_is_reported_with_its_code_and_email() -> None:
    sender = Sender()
    sender.templates.error = TemplateError("template_not_found", "Template 'welcome' not found", code="TMPL001")
    sender.tracking.create = lambda _record: (_ for _ in ()).throw(OUT_OF_REACH)  # type: ignore[method-assign,assignment]
    message = tried_since(sender, NOW - 2 * DAY)
    assert sender.run(message) == {message.message_id}

    line = sender.log.lines[-1]
    assert {name: line[name] for name in ("event", "level", "message", "code", "email_id", "sqs_message_id")} == {
        "event": "email.send_failed",
        "level": "ERROR",
        "message": "DynamoDB error: timeout",
        "code": "AWS003",
        "email_id": "one",
        "sqs_message_id": message.message_id,
    }


@pytest.mark.parametrize(("fields", "status"), [({}, Status.SENT), ({"templateName": "none"}, Status.FAILED)])
def test_a_status_event_that_the_bus_rejects_too_long_is_left_to_sqs(fields: dict[str, Any], status: Status) -> None:
    sender = Sender()
    sender.bus.refuse = lambda _event: True
    message = tried_since(sender, NOW - 2 * DAY, **fields)
    assert sender.run(message) == {message.message_id}
    assert sender.tracking.records["one"].status is status
    assert sender.log.lines[-1]["code"] == "BUS001"


def test_a_suspicious_message_that_has_no_time_is_left_to_sqs_and_says_so() -> None:
    sender = Sender()
    message = msgspec.structs.replace(sender.message(request(emailId="one")), receive_count=4)
    assert sender.run(message, seconds=0.5) == {message.message_id}
    line = sender.log.lines[-1]
    assert (line["event"], line["message"]) == ("email.no_time", "No time left in this batch")


def test_its_last_receive_is_not_spent_on_an_invocation_that_has_no_time_to_begin_it() -> None:
    sender = Sender()
    message = msgspec.structs.replace(sender.message(request(emailId="one")), receive_count=5)
    assert sender.run(message, seconds=0.5) == set()
    assert len(sender.waiting.messages) == 1


@pytest.mark.parametrize(("after", "waits"), [(DAY - 601, True), (DAY - 600, False)])
def test_an_email_is_tried_for_a_day_at_least_however_short_it_may_be_held(after: float, waits: bool) -> None:
    sender = Sender(max_hold_seconds=600)
    sender.mailer.answers = [TransientError("SES error (connection): refused", code="SES009")]
    sender.run(tried_since(sender, NOW - after))
    assert bool(sender.waiting.messages) is waits


def test_the_longest_wait_between_two_tries_is_thirty_to_forty_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)
    sender = Sender()
    sender.mailer.answers = [TransientError("SES error (connection): refused", code="SES009")] * 9
    sender.run(sender.message(request(emailId="one")))
    for _ in range(8):
        [(body, delay)] = sender.waiting.take()
        sender.run(QueueMessage("again", body))
    assert delay == 30
