"""One id, one email: duplicates, conflicts, and what may be sent again."""

from __future__ import annotations

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import request
from tools.simulation.sender import Sender


def test_the_same_id_with_the_same_request_is_sent_once() -> None:
    sender = Sender()

    sender.send(emailId="order-1")
    sender.send(emailId="order-1")

    assert len(sender.mailer.accepted) == 1
    assert sender.metrics.counts["EmailDuplicate"] == 1
    assert len(sender.bus.events) == 1


def test_the_same_id_with_another_request_is_a_conflict_and_leaves_the_first_alone() -> None:
    sender = Sender()
    first = sender.send(emailId="order-1")

    sender.run(sender.message(request(emailId="order-1", to="eve@example.com"), event_id="xyz"))

    assert sender.tracking.records["order-1"] == first
    conflict = sender.tracking.records["email-xyz"]
    assert (conflict.error_type, conflict.conflicts_with) == ("duplicate_conflict", "order-1")
    event = sender.bus.events[-1]
    assert (event.conflicts_with, event.to_email, event.recipient_type) == ("order-1", "eve@example.com", None)
    assert sender.log.codes() == ["DUP001"]
    assert len(sender.mailer.accepted) == 1


def test_an_email_that_failed_before_ses_may_be_sent_again_under_its_id() -> None:
    sender = Sender()
    failed = sender.send(emailId="order-1", templateName="later", templateData={})
    assert failed.error_type == "template_not_found"
    sender.templates.add("later", "<p>x</p>", "x", {"subject": "Later"})

    record = sender.send(emailId="order-1", templateName="later", templateData={})

    assert (record.status, record.attempt) == (Status.SENT, 2)
    assert record.error_type is None
    assert record.original_email_id == "order-1"
    assert sender.bus.statuses("order-1") == ["failed", "sent"]


def test_a_corrected_request_may_use_the_id_of_the_rejected_one() -> None:
    sender = Sender()
    sender.send(emailId="order-1", to="nonsense")

    record = sender.send(emailId="order-1")

    assert (record.status, record.to_email) == (Status.SENT, "ada@example.com")


def test_a_redelivered_message_publishes_the_same_event_again_and_sends_nothing() -> None:
    sender = Sender()
    message = sender.message(request(emailId="order-1"))
    sender.bus.refuse = lambda _event: True
    assert sender.waits_after(message)
    sender.bus.refuse = lambda _event: False

    assert sender.run(message) == set()

    assert len(sender.mailer.accepted) == 1
    assert sender.bus.statuses("order-1") == ["sent"]


def test_a_failed_status_event_is_published_again_after_a_redelivery() -> None:
    sender = Sender()
    message = sender.message(request(emailId="order-1", templateName="unknown"))
    sender.bus.refuse = lambda _event: True
    assert sender.waits_after(message)
    sender.bus.refuse = lambda _event: False

    assert sender.run(message) == set()

    assert sender.bus.statuses("order-1") == ["failed"]
    assert sender.tracking.records["order-1"].attempt == 1


def test_a_failure_that_was_not_published_is_published_by_the_next_request_of_its_id() -> None:
    sender = Sender()
    sender.suppression.list_address("ada@example.com", SuppressionReason.MANUAL)
    sender.bus.refuse = lambda event: event.attempt == 1
    sender.run(sender.message(request(emailId="one")))
    sender.bus.refuse = lambda _event: False

    sender.run(sender.message(request(emailId="one")))

    assert sorted((event.status, event.attempt) for event in sender.bus.events) == [("failed", 1), ("failed", 2)]
