"""What a producer's policy makes bulk is forwarded to the bulk queue: one call for a batch, and no receive spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.email_request import Priority
from tools.simulation.fakes import FakeDelayQueue, request
from tools.simulation.sender import Sender


class HalfOpenQueue(FakeDelayQueue):
    """Rejects every second message of its first call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []

    def put_all(self, messages: Sequence[tuple[str, float]]) -> Mapping[int, TransientError]:
        self.calls.append(len(messages))
        if len(self.calls) > 1:
            return super().put_all(messages)
        super().put_all(messages[::2])
        return {
            index: TransientError("Failed to forward", code="QUE002") for index in range(len(messages)) if index % 2
        }


def test_ten_emails_take_one_call_and_those_that_failed_wait_and_are_tried_again() -> None:
    sender = Sender()
    sender.control.policies["my.application"] = ProducerPolicy(priority=Priority.BULK)
    queue = sender.bulk_lane = HalfOpenQueue()
    emails = [request(emailId=f"m-{number}", to=f"m-{number}@example.org") for number in range(10)]

    assert sender.run(*map(sender.message, emails)) == set()

    assert (queue.calls, len(queue.messages), len(sender.bulk_waiting.messages)) == ([10], 5, 5)
    assert all(2 <= delay <= 60 for _, delay in sender.bulk_waiting.messages)

    sender.run_waiting()
    assert (sum(queue.calls), len(queue.messages), len(sender.bulk_waiting.messages)) == (15, 10, 0)
    sender.bulk_waiting.messages = queue.take()
    sender.run_waiting()
    assert {record.status for record in sender.tracking.records.values()} == {Status.SENT}
    assert len(sender.tracking.records) == 10
