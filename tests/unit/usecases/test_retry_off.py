"""An operator who wants no retries of soft bounces gets none, not even of requests that were kept before."""

from __future__ import annotations

from sesmail_layer.domain.record.statuses import Status
from tools.simulation.feedback import JOHN, Feedback, soft
from tools.simulation.sender import Sender


def test_a_soft_bounce_is_not_retried_once_retries_are_off() -> None:
    sender = Sender()
    sender.send(emailId="email-1", to=JOHN)
    assert "email-1" in sender.pending.kept
    feedback = Feedback(soft_bounce_retries=0)
    for name in ("clock", "tracking", "pending", "waiting"):
        setattr(feedback, name, getattr(sender, name))

    assert feedback.run(feedback.message(soft())) == set()
    assert sender.waiting.messages == []
    assert sender.tracking.records["email-1"].status is Status.SOFT_BOUNCED
