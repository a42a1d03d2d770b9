"""What a cancelled record lets a request do."""

from __future__ import annotations

from typing import Any

from sesmail_layer.domain.record.claims import (
    CANCELLATION,
    Verdict,
    belongs_to_another,
    cancelled_by,
    judge,
    never_reached_ses,
)
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold

AT = "2026-11-24T10:31:00.000Z"
MARK = Entry(CANCELLATION, AT, what=CANCELLATION, detail={"by": "an operator"})
FAILED = Entry("failed/1", AT, 1, Status.FAILED, detail={"errorType": CANCELLATION})


def record(*entries: Entry, **facts: Any) -> TrackingRecord:
    empty = TrackingRecord(
        email_id="one", status=Status.SENDING, attempt=1, timestamp=AT, date_partition=AT[:10], ttl=0, **facts
    )
    return fold(empty, entries)[0]


def verdict(existing: TrackingRecord, event_id: str = "event-1") -> Verdict:
    return judge(existing, fingerprint="f", event_id=event_id, attempt=1, now=0, settle_seconds=300).verdict


def test_a_record_without_a_request_waits_for_its_facts() -> None:
    assert verdict(record(MARK, FAILED)) is Verdict.CANCELLED_EARLY


def test_a_cancelled_email_is_done_for_its_own_and_every_other_event() -> None:
    existing = record(MARK, FAILED, request_event_id="event-1", fingerprint="f")

    assert verdict(existing) is Verdict.REDELIVERED
    assert verdict(existing, "event-2") is Verdict.DONE
    assert not never_reached_ses(existing)


def test_a_mark_names_who_cancelled_and_moves_no_status() -> None:
    claim = Entry("mark/1/00001/sending", AT, 1, Status.SENDING)

    assert cancelled_by(record(claim)) is None
    assert cancelled_by(record(claim, MARK)) == "an operator"
    assert record(claim, MARK).status is Status.SENDING


def test_a_cancellation_without_a_source_belongs_to_the_first_one_that_asks() -> None:
    assert not belongs_to_another(record(MARK, FAILED), "shop")
    assert belongs_to_another(record(MARK, FAILED, original_source="blog"), "shop")
    assert not belongs_to_another(record(MARK, FAILED, original_source="shop"), "shop")
    assert belongs_to_another(record(FAILED, request_event_id="event-1"), "shop")
