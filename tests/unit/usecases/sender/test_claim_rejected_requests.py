"""A request that cannot be read, under the id of an email that is on its way: the email is untouched."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

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
def test_a_refusal_that_comes_again_after_a_second_request_is_the_one_that_was_told(
    fields: dict[str, Any], second: dict[str, Any]
) -> None:
    sender = Sender()
    send_refused(sender, fields)
    assert sender.run(sender.message(request(emailId="order-1", **second))) == set()
    before, told = sender.tracking.records.copy(), {event.event_id for event in sender.bus.events}

    send_refused(sender, fields)

    assert sender.tracking.records == before
    assert before.keys() == {"order-1"}
    assert {event.event_id for event in sender.bus.events} == told


def test_a_refusal_that_could_not_be_told_is_told_after_the_corrected_request_was_sent() -> None:
    sender = Sender()
    send_refused(sender, {"subject": 7})
    sender.send(emailId="order-1")
    sender.bus.events.clear()
    send_refused(sender, {"subject": 7})
    assert sender.bus.statuses("order-1") == ["failed", "sent"]
