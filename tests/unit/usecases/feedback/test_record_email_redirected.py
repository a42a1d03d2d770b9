"""SES's events of a redirected email: its record gets the status, and nothing else follows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.guards.breaker import PROBE, counts_towards_rates
from sesmail_layer.domain.record.soft_bounce_run import past_email
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import REDIRECTED_TO, Entry, RecipientState, TrackingRecord, fold
from sesmail_layer.domain.request.envelopes import PendingRequest
from sesmail_layer.domain.ses.tags import encode_tags
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import NOW
from tools.simulation.feedback import JANE, JOHN, Feedback, bounced, complained, delivered, soft

MAILBOX = "team@example.org"
TAGS = encode_tags("email-1", 1, "welcome", "my.application", redirected=True)


def redirected(feedback: Feedback, email_id: str = "email-1", *, second: int = 0, **facts: Any) -> TrackingRecord:
    """Store a record as the sender leaves it in redirect mode."""
    record = feedback.sent(email_id, second=second, **facts)
    history = [
        msgspec.structs.replace(entry, detail={REDIRECTED_TO: MAILBOX}) if entry.status is Status.SENDING else entry
        for entry in record.history
    ]
    record = msgspec.structs.replace(record, history=history, redirected_to=MAILBOX, delivery_mode="redirect")
    feedback.tracking.records[email_id] = record
    return record


def of_mailbox(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as SES publishes it about the mailbox."""
    event["mail"]["destination"] = [MAILBOX]
    return event


EVENTS = {
    "hard bounce": (bounced(who=MAILBOX), Status.BOUNCED),
    "soft bounce": (soft(who=MAILBOX), Status.SOFT_BOUNCED),
    "suppressed by SES": (bounced(sub="OnAccountSuppressionList", who=MAILBOX), Status.BOUNCED),
    "complaint": (complained(), Status.COMPLAINED),
    "delivery": (delivered(MAILBOX), Status.DELIVERED),
}


@pytest.mark.parametrize("tagged", [True, False], ids=["with tags", "a notification"])
@pytest.mark.parametrize("copies", [{}, {JANE: RecipientState(status=Status.SENDING, type="cc")}], ids=["to", "cc"])
@pytest.mark.parametrize(("event", "status"), EVENTS.values(), ids=EVENTS)
def test_the_record_gets_the_status_and_nobody_is_suppressed_or_counted(
    event: dict[str, Any], status: Status, copies: dict[str, Any], tagged: bool
) -> None:
    feedback = Feedback(soft_bounce_threshold=1)
    redirected(feedback, recipients=copies)
    feedback.pending.keep("email-1", PendingRequest(1, b"packed"))
    event = of_mailbox(msgspec.json.decode(msgspec.json.encode(event)))
    if not tagged:
        event["notificationType"] = event.pop("eventType")
        event["mail"].pop("tags")
    assert feedback.run(feedback.message(event)) == set()

    record = feedback.record()
    assert record.status is status
    assert [one.status for one in feedback.bus.events] == [status]
    assert (feedback.bus.events[0].to_email, feedback.bus.events[0].redirected_to) == (JOHN, MAILBOX)
    assert all(state.status is Status.SENT for state in record.recipients.values())
    assert not feedback.suppression.entries
    assert not feedback.control.timelines
    assert not counts_towards_rates(record.history)
    assert not feedback.waiting.messages


def test_soft_bounces_and_deliveries_of_the_mailbox_say_nothing_of_the_recipient() -> None:
    feedback = Feedback()
    for number, event in enumerate([soft(email_id="m-0"), delivered(email_id="m-1"), soft(email_id="m-2")]):
        if number == 1:
            redirected(feedback, "m-1", second=1)
        else:
            feedback.sent(f"m-{number}", second=number)
        feedback.run(feedback.message(event))
    redirected(feedback, "m-3", second=3)
    feedback.run(feedback.message(of_mailbox(soft(email_id="m-3", who=MAILBOX))))
    assert past_email(feedback.record("m-3")).diverted
    assert not feedback.suppression.entries

    feedback.sent("m-4", second=4)
    feedback.run(feedback.message(soft(email_id="m-4")))
    assert list(feedback.suppression.entries) == [JOHN]


def test_an_event_without_a_record_suppresses_no_mailbox() -> None:
    feedback = Feedback()
    event = of_mailbox(bounced(who=MAILBOX))
    event["mail"]["tags"] = {name: [value] for name, value in TAGS.items()}
    feedback.run(feedback.message(event, waited=3600))

    assert not feedback.suppression.entries
    assert feedback.metrics.counts["FeedbackUnmatched"] == 1


def test_a_later_attempt_in_live_mode_is_treated_as_one() -> None:
    feedback = Feedback()
    record = redirected(feedback)
    at = utc_text(NOW + 60)
    again = Entry("mark/2/00003/sending", at, 2, Status.SENDING)
    sent = Entry("sent/2", at, 2, Status.SENT, detail={"sesMessageId": "ses-2"})
    feedback.tracking.records["email-1"], _ = fold(record, [again, sent])
    assert feedback.record().redirected_to is None

    feedback.run(feedback.message(of_mailbox(bounced(who=MAILBOX, attempt=1))))
    assert not feedback.suppression.entries
    feedback.run(feedback.message(bounced(attempt=2)))
    assert list(feedback.suppression.entries) == [JOHN]
    assert [one.redirected_to for one in feedback.bus.events] == [MAILBOX]


def test_the_mailbox_is_no_probe_of_the_breaker() -> None:
    feedback = Feedback()
    record = redirected(feedback, probe=True)
    assert any(entry.what == PROBE for entry in record.history)
    feedback.run(feedback.message(of_mailbox(bounced(who=MAILBOX))))

    assert not feedback.breaker_table.writes
