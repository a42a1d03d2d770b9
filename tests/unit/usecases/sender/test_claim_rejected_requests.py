"""A request that cannot be read, under the id of an email that is on its way: the email is untouched."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import request
from tools.simulation.sender import Sender, sending_rules

REFUSED = {"unreadable": {"subject": 7}, "half a pair": {"subject": "\ud800"}, "deep": {"a": "deep"}}
DEEP = "[" * 250 + "]" * 250


def send_refused(sender: Sender, fields: dict[str, Any]) -> None:
    message = sender.message(request(emailId="order-1", to="else@example.com", **fields), event_id="second")
    message = type(message)(message.message_id, message.body.replace('"deep"', DEEP))
    assert sender.run(message) == set()


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("first", ["scheduled", "sent", "unsettled"])
def test_the_first_email_is_untouched_and_the_second_has_a_record(fields: dict[str, Any], first: str) -> None:
    sender = Sender()
    if first == "unsettled":
        sender.mailer.answers.append(OutcomeUnknownError())
    sender.send(emailId="order-1", **({"sendAt": "2026-11-24T10:51:00Z"} if first == "scheduled" else {}))
    before = sender.tracking.records["order-1"]
    sender.clock.sleep(600 if first == "unsettled" else 1)

    send_refused(sender, fields)

    assert sender.tracking.records["order-1"] == before
    second = sender.tracking.records["email-second"]
    assert (second.status, second.error_type) == (Status.FAILED, "duplicate_conflict")
    assert second.conflicts_with == "order-1"
    assert sender.bus.statuses("email-second") == ["failed"]


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("second", [{}, {"subject": 8}], ids=["corrected", "refused again"])
def test_a_rejection_redelivered_after_a_second_request_is_the_published_one(
    fields: dict[str, Any], second: dict[str, Any]
) -> None:
    sender = Sender()
    send_refused(sender, fields)
    assert sender.run(sender.message(request(emailId="order-1", **second))) == set()
    before, published = sender.tracking.records.copy(), {event.event_id for event in sender.bus.events}

    send_refused(sender, fields)

    assert sender.tracking.records == before
    assert before.keys() == {"order-1"}
    assert {event.event_id for event in sender.bus.events} == published


def test_a_rejection_that_could_not_be_published_is_published_after_the_corrected_request_was_sent() -> None:
    sender = Sender()
    send_refused(sender, {"subject": 7})
    sender.send(emailId="order-1")
    sender.bus.events.clear()
    send_refused(sender, {"subject": 7})
    assert sender.bus.statuses("order-1") == ["failed", "sent"]


def test_a_waiting_request_that_is_rejected_later_leaves_its_id_free_for_a_corrected_one() -> None:
    """The operator may change a rule while the request waits on the retry queue."""
    sender = Sender()
    sender.send(emailId="one", sendAt="2026-11-24T12:00:00Z", subject="Hi", colour="red")
    assert sender.tracking.records["one"].fingerprint
    sender.rules = sending_rules(refuse_unknown_fields=True)

    sender.run_waiting()

    record = sender.tracking.records["one"]
    assert (record.status, record.error_type) == (Status.FAILED, "validation_error")
    assert (record.fingerprint, record.subject, record.unknown_fields) == ("", "Hi", ["colour"])
    assert sender.send(emailId="one").status is Status.SENT


def test_the_record_of_a_rejected_request_says_nothing_of_the_one_before_it() -> None:
    sender = Sender(refuse_unknown_fields=True)
    sender.send(emailId="one", subject="Hi", colour="red")

    sender.send(emailId="one", templateData=[])

    record = sender.tracking.records["one"]
    assert record.attempt == 2
    assert (record.subject, record.unknown_fields) == (None, [])


def test_requests_of_a_batch_under_one_id_are_recorded_in_their_order() -> None:
    sender = Sender()
    messages = [
        sender.message(request(emailId="one", templateName="none")),
        sender.message(request(emailId="one", templateData=[])),
    ]

    assert sender.run(*messages) == set()

    own = "email-event-2"
    assert sender.tracking.records["one"].error_type == "template_not_found"
    assert sender.tracking.records[own].error_type == "duplicate_conflict"


def test_a_readable_request_that_is_rejected_waits_on_the_retry_queue_while_its_id_is_claimed() -> None:
    """SQS redelivers five times only; a claim may take longer to settle."""
    sender = Sender()
    sender.mailer.answers.append(OutcomeUnknownError())
    message = sender.message(request(emailId="one", colour="red"))
    sender.run(message)
    sender.waiting.take()
    sender.rules = sending_rules(refuse_unknown_fields=True)

    assert sender.run(message) == set()

    assert len(sender.waiting.messages) == 1
