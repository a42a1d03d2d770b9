"""A claim of unknown outcome: who waits for it, how long, and what happens then."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, PermanentError, TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

LEASE = 35.0
"""Seconds: what was left of the invocation, and five."""


def unknown(**rules: Any) -> tuple[Sender, QueueMessage]:
    """A sender that does not know whether SES took its email."""
    sender = Sender(**rules)
    sender.mailer.late_answers = [OutcomeUnknownError("read timeout")]
    message = sender.message(request(emailId="one"))
    assert sender.run(message) == set()
    sender.waiting.take()
    sender.log.lines.clear()
    return sender, message


def waits(sender: Sender) -> list[float]:
    return [delay for _, delay in sender.waiting.take()]


@pytest.mark.parametrize(
    ("after", "wait"), [(0, LEASE), (20, LEASE - 20), (LEASE - 0.5, 1), (LEASE + 0.01, 300 - LEASE)]
)
def test_it_waits_until_the_lease_ends_and_then_until_its_event_would_have_arrived(after: float, wait: float) -> None:
    sender, message = unknown()
    sender.clock.sleep(after)

    assert sender.run(message) == set()

    assert waits(sender) == [pytest.approx(wait, abs=0.02)]
    assert sender.tracking.records["one"].status is Status.SENDING
    assert sender.bus.events == []


def test_while_events_are_unread_it_waits_unpublished() -> None:
    sender, message = unknown()
    sender.clock.sleep(300)
    sender.progress.answers_probes = False

    assert sender.run(message) == set()

    assert waits(sender) == [15]
    assert sender.progress.probes == [NOW + 300]
    assert sender.bus.events == []
    assert sender.log.lines == []


def test_then_it_is_sent_again_and_the_log_says_as_which_attempt() -> None:
    sender, message = unknown()
    sender.clock.sleep(300)
    sender.progress.advance(sender.clock.now())
    sender.clock.sleep(15)

    sender.run(message)

    record = sender.tracking.records["one"]
    assert (record.status, record.attempt, record.lease_until) == (Status.SENT, 2, 0)
    assert sender.log.lines[0] == {
        "level": "WARNING",
        "event": "email.resent_unsettled",
        "email_id": "one",
        "attempt": 2,
    }
    assert sender.metrics.counts["EmailResentUnsettled"] == 1


def test_where_that_is_not_wanted_it_fails_as_unknown() -> None:
    sender, message = unknown(resend_unknown=False)
    sender.clock.sleep(300)
    sender.progress.advance(sender.clock.now())
    sender.clock.sleep(15)

    sender.run(message)

    record = sender.tracking.records["one"]
    assert (record.status, record.attempt, record.error_type) == (Status.FAILED, 1, "outcome_unknown")
    assert len(sender.mailer.accepted) == 1


def test_a_sent_email_has_no_lease() -> None:
    assert Sender().send(emailId="one").lease_until == 0


def test_an_ses_event_between_claim_and_record_is_kept() -> None:
    sender = Sender()
    send = sender.mailer.send
    opened = Entry("opened/1", "2026-11-24T10:31:02.000Z", 1, Status.OPENED)

    def then_opened(raw: bytes, **about: Any) -> str:
        record = sender.tracking.records["one"]
        assert sender.tracking.replace(fold(record, [opened])[0]) is None
        return send(raw, **about)

    sender.mailer.send = then_opened  # type: ignore[method-assign]
    record = sender.send(emailId="one")

    assert record.status is Status.OPENED
    assert (record.sent_at, record.opened_at) == ("2026-11-24T10:31:00.000Z", "2026-11-24T10:31:02.000Z")


def test_a_redelivery_of_a_finished_email_publishes_it_again_for_that_message() -> None:
    sender = Sender()
    message = sender.message(request(emailId="one"))
    sender.run(message)
    sender.bus.refuse = lambda _event: True

    again = msgspec.structs.replace(message, message_id="again")
    assert sender.waits_after(again)


def test_a_redelivery_of_a_deferred_email_writes_nothing_and_publishes_it_again() -> None:
    sender = Sender()
    message = sender.message(request(emailId="one", sendAt="2026-11-24T12:00:00Z"))
    sender.run(message)
    record = sender.tracking.records["one"]
    sender.clock.sleep(5)

    assert sender.run(message) == set()

    assert sender.tracking.records["one"] == record
    assert [event.status for event in sender.bus.events] == ["deferred", "deferred"]
    assert len({event.event_id for event in sender.bus.events}) == 1


def test_what_waits_for_another_reason_says_so() -> None:
    sender = Sender()
    message = sender.message(request(emailId="one", sendAt="2026-11-24T10:32:00Z"))
    sender.run(message)
    sender.clock.sleep(60)
    sender.quota.sent(100_000)

    sender.run(message)

    record: TrackingRecord = sender.tracking.records["one"]
    assert [entry.detail["reason"] for entry in record.history] == ["scheduled", "daily_quota"]
    assert sender.clock.now() == NOW + 60


def test_what_ses_rejects_for_good_fails_with_its_claim_released() -> None:
    sender = Sender()
    sender.mailer.answers = [PermanentError("ses_rejected", "SES error (MessageRejected): no", code="SES002")]
    record = sender.send(emailId="one")

    assert (record.status, record.attempt, record.lease_until) == (Status.FAILED, 1, 0)
    assert [entry.key for entry in record.history] == ["failed/1", "mark/1/00001/sending"]


def test_a_failure_whose_event_is_refused_is_redelivered() -> None:
    sender = Sender()
    sender.mailer.answers = [PermanentError("ses_rejected", "SES error (MessageRejected): no", code="SES002")]
    sender.bus.refuse = lambda event: event.status == "failed"
    message = sender.message(request(emailId="one"))

    assert sender.waits_after(message)


def test_a_failure_over_an_older_record_whose_event_is_refused_is_redelivered() -> None:
    sender = Sender()
    assert sender.send(emailId="one", templateName="none").lease_until == 0
    sender.bus.refuse = lambda event: event.status == "failed"
    message = sender.message(request(emailId="one", templateName="none"))

    assert sender.waits_after(message)
    assert sender.tracking.records["one"].attempt == 2


@pytest.mark.parametrize(("after", "found"), [(LEASE - 1, False), (LEASE + 1, True), (301, True)])
def test_a_claim_whose_worker_is_gone_is_in_the_indexes_once_a_message_meets_it(after: float, found: bool) -> None:
    """`sesmail erase` finds by an index; the message may be lost before the claim is settled."""
    sender, message = unknown()
    sender.progress.answers_probes = False
    assert sender.tracking.latest_to("ada@example.com", 1) == []

    sender.clock.sleep(after)
    for _ in range(2):
        sender.run(message)

    assert bool(sender.tracking.latest_to("ada@example.com", 1)) is found
    assert sender.tracking.records["one"].revision == (2 if found else 1)
    assert len(sender.mailer.accepted) == 1


def test_a_claim_that_was_released_is_in_the_indexes() -> None:
    sender = Sender()
    sender.mailer.answers = [TransientError("SES error (connection)", code="SES009")]
    sender.run(sender.message(request(emailId="one")))

    assert sender.tracking.records["one"].status is Status.SENDING
    assert len(sender.tracking.latest_to("ada@example.com", 1)) == 1


@pytest.mark.parametrize("after", [LEASE + 1, 301])
def test_an_event_that_comes_while_a_claim_is_written_for_the_indexes_settles_it(after: float) -> None:
    sender, message = unknown()
    sender.clock.sleep(after)
    replace = sender.tracking.replace

    def event_comes_first(record: TrackingRecord) -> TrackingRecord | None:
        setattr(sender.tracking, "replace", replace)  # noqa: B010 - a method
        sent = Entry("sent/1", "2026-11-24T10:31:02.000Z", 1, Status.SENT, detail={"sesMessageId": "ses-1"})
        assert replace(fold(record, [sent])[0]) is None
        return replace(record)

    setattr(sender.tracking, "replace", event_comes_first)  # noqa: B010 - a method

    assert sender.run(message) == set()

    assert (len(sender.mailer.accepted), sender.tracking.records["one"].status) == (1, Status.SENT)
    assert waits(sender) == []


def test_one_that_was_cancelled_meanwhile_is_not_reported_as_sent_again() -> None:
    sender, message = unknown()
    sender.run(sender.cancel({"emailId": "one"}))
    sender.clock.sleep(300)
    sender.progress.advance(sender.clock.now())
    sender.clock.sleep(15)

    sender.run(message)

    record = sender.tracking.records["one"]
    assert (record.status, record.attempt, record.error_type) == (Status.FAILED, 1, "cancelled")
    assert len(sender.mailer.accepted) == 1
    assert "EmailResentUnsettled" not in sender.metrics.counts
    assert "email.resent_unsettled" not in [line["event"] for line in sender.log.lines]
