"""An SES event is recorded, suppresses its recipient and is published."""

from __future__ import annotations

import json

from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_text
from tests.events import EVENTS
from tools.simulation.fakes import NOW
from tools.simulation.feedback import (
    JOHN,
    Feedback,
    bounced,
    delivered,
    opened,
)


def test_a_bounce_is_recorded_suppressed_and_published() -> None:
    feedback = Feedback()
    feedback.sent()

    assert feedback.run(feedback.message(bounced())) == set()

    assert feedback.record().status is Status.BOUNCED
    assert feedback.record().bounce_type == "Permanent"
    assert feedback.suppression.entries[JOHN] == Suppression(
        email=JOHN,
        suppression_type="bounce",
        reason=SuppressionReason.HARD_BOUNCE,
        added_to_suppression_date=utc_text(NOW + 5),
        email_id="email-1",
        ses_message_id="ses-email-1",
        source="my.application",
        bounce_sub_type="General",
        diagnostic_code="smtp; 550 5.1.1 no",
    )
    (event,) = feedback.bus.events
    assert (event.status, event.previous_status, event.bounce_type) == ("bounced", "sent", "Permanent")
    assert (event.original_source, event.metadata) == ("my.application", {"order": 7})
    assert feedback.metrics.counts == {"AddressSuppressed": 1, "EmailBounced": 1, "FeedbackRecorded": 1}


def test_a_batch_is_one_publication_and_one_write_for_each_email() -> None:
    feedback = Feedback()
    for number in range(3):
        feedback.sent(f"email-{number}")
    ses_event = [make(email_id=f"email-{number}") for number in range(3) for make in (delivered, opened)]

    assert feedback.run(*(feedback.message(one) for one in ses_event)) == set()

    assert {record.revision for record in feedback.tracking.records.values()} == {2}
    assert feedback.bus.calls == 1
    assert [event.status for event in feedback.bus.events] == ["delivered", "opened"] * 3


def test_raw_delivery_and_the_other_format_are_read() -> None:
    feedback = Feedback()
    feedback.sent()
    notification = bounced(tagged=False)
    notification["notificationType"] = notification.pop("eventType")

    assert feedback.run(feedback.message(notification, topic=None)) == set()
    assert feedback.record().status is Status.BOUNCED


def test_the_same_bounce_in_both_formats_counts_once() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.run(feedback.message(bounced()))
    before = feedback.record()

    assert feedback.run(feedback.message(bounced(tagged=False))) == set()

    assert feedback.record() == before
    assert len(feedback.bus.events) == 1
    assert feedback.metrics.counts["EmailBounced"] == 1
    assert sum(feedback.control.timelines[ACCOUNT].values(), Counts()) == Counts(bounces=1)


def test_an_event_twice_in_one_batch_counts_once() -> None:
    feedback = Feedback()
    feedback.sent()

    assert feedback.run(feedback.message(opened()), feedback.message(opened())) == set()

    assert feedback.record().open_count == 1
    assert [event.status for event in feedback.bus.events] == ["opened"]


def test_an_auto_reply_is_only_added_to_the_history() -> None:
    feedback = Feedback()
    feedback.sent()
    note = json.loads((EVENTS / "hard_cases/out-of-office-silent.json").read_text())["event"]

    assert feedback.run(feedback.message(note)) == set()

    assert feedback.record().status is Status.SENT
    assert [entry.what for entry in feedback.record().history if entry.what] == ["auto_reply"]
    assert (feedback.suppression.entries, feedback.bus.events) == ({}, [])
