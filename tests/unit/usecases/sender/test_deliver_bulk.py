"""Bulk mail's way through the sender when there is little time, or little room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email import message_from_bytes
from email.policy import default

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.pacing import Reservation
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.email_request import Priority
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.control_fakes import FakeBucket
from tools.simulation.fakes import NOW, one_after_another, request
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


def test_who_sends_gives_the_metrics_of_alarms_a_first_value() -> None:
    """CloudWatch fills the gaps of a metric, and nothing where there has never been a value."""
    sender = Sender()
    sender.send(emailId="one")
    counts = sender.metrics.counts
    assert {name: counts[name] for name in counts.keys() & {"BulkEmailSent", "FeedbackRecorded"}} == {
        "BulkEmailSent": 0,
        "FeedbackRecorded": 0,
    }


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


def bulk(sender: Sender, number: int) -> QueueMessage:
    return sender.message(request(emailId=f"bulk-{number}", to=f"u{number}@example.com", priority="bulk"))


def test_of_a_mixed_batch_bulk_mail_is_sent_last_whatever_the_order() -> None:
    sender = Sender()
    sender.bucket.empty_at["pacer#all"] = NOW + 5  # The transactional email waits for its own place.
    messages = [bulk(sender, 1), sender.message(request(emailId="reset", to="reset@example.com")), bulk(sender, 2)]

    assert sender.run(*messages) == set()

    assert [mail.recipients for mail in sender.mailer.accepted] == [
        ["reset@example.com"],
        ["u1@example.com"],
        ["u2@example.com"],
    ]


def test_a_batch_is_sent_side_by_side_in_chunks_of_half_a_second_s_rate() -> None:
    sender = Sender(max_send_rate=10, rate_utilisation=0.8)
    sizes: list[int] = []

    def run_all(steps: Sequence[Callable[[], object]]) -> None:
        sizes.append(len(steps))
        one_after_another(steps)

    ports = msgspec.structs.replace(sender.ports(), run_all=run_all)
    batch = [bulk(sender, number) for number in range(10)]
    assert SendEmails(ports, sender.rules)(batch, sender.clock.now() + 30) == set()

    assert sizes == [4, 4, 2]
    assert len(sender.mailer.accepted) == 10


def test_what_the_batch_has_no_time_for_any_more_waits_on_its_lanes_queue() -> None:
    sender = Sender(max_send_rate=1, rate_utilisation=1)
    batch = [bulk(sender, number) for number in range(10)]

    assert sender.run(*batch, seconds=15) == set()

    sent = len(sender.mailer.accepted)
    assert 1 <= sent <= 6
    assert len(sender.bulk_waiting.messages) == 10 - sent
    assert all(1 <= delay <= 10 for _, delay in sender.bulk_waiting.messages)
    assert len(sender.tracking.records) == sent


def test_when_the_bucket_fails_between_two_chunks_the_rest_is_retried_and_nothing_is_sent_twice() -> None:
    class FailsLater(FakeBucket):
        def advance(self, name: str, cost_seconds: float, *, floor: float, latest_start: float) -> Reservation:
            if self.updates == 2:
                raise TransientError("ProvisionedThroughputExceededException", code="AWS006")
            return super().advance(name, cost_seconds, floor=floor, latest_start=latest_start)

    sender = Sender(max_send_rate=10, rate_utilisation=0.8)
    sender.bucket = FailsLater()

    assert sender.run(*[bulk(sender, number) for number in range(10)]) == set()

    assert len(sender.mailer.accepted) == 4
    assert len(sender.bulk_waiting.messages) == 6
    assert all(2 <= delay <= 60 for _, delay in sender.bulk_waiting.messages)
    sender.bucket = FakeBucket()
    sender.run_waiting()
    assert sorted(mail.recipients[0] for mail in sender.mailer.accepted) == sorted(
        f"u{number}@example.com" for number in range(10)
    )
