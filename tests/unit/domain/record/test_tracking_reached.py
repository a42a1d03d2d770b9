"""The statuses that a write reaches first: what the day's figures count."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import REDIRECTED, Entry, RecipientState, TrackingRecord, fold, reached

AT = "2026-11-24T10:31:00.000Z"


def record(**facts: Any) -> TrackingRecord:
    given: dict[str, Any] = {"to_email": "ada@example.com", "original_source": "shop"}
    return TrackingRecord(
        email_id="one", status=Status.SENDING, attempt=1, timestamp=AT, date_partition=AT[:10], ttl=1, **given | facts
    )


def entry(key: str, status: Status, **facts: Any) -> Entry:
    return Entry(key, AT, status=status, **facts)


def with_(before: TrackingRecord, *entries: Entry) -> TrackingRecord:
    return fold(before, entries)[0]


SENT = entry("sent/1", Status.SENT)


def test_a_status_is_reached_once() -> None:
    sent = with_(record(), entry("mark/1", Status.SENDING), SENT)
    again = with_(sent, SENT, entry("sent/2", Status.SENT, attempt=2))
    assert reached(record(), sent) == [Status.SENT]
    assert reached(sent, sent) == []
    assert reached(sent, again) == [], "a second attempt is the same email"


def test_a_new_record_reaches_what_it_begins_with() -> None:
    assert reached(None, with_(record(), entry("failed/1", Status.FAILED))) == [Status.FAILED]
    assert reached(None, with_(record(), entry("mark/1", Status.DEFERRED))) == []


def test_one_write_may_reach_several() -> None:
    after = with_(record(), entry("o", Status.OPENED), entry("d", Status.DELIVERED))
    assert set(reached(record(), after)) == {Status.DELIVERED, Status.OPENED}


def test_an_email_that_bounces_at_two_recipients_has_bounced_once() -> None:
    before = record(recipients={"cc@example.com": RecipientState(status=Status.SENT, type="cc")})
    first = with_(before, entry("b1", Status.BOUNCED, recipient="cc@example.com"))
    second = with_(first, entry("b2", Status.BOUNCED, recipient="ada@example.com"))
    assert reached(before, first) == [Status.BOUNCED]
    assert reached(first, second) == []


@pytest.mark.parametrize(
    "left_out",
    [
        entry("o", Status.OPENED, detail={"machine": True}),
        entry("b", Status.BOUNCED, what=REDIRECTED),
        entry("c", Status.COMPLAINED, what=REDIRECTED),
        entry("f", Status.FAILED, recipient="cc@example.com"),
        entry("s", Status.SOFT_BOUNCED),
        entry("k", Status.CLICKED),
    ],
    ids=["a machine's open", "a redirected bounce", "a redirected complaint", "a copy left out", "soft", "a click"],
)
def test_what_no_figure_counts(left_out: Entry) -> None:
    before = with_(record(recipients={"cc@example.com": RecipientState(status=Status.SENT, type="cc")}), SENT)
    assert reached(before, with_(before, left_out)) == []


def test_an_open_by_a_person_after_a_machine_counts() -> None:
    before = with_(record(), entry("o1", Status.OPENED, detail={"machine": True}))
    assert reached(before, with_(before, entry("o2", Status.OPENED))) == [Status.OPENED]


def test_a_sunk_email_is_in_no_figure() -> None:
    claim = entry("mark/1", Status.SENDING, detail={"sink": True})
    assert reached(None, with_(record(), claim, SENT, entry("d", Status.DELIVERED))) == []


def test_an_email_that_failed_and_is_sent_later_counts_in_both() -> None:
    failed = with_(record(), entry("failed/1", Status.FAILED))
    assert reached(failed, with_(failed, SENT)) == [Status.SENT]
