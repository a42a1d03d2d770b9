"""What subscribers receive."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState, TrackingRecord, fold
from sesmail_layer.domain.status_event import status_event

AT = "2026-11-24T10:31:09.000Z"


def a_record() -> TrackingRecord:
    record = TrackingRecord(
        email_id="email-1",
        to_email="john@example.com",
        status=Status.SENDING,
        attempt=1,
        ttl=1,
        timestamp="2026-11-24T10:31:00.000Z",
        date_partition="2026-11-24",
        template_name="welcome",
        subject="Welcome",
        original_source="my.application",
        metadata={"order": 7},
        tags=["eu", "spring-sale"],
        topic="newsletter",
        unknown_fields=["colour"],
        recipients={"jane@example.com": RecipientState(status=Status.SENDING, type="cc")},
    )
    sent = Entry("sent/1", "2026-11-24T10:31:01.000Z", 1, Status.SENT, detail={"sesMessageId": "0100"})
    return fold(record, [sent])[0]


def event_of(entry: Entry) -> dict[str, Any] | None:
    record, transitions = fold(a_record(), [entry])
    event = status_event(record, transitions[0])
    return None if event is None else json.loads(msgspec.json.encode(event))


def test_a_delivery_event_has_the_fields_of_the_contract() -> None:
    event = event_of(Entry("delivered/1", AT, 1, Status.DELIVERED, "john@example.com"))

    assert event is not None
    assert event.pop("eventId")
    assert event == {
        "emailId": "email-1",
        "recordId": "email-1",
        "status": "delivered",
        "toEmail": "john@example.com",
        "timestamp": AT,
        "originalSource": "my.application",
        "templateName": "welcome",
        "subject": "Welcome",
        "sesMessageId": "0100",
        "metadata": {"order": 7},
        "tags": ["eu", "spring-sale"],
        "topic": "newsletter",
        "attempt": 1,
        "previousStatus": "sent",
    }


@pytest.mark.parametrize(
    ("status", "detail"),
    [
        (
            "bounced",
            {"bounceType": "Permanent", "bounceSubType": "General", "bounceReason": "x", "diagnosticCode": "x"},
        ),
        ("soft_bounced", {"bounceType": "Transient", "bounceSubType": "General", "bounceReason": "x"}),
        ("complained", {"complaintFeedbackType": "abuse"}),
        ("failed", {"errorType": "ses_rejected", "errorMessage": "SES error (Reject): Bad content"}),
        ("delayed", {"reason": "MailboxFull", "until": AT}),
        ("clicked", {"link": "https://example.com/", "machine": False}),
        ("opened", {"machine": True}),
    ],
)
def test_each_status_adds_its_own_details(status: str, detail: dict[str, Any]) -> None:
    event = event_of(Entry("k", AT, 1, Status(status), "john@example.com", detail=detail))

    assert event is not None
    assert event.items() >= detail.items()


def test_an_event_of_a_copy_has_its_address_and_type() -> None:
    event = event_of(Entry("k", AT, 1, Status.BOUNCED, "jane@example.com"))

    assert event is not None
    assert (event["toEmail"], event["recipientType"], event["previousStatus"]) == ("jane@example.com", "cc", "sent")


def test_a_republished_event_has_the_same_id_and_another_transition_another() -> None:
    opened = Entry("opened/1", AT, 1, Status.OPENED, "john@example.com", detail={"machine": False})
    record, first = fold(a_record(), [opened])
    record, again = fold(record, [opened, Entry("complaint/1", AT, 1, Status.COMPLAINED, "john@example.com")])
    ids = [event.event_id for moved in (*first, *again) if (event := status_event(record, moved))]

    assert ids[0] == ids[1]
    assert ids[1] != ids[2]


def test_only_the_sent_event_lists_unknown_fields() -> None:
    record, transitions = fold(a_record(), [Entry("sent/1", AT, 1, Status.SENT, detail={"sesMessageId": "0100"})])
    sent = status_event(record, transitions[0])
    delivered = event_of(Entry("delivered/1", AT, 1, Status.DELIVERED, "john@example.com"))

    assert sent is not None
    assert sent.unknown_fields == ["colour"]
    assert "unknownFields" not in (delivered or {})


def test_sending_has_no_status_event() -> None:
    record = msgspec.structs.replace(a_record(), history=[], transitions={})
    record, transitions = fold(record, [Entry("sending/1", AT, 1, Status.SENDING)])

    assert status_event(record, transitions[0]) is None
