"""The history of a record that this engine did not write has all that its attributes say, each at its time."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.record.foreign import with_history
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord

AT = "2026-10-01T10:00:00Z"


def history(status: Status, **attributes: Any) -> list[tuple[str, str, Status | None, dict[str, Any]]]:
    record = TrackingRecord(
        email_id="order-1", status=status, attempt=1, timestamp=AT, date_partition=AT[:10], ttl=0, **attributes
    )
    return [(entry.key, entry.at, entry.status, entry.detail) for entry in with_history(record).history]


def test_each_time_of_a_record_is_an_entry_with_its_details() -> None:
    times = {f"{name}_at": f"2026-10-01T10:0{number}:00Z" for number, name in enumerate(
        ("sent", "delivered", "opened", "clicked", "bounced", "complained"), start=1
    )}  # fmt: skip
    details = {
        "ses_message_id": "0100",
        "bounce_type": "Permanent",
        "bounce_sub_type": "General",
        "bounce_reason": "no such user",
        "complaint_feedback_type": "abuse",
    }

    assert history(Status.COMPLAINED, **times, **details) == [
        ("foreign/sent", times["sent_at"], Status.SENT, {"sesMessageId": "0100"}),
        ("foreign/delivered", times["delivered_at"], Status.DELIVERED, {}),
        ("foreign/opened", times["opened_at"], Status.OPENED, {}),
        ("foreign/clicked", times["clicked_at"], Status.CLICKED, {}),
        (
            "foreign/bounced",
            times["bounced_at"],
            Status.BOUNCED,
            {"bounceType": "Permanent", "bounceSubType": "General", "bounceReason": "no such user"},
        ),
        ("foreign/complained", times["complained_at"], Status.COMPLAINED, {"complaintFeedbackType": "abuse"}),
    ]


def test_a_soft_bounce_stays_one() -> None:
    assert history(Status.SOFT_BOUNCED, bounced_at=AT, bounce_type="Transient") == [
        ("foreign/soft_bounced", AT, Status.SOFT_BOUNCED, {"bounceType": "Transient"})
    ]


def test_a_status_without_a_time_is_of_the_record_s_time_and_has_its_error() -> None:
    assert history(Status.FAILED, error_type="ses_rejected", error_message="no") == [
        ("foreign/failed", AT, Status.FAILED, {"errorType": "ses_rejected", "errorMessage": "no"})
    ]


@pytest.mark.parametrize(("message_id", "sent"), [("0100", True), (None, False)])
def test_an_email_was_sent_if_ses_gave_it_an_id(message_id: str | None, sent: bool) -> None:
    statuses = [status for _, _, status, _ in history(Status.FAILED, ses_message_id=message_id)]
    assert statuses == [Status.FAILED, *([Status.SENT] if sent else [])]
