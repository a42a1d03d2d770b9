"""When an email is still sent and when it waits, to the moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tools.simulation.fakes import NOW, FakeTrackingTable, request
from tools.simulation.sender import Sender

# Of an invocation of 30 seconds, the last ten are for recording.
LAST_SEND = NOW + 20
LONGEST = 14.0


class Busy(Sender):
    """A sender whose other emails hold the bytes that this one needs, and whose table is slow to create a record."""

    def __init__(self, bytes_free_at: float = NOW, claim_seconds: float = 0) -> None:
        super().__init__()
        self.weighed: list[int] = []
        self.tracking = SlowTable(self, claim_seconds)
        ports, free = self.ports(), bytes_free_at

        @contextmanager
        def bytes_in_flight(size: int) -> Iterator[None]:
            self.weighed.append(size)
            self.clock.sleep(free - self.clock.now())
            yield

        self.ports = lambda: msgspec.structs.replace(ports, bytes_in_flight=bytes_in_flight)  # type: ignore[method-assign]


class SlowTable(FakeTrackingTable):
    def __init__(self, sender: Sender, seconds: float) -> None:
        super().__init__()
        self._sender, self._seconds = sender, seconds

    def create(self, record: TrackingRecord) -> TrackingRecord | None:
        self._sender.clock.sleep(self._seconds)
        return super().create(record)


@pytest.mark.parametrize(("late", "sent"), [(0, True), (1, True), (1.001, False)])
def test_an_email_that_waited_for_the_bytes_of_others_is_sent_up_to_a_second_late(late: float, sent: bool) -> None:
    sender = Busy(bytes_free_at=LAST_SEND + late)
    sender.run(sender.message(request(emailId="one")))

    assert [mail.at for mail in sender.mailer.accepted] == ([LAST_SEND + late] if sent else [])
    assert ("one" in sender.tracking.records) is sent
    assert [1 <= delay <= 10 for _, delay in sender.waiting.messages] == ([] if sent else [True])


def test_an_email_holds_the_bytes_that_its_preparation_found() -> None:
    sender = Busy()
    sender.run(sender.message(request(emailId="one")))

    assert sender.weighed == [len("<p>Hello Ada</p>Hello Ada")]


@pytest.mark.parametrize(("seconds", "sent"), [(2, True), (2.011, False)])
def test_a_claim_may_take_two_seconds_where_the_call_may_outlast_the_invocation(seconds: float, sent: bool) -> None:
    sender = Busy(bytes_free_at=NOW + 20, claim_seconds=seconds)
    sender.mailer.longest = LONGEST + 1
    sender.mailer.answers.append(OutcomeUnknownError("ReadTimeoutError"))
    sender.run(sender.message(request(emailId="one")))

    record = sender.tracking.records["one"]
    assert record.status is Status.SENDING
    assert record.lease_until == (pytest.approx(NOW + 20 + 2 + LONGEST + 1, abs=0.01) if sent else 0)
    assert [1 <= delay <= 10 for _, delay in sender.waiting.messages] == ([False] if sent else [True])


def test_a_lease_ends_five_seconds_after_the_invocation_at_the_earliest() -> None:
    sender = Busy(bytes_free_at=NOW + 19)
    sender.mailer.answers.append(OutcomeUnknownError("ReadTimeoutError"))
    sender.run(sender.message(request(emailId="one")))

    assert NOW + 35 == NOW + 19 + 2 + LONGEST
    assert sender.tracking.records["one"].lease_until == pytest.approx(NOW + 35, abs=0.01)


def test_without_an_email_to_send_no_quota_is_read() -> None:
    sender, reads = Sender(), list[None]()
    read = sender.quota.read_quota
    sender.quota.read_quota = lambda: reads.append(None) or read()  # type: ignore[method-assign,func-returns-value]

    sender.run(sender.message(request(to="nobody")))
    assert reads == []
    sender.send()
    assert reads == [None]
