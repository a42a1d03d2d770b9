"""The latest attempt ends with an earlier one's acceptance, and nothing of what the id has is lost."""

from __future__ import annotations

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.template.templates import TemplateError
from sesmail_layer.domain.times import utc_text
from tests.unit.usecases.sender.test_claim_late_events import (
    AGAIN,
    event_of_the_first_attempt,
    sent_twice_without_an_answer,
)
from tools.simulation.fakes import request
from tools.simulation.sender import Sender


def accepted_at_first() -> Sender:
    """Return a sender whose email SES accepted at the first of two attempts, as its event says."""
    sender = sent_twice_without_an_answer(AGAIN["unknown"])
    event_of_the_first_attempt(sender, Status.SENT)
    sender.clock.sleep(300)
    sender.progress.advance(sender.clock.now())
    sender.clock.sleep(15)
    sender.waiting.take()
    return sender


def test_it_is_recorded_at_once_with_the_time_at_which_it_was_found() -> None:
    sender = accepted_at_first()
    assert sender.run(sender.message(request(emailId="one"), event_id="event-1")) == set()

    record = sender.tracking.records["one"]
    [sent] = [entry for entry in record.history if entry.key == "sent/2"]
    assert (sent.at, sent.attempt) == (utc_text(sender.clock.now()), 2)
    assert record.lease_until == 0
    assert sender.waiting.messages == []


def test_where_another_worker_writes_first_it_looks_again_after_a_second() -> None:
    sender = accepted_at_first()

    def beaten(_record: TrackingRecord) -> TrackingRecord:
        return sender.tracking.records["one"]

    sender.tracking.replace = beaten  # type: ignore[method-assign,assignment]
    sender.run(sender.message(request(emailId="one"), event_id="event-1"))
    assert [delay for _, delay in sender.waiting.messages] == [1]


def test_a_conflict_is_the_first_attempt_of_its_own_record() -> None:
    sender = Sender()
    sender.send(emailId="order-1")
    sender.run(sender.message(request(emailId="order-1", to="eve@example.com"), event_id="xyz"))
    record = sender.tracking.records["email-xyz"]
    assert [(entry.key, entry.attempt) for entry in record.history] == [("failed/1", 1)]


def test_a_redelivery_that_fails_leaves_the_request_that_is_kept_of_the_email() -> None:
    sender = Sender()
    sender.send(emailId="one")
    sender.templates.error = TemplateError("template_not_found", "Template 'welcome' not found", code="TMPL001")
    sender.run(sender.message(request(emailId="one")))
    assert sender.tracking.records["one"].status is Status.SENT
    assert list(sender.pending.kept) == ["one"]
