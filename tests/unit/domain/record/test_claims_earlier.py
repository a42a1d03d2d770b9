"""What an earlier attempt, or another product's record, says about an email that is to be sent."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.record.claims import Finding, Verdict, accepted_earlier, judge
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import NOW

JOHN, CC = "john@example.com", "cc@example.com"


def record(*history: Entry, **about: Any) -> TrackingRecord:
    facts: dict[str, Any] = {"email_id": "one", "to_email": JOHN, "status": Status.SENDING, "attempt": 2, "revision": 1}
    times = {"timestamp": utc_text(NOW), "date_partition": "2026-11-24", "ttl": 1}
    return TrackingRecord(**{**facts, **times, "history": list(history), **about})


def entry(status: Status, attempt: int = 1, recipient: str | None = None) -> Entry:
    return Entry(f"{status}/{attempt}/{recipient}", utc_text(NOW), attempt, status, recipient=recipient)


SENT, SENT_NOW = entry(Status.SENT), entry(Status.SENT, 2)


@pytest.mark.parametrize(
    ("history", "found"),
    [
        ([], None),
        ([SENT], SENT),
        ([SENT_NOW], None),
        ([SENT, entry(Status.SOFT_BOUNCED, 1, JOHN)], None),
        ([SENT, entry(Status.FAILED)], None),
        ([SENT, entry(Status.SOFT_BOUNCED, 1, JOHN), entry(Status.DELIVERED, 1, JOHN)], SENT),
        ([SENT, entry(Status.SOFT_BOUNCED, 1, CC)], SENT),
        ([entry(Status.SENT, 1, CC)], None),
        ([entry(Status.SENT, 2, CC), entry(Status.DELIVERED, 2, JOHN)], None),
        ([entry(Status.DELIVERED, 1, JOHN)], None),
    ],
)
def test_an_earlier_attempt_is_enough_if_ses_accepted_it_and_it_did_not_fail(
    history: list[Entry], found: Entry | None
) -> None:
    assert accepted_earlier(record(*history)) == found


def test_an_attempt_that_failed_says_nothing_of_another() -> None:
    first, second = entry(Status.SENT, 1), entry(Status.SENT, 2)
    failed = entry(Status.SOFT_BOUNCED, 1, JOHN)
    assert accepted_earlier(record(first, failed, second, attempt=3)) == second


def test_a_record_of_another_product_is_done_whatever_it_says() -> None:
    for status in (Status.SENT, Status.FAILED, Status.SENDING):
        foreign = record(status=status, revision=0, fingerprint="other")
        finding = judge(foreign, fingerprint="same", event_id="e", attempt=1, now=NOW, settle_seconds=300)
        assert finding == Finding(Verdict.DONE, 2)
