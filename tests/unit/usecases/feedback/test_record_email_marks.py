"""Which entries of a redirected email are marked: those that would count or suppress."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.record.tracking import REDIRECTED
from tests.unit.usecases.feedback.test_record_email_redirected import MAILBOX, of_mailbox, redirected
from tools.simulation.feedback import Feedback, bounced, complained, delivered


@pytest.mark.parametrize(
    ("event", "mark"),
    [(bounced(who=MAILBOX), REDIRECTED), (complained(), REDIRECTED), (delivered(MAILBOX), None)],
    ids=["bounce", "complaint", "delivery"],
)
def test_a_bounce_or_complaint_is_marked_and_a_delivery_is_not(event: dict[str, object], mark: str | None) -> None:
    feedback = Feedback()
    redirected(feedback)
    feedback.run(feedback.message(of_mailbox(event)))
    assert feedback.record().history[-1].what == mark
