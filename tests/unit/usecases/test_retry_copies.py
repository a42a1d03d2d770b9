"""An email with copies is never sent again, so its request is neither kept nor deleted."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import RecipientState
from tools.simulation.feedback import JANE, Feedback, delivered


def test_a_delivery_deletes_only_a_request_that_may_have_been_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deletion costs a write unit, also where there is nothing."""
    feedback = Feedback()
    forgotten: list[str] = []
    monkeypatch.setattr(feedback.pending, "forget", forgotten.extend)
    feedback.sent("with-a-copy", recipients={JANE: RecipientState(status=Status.SENDING, type="cc")})
    feedback.sent("alone")

    for email_id in ("with-a-copy", "alone"):
        feedback.run(feedback.message(delivered(email_id=email_id)))

    assert forgotten == ["alone"]
