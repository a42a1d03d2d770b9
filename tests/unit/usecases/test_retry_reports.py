"""What the feedback processor says of a retry that it cannot schedule."""

from __future__ import annotations

import msgspec

from sesmail_layer.domain.record.statuses import Status
from tests.unit.usecases.feedback.test_batch_reports import slow
from tests.unit.usecases.test_retry import ID, Engine
from tools.simulation.feedback import JOHN, soft


def test_a_retry_for_which_no_time_is_left_is_reported_and_its_event_waits() -> None:
    engine = Engine()
    engine.send()
    engine.sender.send(emailId="email-2", to=JOHN)
    engine.pending.get = slow(engine.feedback, engine.pending.get, 7)  # type: ignore[method-assign]
    messages = [engine.feedback.message(soft(email_id=email_id)) for email_id in (ID, "email-2")]
    assert engine.feedback.run(*messages) == set()

    [line] = [line for line in engine.feedback.log.lines if line.get("code")]
    assert (line["code"], line["message"]) == ("FBK005", "Failed to schedule retry: no time left in this batch")
    assert len(engine.waiting.messages) == len(engine.feedback.again.messages) == 1


def test_a_kept_request_that_cannot_be_read_is_reported_and_deleted() -> None:
    engine = Engine()
    engine.send()
    kept, *rest = engine.pending.kept[ID]
    engine.pending.kept[ID] = (msgspec.structs.replace(kept, packed=b"{"), *rest)  # type: ignore[assignment]
    assert engine.receive(soft()) == set()

    [line] = [line for line in engine.feedback.log.lines if line["event"] == "request.unreadable"]
    assert (line["level"], line["email_id"]) == ("ERROR", ID)
    assert line["message"].startswith("Kept request: ")
    assert engine.pending.kept == {}
    assert engine.status == (Status.SOFT_BOUNCED, 1)
