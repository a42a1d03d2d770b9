"""A bug that one message brings out ends the batch: each message is then handled alone, once."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from tools.simulation.feedback import Feedback, delivered
from tools.simulation.poison import POISON, Poisoned


@pytest.mark.parametrize("others", [0, 1, 2])
def test_only_the_message_with_the_bug_is_left_to_sqs(others: int) -> None:
    feedback = Feedback()
    for email_id in (POISON, *(f"email-{number}" for number in range(others))):
        feedback.sent(email_id)
    ports = feedback.ports()
    poisoned = msgspec.structs.replace(ports, tracking=Poisoned(ports.tracking, RuntimeError))
    guilty, *rest = [feedback.message(delivered(email_id=email_id)) for email_id in feedback.tracking.records]

    failed = RecordFeedback(poisoned, feedback.rules)([guilty, *rest], feedback.clock.now() + 15)

    assert set(failed) == {guilty.message_id}
    assert [feedback.record(f"email-{number}").status for number in range(others)] == [Status.DELIVERED] * others
    [line] = [line for line in feedback.log.lines if line["event"] == "feedback.failed"]
    assert type(line["exc_info"]) is RuntimeError
    assert feedback.metrics.counts["RecordFailed"] == 1
