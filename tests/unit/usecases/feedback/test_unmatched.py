"""Events without our tag, or without a record."""

from __future__ import annotations

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.feedback import Feedback, bounced, delivered


def test_an_untagged_event_finds_its_email_by_the_id_of_ses() -> None:
    feedback = Feedback()
    feedback.sent("email-1")
    feedback.sent("email-2")
    feedback.run(*(feedback.message(delivered(email_id=f"email-{n}", tagged=False)) for n in (1, 2)))

    assert {record.status for record in feedback.tracking.records.values()} == {Status.DELIVERED}


def test_untagged_events_wait_while_the_index_cannot_be_read() -> None:
    feedback = Feedback()
    feedback.sent()

    def throttled(_ses_id: str) -> None:
        raise TransientError("DynamoDB throttled", code="AWS003")

    feedback.tracking.find_by_ses_message_id = throttled  # type: ignore[method-assign,assignment]
    assert feedback.waits_after(feedback.message(delivered(tagged=False)), feedback.message(delivered()))


def test_a_delivery_without_a_record_suppresses_no_address_and_is_reported() -> None:
    feedback = Feedback()
    assert feedback.run(feedback.message(delivered(), waited=301)) == set()
    assert feedback.suppression.entries == {}
    assert feedback.log.codes() == ["FBK006", "FBK009"]


def test_the_wait_counts_from_when_the_event_was_first_sent() -> None:
    feedback = Feedback()
    assert feedback.waits_after(feedback.message(bounced(), waited=299))
    feedback.run_waiting()
    assert feedback.log.codes() == ["FBK006", "FBK009"]
