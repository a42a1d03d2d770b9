"""Bulk mail's way through the sender when there is little time, or little room."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.email_request import Priority
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender


def test_bulk_mail_is_sent_with_its_content() -> None:
    sender = Sender()
    record = sender.send(emailId="one", priority="bulk")

    assert record.status is Status.SENT
    message = message_from_bytes(sender.mailer.accepted[0].raw, policy=default)
    assert message["Subject"] == "Hello Ada"


def test_what_is_sent_is_counted_for_its_lane_whoever_made_it_bulk() -> None:
    """The alarm on the bulk queue's age reads the one, the alarm on silent feedback the other."""
    sender = Sender()
    sender.control.policies["newsletter"] = ProducerPolicy(priority=Priority.BULK)
    sender.run(
        sender.message(request(emailId="transactional")),
        sender.message(request(emailId="by-request", priority="bulk")),
        sender.message(request(emailId="by-policy"), source="newsletter"),
    )
    assert (sender.metrics.counts["EmailSent"], sender.metrics.counts["BulkEmailSent"]) == (2, 1)

    [(body, _)] = sender.bulk_lane.take()
    sender.run(QueueMessage("by-policy", body))
    assert (sender.metrics.counts["EmailSent"], sender.metrics.counts["BulkEmailSent"]) == (3, 2)


def test_bulk_mail_that_is_held_is_not_counted_as_sent() -> None:
    sender = Sender()
    sender.control.states["my.application"] = SendingState(paused=True, paused_by="operator")
    sender.run(sender.message(request(priority="bulk")))

    assert "BulkEmailSent" not in sender.metrics.counts


def test_bulk_mail_without_a_send_time_before_the_deadline_is_requeued_unpublished() -> None:
    sender = Sender()
    sender.bucket.empty_at["pacer#all"] = NOW + 120

    sender.run(sender.message(request(emailId="one", priority="bulk")), seconds=30)

    assert sender.mailer.accepted == []
    assert sender.clock.now() <= NOW + 20
    assert "one" not in sender.tracking.records
    [(_, delay)] = sender.bulk_waiting.messages
    assert 1 <= delay <= 10
    assert sender.waiting.messages == []


def test_the_last_ten_seconds_are_kept_free_for_sending() -> None:
    for lane in ("transactional", "bulk"):
        sender = Sender()
        sender.quota.value = None  # 0.95 a second
        sender.bucket.empty_at["pacer#all"] = NOW + 19.5

        sender.run(sender.message(request(emailId="one", priority=lane)), seconds=30)

        assert sender.mailer.accepted == [], lane
