"""Folding an email's events into its record, over other workers' writes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import NOW
from tools.simulation.feedback import (
    JOHN,
    Feedback,
    bounced,
    complained,
    delivered,
    mail,
    opened,
    soft,
)
from tools.simulation.sender import Sender


@pytest.mark.parametrize(("ses_id", "attempt"), [("ses-email-1", 1), ("ses-2", 2), ("ses-unknown", 1)])
def test_an_event_without_tags_belongs_to_the_attempt_with_its_ses_message_id(ses_id: str, attempt: int) -> None:
    feedback = Feedback()
    record = feedback.sent()
    second = Entry("sent/2", "2026-11-24T10:40:00.000Z", 2, Status.SENT, detail={"sesMessageId": "ses-2"})
    feedback.tracking.replace(fold(record, [second])[0])
    ses_event = delivered()
    ses_event["mail"] |= {"messageId": ses_id, "tags": {"emailId": ses_event["mail"]["tags"]["emailId"]}}

    feedback.run(feedback.message(ses_event))

    [entry] = [entry for entry in feedback.record().history if entry.status is Status.DELIVERED]
    assert entry.attempt == attempt


def test_a_concurrent_write_is_kept_and_folded_over(monkeypatch: pytest.MonkeyPatch) -> None:
    feedback = Feedback()
    feedback.sent()
    replace = feedback.tracking.replace
    rivals = [Entry("opened/1/rival", utc_text(NOW + 1), 1, Status.OPENED, JOHN, None, {"machine": False})]

    def replace_after_a_rival(record: TrackingRecord) -> TrackingRecord | None:
        if rivals:
            replace(fold(feedback.record(), [rivals.pop()])[0])
        return replace(record)

    monkeypatch.setattr(feedback.tracking, "replace", replace_after_a_rival)
    assert feedback.run(feedback.message(bounced())) == set()

    assert (feedback.record().open_count, feedback.record().status) == (1, Status.BOUNCED)
    assert feedback.bus.events[0].previous_status == "opened"


def test_a_write_that_botocore_repeats_after_it_was_stored_is_acted_on_and_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The repetition's condition fails on the record that the first call, whose answer was lost, has written."""
    sender, feedback = Sender(), Feedback()
    for name in ("clock", "tracking", "suppression", "bus", "pending", "waiting", "control"):
        setattr(feedback, name, getattr(sender, name))
    sender.send(emailId="email-1", to=JOHN)
    sender.bus.events.clear()
    replace = feedback.tracking.replace
    monkeypatch.setattr(feedback.tracking, "replace", lambda record: replace(record) or replace(record))

    assert feedback.run(feedback.message(soft())) == set()
    assert [event.status for event in feedback.bus.events] == ["soft_bounced"]
    assert len(sender.waiting.messages) == 1


def test_a_record_that_changes_at_every_write_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    feedback = Feedback()
    record = feedback.sent()
    monkeypatch.setattr(feedback.tracking, "replace", lambda _record: record)
    message = feedback.message(delivered())

    assert feedback.waits_after(message)
    assert feedback.log.lines[0]["code"] == "FBK003"


def test_a_send_event_of_a_sent_email_writes_and_publishes_nothing() -> None:
    feedback = Feedback()
    before = feedback.sent()

    assert feedback.run(feedback.message({"eventType": "Send", "mail": mail(), "send": {}})) == set()

    assert feedback.record() == before
    assert feedback.bus.events == []


@pytest.mark.parametrize("ses_event", [{"eventType": "Send", "mail": mail(), "send": {}}, delivered()])
def test_any_event_settles_a_claim_of_a_crashed_sender(ses_event: dict[str, Any]) -> None:
    feedback = Feedback()
    record = feedback.sent()
    claim, _ = fold(msgspec.structs.replace(record, history=[], transitions={}), [record.history[0]])
    feedback.tracking.records["email-1"] = claim

    assert feedback.run(feedback.message(ses_event)) == set()

    assert feedback.record().ses_message_id == "ses-email-1"
    assert feedback.record().sent_at == utc_text(NOW)
    assert feedback.bus.events[0].status == "sent"


def test_reversed_and_doubled_events_give_the_same_record() -> None:
    ses_event = [
        {"eventType": "Send", "mail": mail(), "send": {}},
        delivered(),
        opened(),
        bounced(second=9),
        complained(second=9),
    ]
    records = []
    for order in (ses_event, ses_event[::-1], [*ses_event, *ses_event], [*ses_event[::-1], *ses_event]):
        feedback = Feedback()
        feedback.sent()
        for one in order:
            assert feedback.run(feedback.message(one)) == set()
        records.append(msgspec.structs.replace(feedback.record(), transitions={}, revision=1))

    assert records[0].status is Status.COMPLAINED
    assert all(record == records[0] for record in records)
