"""Who may send an email whose id has a record already."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.record.claims import Finding, Verdict, claimed_at, judge, never_reached_ses
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import NOW

SETTLE = 300


def record(status: Status, **about: Any) -> TrackingRecord:
    facts: dict[str, Any] = {
        "email_id": "one",
        "status": status,
        "attempt": 1,
        "timestamp": utc_text(NOW),
        "date_partition": "2026-11-24",
        "ttl": 1,
        "fingerprint": "same",
        "request_event_id": "first",
        "history": [Entry("mark/1/00001/sending", utc_text(NOW), 1, Status.SENDING)],
    }
    return TrackingRecord(**{**facts, **about})


def found(
    existing: TrackingRecord, *, event: str = "second", attempt: int = 1, fingerprint: str = "same", after: float = 0
) -> Finding:
    return judge(
        existing, fingerprint=fingerprint, event_id=event, attempt=attempt, now=NOW + after, settle_seconds=SETTLE
    )


@pytest.mark.parametrize("after", [0, 34, 36, 299, 1_000])
def test_a_claim_under_which_its_own_request_sent_nothing_may_be_taken_at_once(after: float) -> None:
    claimed = record(Status.SENDING, lease_until=NOW + 35)
    about: dict[str, Any] = {"fingerprint": "same", "event_id": "first", "attempt": 1, "settle_seconds": SETTLE}

    assert judge(claimed, **about, now=NOW + after, unsent=[NOW + 9, NOW + 35]).verdict is Verdict.TAKE
    other = judge(claimed, **about, now=NOW + after, unsent=[NOW + 35.00001])
    assert other.verdict in (Verdict.BUSY, Verdict.UNSETTLED)


def test_another_request_is_a_conflict_and_one_without_a_fingerprint_is_not() -> None:
    existing = record(Status.SENT)

    assert found(existing, fingerprint="other") == Finding(Verdict.CONFLICT)
    assert found(existing, fingerprint="") == Finding(Verdict.DONE)
    assert found(record(Status.SENT, fingerprint=""), fingerprint="other") == Finding(Verdict.DONE)


@pytest.mark.parametrize("status", [Status.SENT, Status.DELIVERED, Status.BOUNCED, Status.SOFT_BOUNCED])
def test_a_finished_email_is_done_and_its_own_event_may_publish_it_again(status: Status) -> None:
    existing = record(status, attempt=2)

    assert found(existing) == Finding(Verdict.DONE, 2)
    assert found(existing, event="first") == Finding(Verdict.REDELIVERED, 2)


def test_after_a_soft_bounce_the_next_attempt_is_claimed_and_no_earlier_one() -> None:
    existing = record(Status.SOFT_BOUNCED, attempt=2)

    assert found(existing, attempt=3) == Finding(Verdict.TAKE, 3)
    assert found(existing, attempt=2) == Finding(Verdict.DONE, 2)
    assert found(record(Status.DELIVERED, attempt=2), attempt=3) == Finding(Verdict.DONE, 2)


def test_a_deferred_email_may_be_claimed() -> None:
    assert found(record(Status.DEFERRED, attempt=2)) == Finding(Verdict.TAKE, 2)


@pytest.mark.parametrize(("after", "verdict"), [(0, Verdict.BUSY), (39, Verdict.BUSY), (SETTLE, Verdict.UNSETTLED)])
def test_a_claim_is_busy_also_where_another_clock_deferred_the_email_later(after: float, verdict: Verdict) -> None:
    history = [
        Entry("mark/1/00003/sending", utc_text(NOW), 1, Status.SENDING),
        Entry("mark/1/00002/deferred", utc_text(NOW + 0.05), 1, Status.DEFERRED),
    ]
    claimed = record(Status.DEFERRED, lease_until=NOW + 40, history=history)

    assert found(claimed, after=after).verdict is verdict


def test_a_released_claim_may_be_claimed_again() -> None:
    assert found(record(Status.SENDING, lease_until=0, attempt=2)) == Finding(Verdict.TAKE, 2)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (0, Finding(Verdict.BUSY, 1, NOW + 40)),
        (39.9, Finding(Verdict.BUSY, 1, NOW + 40)),
        (40, Finding(Verdict.BUSY, 1, NOW + SETTLE)),
        (SETTLE - 0.1, Finding(Verdict.BUSY, 1, NOW + SETTLE)),
        (SETTLE, Finding(Verdict.UNSETTLED, 1)),
    ],
)
def test_a_claim_is_busy_until_its_lease_ends_and_then_until_its_event_would_have_arrived(
    after: float, expected: Finding
) -> None:
    assert found(record(Status.SENDING, lease_until=NOW + 40), after=after) == expected


def test_a_lease_that_outlasts_the_settling_counts_to_its_end() -> None:
    existing = record(Status.SENDING, lease_until=NOW + 900)

    assert found(existing, after=899) == Finding(Verdict.BUSY, 1, NOW + 900)
    assert found(existing, after=900) == Finding(Verdict.UNSETTLED, 1)


def test_the_newest_claim_counts() -> None:
    history = [
        Entry("mark/1/00001/sending", utc_text(NOW), 1, Status.SENDING),
        Entry("mark/2/00003/sending", utc_text(NOW + 60), 2, Status.SENDING),
        Entry("mark/2/00004/deferred", utc_text(NOW + 90), 2, Status.DEFERRED),
    ]

    assert claimed_at(record(Status.SENDING, history=history)) == NOW + 60


@pytest.mark.parametrize(
    ("about", "again"),
    [
        ({"error_type": "template_not_found"}, True),
        ({"error_type": "outcome_unknown"}, False),
        ({"error_type": "ses_rejected", "ses_message_id": "0100"}, False),
    ],
)
def test_what_failed_before_ses_saw_it_may_be_sent_again_under_its_id(about: dict[str, str], again: bool) -> None:
    existing = record(Status.FAILED, **about)

    assert never_reached_ses(existing) is again
    assert found(existing) == (Finding(Verdict.TAKE, 2) if again else Finding(Verdict.DONE, 1))
    assert found(existing, event="first") == Finding(Verdict.REDELIVERED, 1)


def test_only_what_failed_never_reached_ses() -> None:
    assert not never_reached_ses(record(Status.DEFERRED))


def test_an_unsettled_claim_is_of_its_own_attempt() -> None:
    existing = record(Status.SENDING, lease_until=NOW + 40, attempt=2)

    assert found(existing, after=SETTLE) == Finding(Verdict.UNSETTLED, 2)
    assert found(existing) == Finding(Verdict.BUSY, 2, NOW + 40)
