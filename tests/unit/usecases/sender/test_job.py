"""A message is read once: everything that later steps and the record need is found then."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.envelopes import EnvelopeError, with_hop
from sesmail_layer.usecases.sender.job import CancelRequest, Email, RejectedRequest, UnsubscribeRequest, receive
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender


def received(detail: object, **given: Any) -> Email | RejectedRequest:
    return received_body(Sender().message(detail, event_id="event-7").body, **given)


def received_body(body: str, *, refuse_unknown: bool = False) -> Email | RejectedRequest:
    message = QueueMessage("message-1", body)
    job = receive(message, now=NOW, max_schedule_days=30, max_request_bytes=252 * 1024, refuse_unknown=refuse_unknown)
    assert not isinstance(job, CancelRequest | UnsubscribeRequest)
    return job


def email(**fields: Any) -> Email:
    job = received(request(**fields))
    assert isinstance(job, Email)
    return job


def rejected(detail: object, **given: Any) -> RejectedRequest:
    job = received(detail, **given)
    assert isinstance(job, RejectedRequest)
    return job


def test_what_the_record_keeps_comes_from_the_request() -> None:
    job = email(emailId="one", to="Ada@Example.com", subject="Hi", metadata={"order": 7}, tags=["eu"], colour="red")

    assert job.email_id == "one"
    assert job.facts == {
        "original_source": "my.application",
        "request_event_id": "event-7",
        "requested_email_id": None,
        "fingerprint": job.fingerprint,
        "to_email": "ada@example.com",
        "template_name": "welcome",
        "subject": "Hi",
        "metadata": {"order": 7},
        "tags": ["eu"],
        "topic": "welcome",
        "unknown_fields": ["colour"],
    }
    assert job.fingerprint


def test_without_an_id_the_email_has_the_events() -> None:
    assert email().email_id == "email-event-7"
    assert rejected(request(emailId="not an id")).email_id == "email-event-7"


def test_each_recipient_is_written_to_once_and_the_addressee_is_no_copy() -> None:
    job = email(to="ADA@example.com", cc=["Ada@example.com", "c@example.com"], bcc=["b@example.com", "c@example.com"])

    assert job.recipients == ["ADA@example.com", "c@example.com", "b@example.com"]
    assert {address: state.type for address, state in job.recipient_states.items()} == {
        "b@example.com": "bcc",
        "c@example.com": "cc",
    }
    assert {state.status for state in job.recipient_states.values()} == {Status.SENDING}


@pytest.mark.parametrize(("priority", "bulk"), [("bulk", True), ("transactional", False), (None, False)])
def test_the_request_chooses_its_lane_until_a_policy_does(priority: str | None, bulk: bool) -> None:
    assert email(priority=priority).bulk is bulk


def test_of_a_rejected_request_the_record_keeps_only_what_is_valid() -> None:
    job = rejected(
        {
            "to": "Ada@example.com",
            "templateName": "../x",
            "metadata": {"": 1},
            "subject": "Hi",
            "tags": ["eu", "a b", 7],
        }
    )

    assert job.error.code == "VAL005"
    assert not job.readable
    assert job.facts == {
        "original_source": "my.application",
        "request_event_id": "event-7",
        "requested_email_id": None,
        "fingerprint": "",
        "to_email": "ada@example.com",
        "template_name": None,
        "subject": None,
        "metadata": None,
        "tags": ["eu"],
        "topic": None,
        "unknown_fields": [],
    }


def test_a_rejected_requests_topic_is_the_one_that_it_would_have_had() -> None:
    assert rejected({"to": 5, "templateName": "welcome"}).facts["topic"] == "welcome"
    assert rejected({"to": 5, "templateName": "welcome", "topic": "news"}).facts["topic"] == "news"
    assert rejected({"to": 5, "templateName": "welcome", "topic": [1], "tags": "eu"}).facts["topic"] == "welcome"


def test_of_a_rejected_request_the_record_keeps_what_is_valid_as_dynamodb_holds_it() -> None:
    job = rejected({"to": 5, "templateName": "welcome", "metadata": {"order": 7.0}})

    assert (job.facts["to_email"], job.facts["template_name"]) == (None, "welcome")
    assert repr(job.facts["metadata"]) == repr({"order": 7})


def test_a_request_rejected_for_an_unknown_field_could_be_read_and_binds_no_id() -> None:
    job = rejected(request(subject="Hi", colour="red", cc=["c@example.com"]), refuse_unknown=True)

    assert (job.error.code, job.readable) == ("VAL006", True)
    assert (job.facts["fingerprint"], job.facts["subject"], job.facts["unknown_fields"]) == ("", "Hi", ["colour"])
    assert list(job.recipient_states) == ["c@example.com"]
    assert job.fingerprint, "it still shows whether the record under its id is another request's"


@pytest.mark.parametrize("detail", [None, [], "x"])
def test_a_detail_that_is_no_object_has_no_fingerprint(detail: object) -> None:
    job = rejected(detail)
    assert (job.fingerprint, job.facts["to_email"]) == ("", None)


def test_what_is_no_event_has_no_record() -> None:
    with pytest.raises(EnvelopeError):
        received_body("{")


def test_a_record_of_the_sources_own_is_kept_through_the_queue() -> None:
    job = email(emailId="one")
    job.use_key_of_source()
    redelivered = received_body(with_hop(job.envelope, job.hop))

    assert job.email_id != "one"
    assert (redelivered.email_id, redelivered.requested_id) == (job.email_id, "one")
    assert redelivered.facts["requested_email_id"] == job.facts["requested_email_id"] == "one"


def test_a_log_line_finds_the_email_by_its_id_and_source() -> None:
    assert email(emailId="one").keys == {"email_id": "one", "source": "my.application"}
