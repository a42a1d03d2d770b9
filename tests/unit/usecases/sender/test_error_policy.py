"""What an error leads to: a wait of seconds that costs no receive, and an end where it lasts too long."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

OUT_OF_REACH = TransientError("DynamoDB error: timeout", code="AWS003")
DENIED = TransientError("SES error (AccessDenied): no", code="SES009", max_tries=10)


def hop(sender: Sender) -> dict[str, Any]:
    [(body, _)] = sender.waiting.messages
    found: dict[str, Any] = json.loads(body)["sesmailHop"]
    return found


def test_tries_wait_two_to_sixty_seconds_longer_each_time_and_spend_no_receive() -> None:
    sender = Sender()
    sender.tracking.error = OUT_OF_REACH
    assert sender.run(sender.message(request(emailId="one"))) == set()

    delays = []
    for _ in range(12):
        delays.append(sender.waiting.messages[0][1])
        sender.run_waiting()

    assert delays[0] == 2
    assert all(max(2, 2.0**n / 2) <= delay <= 2.0**n for n, delay in enumerate(delays[:5], 1))
    assert all(30 <= delay <= 60 for delay in delays[6:])
    assert len(set(delays[6:])) > 1
    assert hop(sender)["failingSince"] == NOW
    assert sender.metrics.highest_values["TransientErrorAge"] == sender.clock.now() - NOW > 60


def test_an_outage_of_a_minute_delays_an_email_by_a_minute_at_most() -> None:
    sender = Sender()
    sender.tracking.error = OUT_OF_REACH
    sender.run(sender.message(request(emailId="one")))
    while sender.tracking.error:
        sender.run_waiting()
        if sender.clock.now() >= NOW + 60:
            sender.tracking.error = None
    over = sender.clock.now()
    sender.run_waiting()

    assert sender.tracking.records["one"].status is Status.SENT
    assert sender.clock.now() - over <= 60


def test_an_error_that_lasts_as_long_as_an_email_may_wait_fails_it() -> None:
    sender = Sender()
    sender.suppression.error = TransientError("DynamoDB error checking suppression: timeout", code="AWS001")
    sender.run(sender.message(request(emailId="one")))
    sender.clock.sleep(86_400)
    sender.run_waiting()

    record = sender.tracking.records["one"]
    assert (record.status, record.error_type) == (Status.FAILED, "expired")
    assert record.error_message == ("Email not sent: tried too long (DynamoDB error checking suppression: timeout)")
    assert sender.log.codes()[-1] == "EXP003"
    assert sender.bus.statuses("one") == ["failed"]
    assert sender.waiting.messages == []


def test_a_failure_that_cannot_be_recorded_is_left_to_the_dead_letter_queue() -> None:
    sender = Sender()
    sender.tracking.error = OUT_OF_REACH
    sender.run(sender.message(request(emailId="one")))
    sender.clock.sleep(86_400)
    [(body, _)] = sender.waiting.take()

    assert sender.run(QueueMessage("late", body)) == {"late"}
    assert sender.waiting.messages == []


def test_what_ses_refuses_without_a_reason_of_its_own_is_tried_ten_times() -> None:
    sender = Sender()
    sender.mailer.answers = [DENIED] * 10
    sender.send(emailId="one")
    for _ in range(9):
        sender.run_waiting()
    assert hop(sender)["tries"] == 10
    sender.run_waiting()
    assert sender.tracking.records["one"].status is Status.SENT

    sender.mailer.answers = [DENIED] * 11
    sender.send(emailId="two")
    for _ in range(10):
        sender.run_waiting()
    record = sender.tracking.records["two"]
    assert (record.status, record.error_type) == (Status.FAILED, "ses_rejected")
    assert record.error_message == "SES error (AccessDenied): no"
    assert sender.waiting.messages == []


def test_only_tries_in_a_row_are_counted() -> None:
    sender = Sender()
    sender.suppression.error = OUT_OF_REACH
    sender.run(sender.message(request(emailId="one", sendAt="2026-11-24T12:00:00Z")))
    assert hop(sender)["tries"] == 1
    sender.suppression.error = None
    sender.run_waiting()

    assert hop(sender).keys().isdisjoint({"tries", "failingSince"})


def test_an_email_that_ses_has_is_not_failed_because_its_record_could_not_be_written() -> None:
    sender = Sender()
    replace = sender.tracking.replace

    def out_of_reach(_record: object) -> None:
        raise OUT_OF_REACH

    sender.tracking.replace = out_of_reach  # type: ignore[method-assign,assignment]
    message = sender.message(request(emailId="one"))
    assert sender.waits_after(message)
    sender.tracking.replace = replace  # type: ignore[method-assign]
    sender.run_waiting()

    assert sender.tracking.records["one"].status is Status.SENDING
    assert len(sender.mailer.accepted) == 1
    assert len(sender.waiting.messages) == 1


@pytest.mark.parametrize(
    "detail", ['{"to": "\\ud800@example.com", "templateName": "welcome"}', '{"to": 1e999}', '{"templateData": [1e999]}']
)
def test_a_request_that_cannot_be_written_again_waits_as_it_came(detail: str) -> None:
    sender = Sender()
    body = f'{{"id": "odd", "source": "shop", "detail-type": "Email Request", "detail": {detail}}}'
    sender.tracking.error = OUT_OF_REACH
    assert sender.run(QueueMessage("one", body)) == set()
    for _ in range(3):
        sender.run_waiting()
    assert hop(sender)["tries"] == 4
    assert json.loads(sender.waiting.messages[0][0])["sesmailBody"] == body
    sender.tracking.error = None
    sender.run_waiting()

    record = sender.tracking.records["email-odd"]
    assert (record.status, record.error_type) == (Status.FAILED, "validation_error")
    assert sender.waiting.messages == []


def test_a_status_event_that_eventbridge_refuses_is_published_by_a_later_hop() -> None:
    sender = Sender()
    sender.bus.refuse = lambda _event: True
    assert sender.waits_after(sender.message(request(emailId="one")))
    assert sender.log.codes() == ["BUS001"]
    sender.run_waiting()
    sender.bus.refuse = lambda _event: False
    sender.run_waiting()

    assert sender.bus.statuses("one") == ["sent"]
    assert len(sender.mailer.accepted) == 1
    assert sender.waiting.messages == []
