"""The metric that says how often providers reject the sender."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.record.statuses import Status
from tools.simulation.feedback import Feedback, bounced


@pytest.mark.parametrize(
    ("kind", "status", "counted"),
    [
        ("Permanent", "5.7.1", 1),
        ("Transient", "5.1.8", 1),
        ("Undetermined", "5.7.515", 1),
        ("Transient", "4.1.8", 1),
        ("Transient", "4.7.1", 0),
        ("Transient", "4.2.2", 0),
        ("Permanent", "5.1.1", 0),
    ],
)
def test_every_rejection_of_the_sender_is_counted_also_a_temporary_one(kind: str, status: str, counted: int) -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.run(feedback.message(bounced(kind, status=status)))

    assert feedback.metrics.counts.get("SenderRefused", 0) == counted


def test_the_same_rejection_again_counts_once() -> None:
    feedback = Feedback()
    feedback.sent()
    for receives in (1, 2):
        feedback.run(feedback.message(bounced(status="5.7.1"), receives=receives))

    assert feedback.metrics.counts["SenderRefused"] == 1


@pytest.mark.parametrize(("kind", "status"), [("Permanent", Status.BOUNCED), ("Transient", Status.SOFT_BOUNCED)])
def test_a_rejected_sender_suppresses_no_address_and_is_not_retried(kind: str, status: Status) -> None:
    feedback = Feedback(soft_bounce_threshold=2)
    for number in range(4):
        feedback.sent(f"email-{number}", second=number)
        feedback.run(feedback.message(bounced(kind, status="5.7.515", email_id=f"email-{number}")))

    assert feedback.suppression.entries == {}
    assert feedback.waiting.messages == []
    assert {record.status for record in feedback.tracking.records.values()} == {status}


def test_a_deferred_sender_suppresses_no_address() -> None:
    feedback = Feedback(soft_bounce_threshold=2)
    for number in range(4):
        feedback.sent(f"email-{number}", second=number)
        feedback.run(feedback.message(bounced("Transient", status="4.7.650", email_id=f"email-{number}")))

    assert feedback.suppression.entries == {}
