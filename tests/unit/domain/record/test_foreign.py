"""A record that this engine did not write is given a history, so that SES's events can be folded into it."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.record.foreign import is_foreign, with_history
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord, fold

AT = "2026-10-01T10:00:00Z"


def record(status: Status, **attributes: str) -> TrackingRecord:
    return TrackingRecord(
        email_id="order-1",
        status=status,
        attempt=1,
        timestamp=AT,
        date_partition=AT[:10],
        ttl=0,
        revision=0,
        **attributes,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("status", list(Status))
def test_a_status_is_kept_when_it_is_computed_again(status: Status) -> None:
    given = with_history(record(status))
    folded, _ = fold(given, given.history)
    assert folded.status is status


def test_times_and_details_are_kept_when_they_are_computed_again() -> None:
    given = with_history(
        record(Status.BOUNCED, ses_message_id="0100", delivered_at=AT, bounced_at=AT, bounce_type="Permanent")
    )
    folded, _ = fold(given, [*given.history, *with_history(record(Status.CLICKED, clicked_at=AT)).history])
    assert (folded.ses_message_id, folded.delivered_at, folded.bounced_at) == ("0100", AT, AT)
    assert (folded.bounce_type, folded.clicked_at, folded.status) == ("Permanent", AT, Status.BOUNCED)


def test_a_record_is_foreign_without_a_revision() -> None:
    assert is_foreign(record(Status.SENT))
    assert not is_foreign(record(Status.SENT).next_revision())
