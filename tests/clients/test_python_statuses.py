"""`parse_status` and what the package has for its users' own tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, get_args

import jsonschema
import pytest

from sesmail_client import EmailBounced, EmailFailed, InvalidEmailError, InvalidStatusEventError, Status, parse_status
from sesmail_client.schema_check import load_schema
from sesmail_client.testing import FakeSESMailClient, StatusQueue, WaitError

DETAIL: dict[str, Any] = {
    "emailId": "order-4711",
    "recordId": "order-4711",
    "status": "bounced",
    "toEmail": "john@example.com",
    "timestamp": "2026-11-24T10:31:00.000Z",
    "attempt": 1,
    "eventId": "5e1d",
    "bounceClass": "hard",
    "metadata": {"orderId": "4711"},
}
EVENT = {"detail-type": "Email Status Changed", "source": "sesmailengine", "detail": DETAIL}
# What a status always has, beyond what all have.
ALWAYS: dict[str, dict[str, Any]] = {
    "deferred": {"reason": "scheduled", "until": "2026-11-25T10:31:00.000Z"},
    "failed": {"errorType": "suppressed", "errorMessage": "Email not sent"},
    "opened": {"machine": True},
    "clicked": {"machine": False},
}


@pytest.mark.parametrize("event", [EVENT, json.dumps(EVENT), json.dumps(EVENT).encode(), DETAIL])
def test_an_event_is_read_from_eventbridge_from_a_queue_or_bare(event: Any) -> None:
    found = parse_status(event)
    assert isinstance(found, EmailBounced)
    assert (found.status, found.bounce_class, found.email_id) == ("bounced", "hard", "order-4711")
    assert found.timestamp == datetime(2026, 11, 24, 10, 31, tzinfo=UTC)
    assert found.metadata == {"orderId": "4711"}


def test_fields_and_values_of_a_newer_engine_are_no_error() -> None:
    found = parse_status(DETAIL | {"newField": 1, "bounceClass": "new"})
    assert isinstance(found, EmailBounced)
    assert found.bounce_class == "new"  # type: ignore[comparison-overlap]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": "exploded"}, "status: found exploded; allowed: deferred, sent, "),
        ({"status": None}, "status: found None; allowed"),
        ({"attempt": "1"}, "attempt: found a text of 1 characters; allowed: integer"),
        ({"timestamp": "yesterday"}, "timestamp: found a text of 9 characters; allowed: an RFC 3339 time"),
        ({"status": "failed"}, "errorType: found nothing"),
    ],
)
def test_what_is_no_status_event_is_rejected_with_its_reason(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidStatusEventError) as caught:
        parse_status(DETAIL | change)
    assert message in str(caught.value)


@pytest.mark.parametrize("event", ["no JSON", "[]", {"detail-type": "Email Request", "detail": {}}, {}])
def test_another_event_is_rejected(event: Any) -> None:
    with pytest.raises(InvalidStatusEventError):
        parse_status(event)


def test_the_repr_of_an_event_has_no_personal_data() -> None:
    assert "john" not in repr(parse_status(DETAIL))


# --- the fake client --------------------------------------------------------------------------------------------------


def test_the_fake_keeps_requests_and_checks_them_as_the_real_client() -> None:
    emails = FakeSESMailClient("shop.orders")
    email_id = emails.send(to="john@example.com", template_name="welcome", about="order-4711")
    emails.send(to="john@example.com", template_name="welcome", about="order-4711")
    assert [(sent.email_id, sent.request["to"]) for sent in emails.sent] == [(email_id, "john@example.com")]
    with pytest.raises(InvalidEmailError):
        emails.send(to="john@example.com", template_name="no such name")


def test_the_fake_can_refuse() -> None:
    emails = FakeSESMailClient()
    emails.refuse(times=2)
    emails.send(to="john@example.com", template_name="welcome")
    assert len(emails.sent) == 1


@pytest.mark.parametrize("status", get_args(Status))
def test_the_fake_makes_the_event_of_each_status_as_the_schema_has_it(status: Status) -> None:
    emails = FakeSESMailClient("shop.orders")
    email_id = emails.send(to="john@example.com", template_name="welcome", metadata={"orderId": "4711"}, tags=["a"])
    event = emails.status_event(email_id, status, **ALWAYS.get(status, {}))
    jsonschema.Draft202012Validator(dict(load_schema("email-status-changed.schema.json"))).validate(event["detail"])
    assert parse_status(event).status == status


def test_the_fake_makes_no_event_that_the_engine_would_not_publish() -> None:
    emails = FakeSESMailClient()
    email_id = emails.send(to="john@example.com", template_name="welcome")
    with pytest.raises(InvalidStatusEventError, match="errorType: found nothing"):
        emails.status_event(email_id, "failed")
    with pytest.raises(KeyError):
        emails.status_event("another", "sent")


# --- waiting ----------------------------------------------------------------------------------------------------------


class Queue:
    """A queue of SQS with these bodies, one a call."""

    def __init__(self, *details: dict[str, Any]) -> None:
        self.messages = [
            {"Body": json.dumps(EVENT | {"detail": detail}), "ReceiptHandle": str(number)}
            for number, detail in enumerate(details)
        ]
        self.deleted: list[str] = []
        self.receives = 0

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, WaitTimeSeconds: int) -> dict[str, Any]:
        assert 1 <= WaitTimeSeconds <= 20
        self.receives += 1
        return {"Messages": [self.messages.pop(0)]} if self.messages else {}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:
        self.deleted.append(ReceiptHandle)


def waiting(*details: dict[str, Any]) -> tuple[StatusQueue, Queue]:
    queue = Queue(*details)
    sqs: Any = queue
    return StatusQueue("https://sqs.example/q", sqs=sqs), queue


def detail_of(email_id: str, status: Status, **fields: Any) -> dict[str, Any]:
    return DETAIL | {"emailId": email_id, "status": status} | ALWAYS.get(status, {}) | fields


def test_a_status_is_waited_for_and_others_events_are_kept_for_later() -> None:
    statuses, queue = waiting(
        detail_of("b", "sent"), detail_of("a", "sent"), detail_of("b", "delivered"), detail_of("a", "delivered")
    )
    assert statuses.wait_for("a").status == "delivered"
    assert statuses.wait_for("b", "sent").status == "sent"
    assert [event.status for event in statuses.events_of("b")] == ["sent", "delivered"]
    assert queue.deleted == ["0", "1", "2", "3"]


def test_waiting_ends_at_once_where_the_email_failed() -> None:
    statuses, queue = waiting(detail_of("a", "failed"))
    with pytest.raises(WaitError, match=r"a: waited for delivered, found failed \(suppressed: Email not sent\)"):
        statuses.wait_for("a", timeout_seconds=2)
    assert queue.receives == 1


def test_waiting_leaves_out_what_becomes_of_copies() -> None:
    statuses, _ = waiting(
        detail_of("a", "bounced", recipientType="cc"),
        detail_of("a", "delivered", recipientType="bcc", toEmail="copy@example.com"),
        detail_of("a", "delivered"),
    )
    assert statuses.wait_for("a").to_email == "john@example.com"


@pytest.mark.parametrize(
    ("status", "later"), [("sent", "delivered"), ("sent", "bounced"), ("sent", "complained"), ("delivered", "opened")]
)
def test_waiting_ends_where_a_later_status_is_there_already(status: Status, later: Status) -> None:
    statuses, _ = waiting(detail_of("a", later), detail_of("a", status))
    assert statuses.wait_for("a", status, timeout_seconds=2).status == later
    statuses._read(1)
    assert statuses.wait_for("a", status, timeout_seconds=2).status == status


def test_waiting_finds_the_conflict_of_an_id_that_is_taken() -> None:
    statuses, _ = waiting(detail_of("email-7e1c", "failed", conflictsWith="a", errorType="duplicate_conflict"))
    found = statuses.wait_for("a", "failed")
    assert isinstance(found, EmailFailed)
    assert found.error_type == "duplicate_conflict"


def test_waiting_ends_after_its_time_and_says_what_was_found() -> None:
    statuses, _ = waiting(detail_of("a", "sent"))
    with pytest.raises(WaitError, match="b: no status event in 0 s"):
        statuses.wait_for("b", timeout_seconds=0)
    with pytest.raises(WaitError, match="a: waited for delivered, found sent"):
        statuses.wait_for("a", timeout_seconds=0.01)
