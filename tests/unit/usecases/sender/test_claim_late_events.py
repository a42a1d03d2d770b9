"""An SES event so late that the email was claimed again meanwhile: it still keeps a further copy from being sent."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, PausedBySes, TransientError
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, fold
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

AGAIN = {
    "unknown": OutcomeUnknownError("ReadTimeoutError"),
    "not connected": TransientError("SES error (connection): ConnectTimeoutError", code="SES009"),
    "paused": PausedBySes(60, message="Sending paused", code="SES004"),
}


def event_of_the_first_attempt(sender: Sender, *statuses: Status) -> None:
    record = sender.tracking.records["one"]
    at = utc_text(sender.clock.now())
    entries = [
        Entry(f"{status}/1", at, 1, status, detail={"sesMessageId": "ses-1"} if status is Status.SENT else {})
        for status in statuses
    ]
    assert sender.tracking.replace(fold(record, entries)[0]) is None


def sent_twice_without_an_answer(second: Exception, **rules: Any) -> Sender:
    """Attempt 1 is accepted, its events are late, and attempt 2 has no certain outcome or was not sent."""
    sender = Sender(**rules)
    sender.mailer.late_answers = [OutcomeUnknownError("ReadTimeoutError")]
    message = sender.message(request(emailId="one"))
    sender.run(message)
    sender.clock.sleep(300)
    sender.progress.advance(sender.clock.now())
    sender.clock.sleep(15)
    sender.mailer.answers = [second]
    sender.run(message)
    assert sender.tracking.records["one"].attempt == 2
    return sender


@pytest.mark.parametrize("statuses", [[Status.SENT], [Status.SENT, Status.DELIVERED]], ids=["sent", "delivered"])
@pytest.mark.parametrize("second", AGAIN)
def test_it_is_not_sent_a_third_time_where_an_event_shows_that_the_first_arrived(
    second: str, statuses: list[Status]
) -> None:
    sender = sent_twice_without_an_answer(AGAIN[second])
    event_of_the_first_attempt(sender, *statuses)
    sender.clock.sleep(300)
    sender.progress.advance(sender.clock.now())
    sender.clock.sleep(15)

    sender.run(sender.message(request(emailId="one"), event_id="event-1"))

    record = sender.tracking.records["one"]
    assert (record.status, record.attempt, record.ses_message_id) == (Status.SENT, 2, "ses-1")
    assert len(sender.mailer.accepted) == 1
    assert sender.bus.statuses("one")[-1] == "sent"


def test_it_is_sent_again_where_the_first_soft_bounced() -> None:
    sender = sent_twice_without_an_answer(AGAIN["unknown"])
    event_of_the_first_attempt(sender, Status.SENT, Status.SOFT_BOUNCED)
    sender.clock.sleep(300)
    sender.progress.advance(sender.clock.now())
    sender.clock.sleep(15)

    sender.run(sender.message(request(emailId="one"), event_id="event-1"))

    assert [mail.tags["attempt"] for mail in sender.mailer.accepted] == ["MQ", "Mw"]
    assert sender.tracking.records["one"].attempt == 3
