"""When an email is still sent and when it waits, to the moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tools.simulation.attachments import FakeAttachments
from tools.simulation.fakes import NOW, FakeTrackingTable, request
from tools.simulation.sender import Sender

LONGEST = 14.0
# Of an invocation of 30 seconds, four are kept free beyond the longest call to SES.
LAST_SEND = NOW + 30 - 4 - LONGEST


class Busy(Sender):
    """A sender whose other emails hold the bytes that this one needs, and whose table is slow to create a record."""

    def __init__(self, bytes_free_at: float = NOW, claim_seconds: float = 0, file_seconds: float = 0) -> None:
        super().__init__()
        self.attachments = SlowFiles(self, file_seconds)
        self.mailer.longest = LONGEST
        self.weighed: list[int] = []
        self.tracking = SlowTable(self, claim_seconds)
        ports, free = self.ports(), bytes_free_at

        @contextmanager
        def bytes_in_flight(size: int) -> Iterator[None]:
            self.weighed.append(size)
            self.clock.sleep(free - self.clock.now())
            yield

        self.ports = lambda: msgspec.structs.replace(ports, bytes_in_flight=bytes_in_flight)  # type: ignore[method-assign]


class SlowFiles(FakeAttachments):
    """An attachment that takes some time to read."""

    def __init__(self, sender: Sender, seconds: float) -> None:
        super().__init__()
        self.objects["s3://files/a.pdf"] = b"a"
        self._sender, self._seconds = sender, seconds

    def read(self, s3_uri: str, field: str, max_bytes: int) -> bytes:
        self._sender.clock.sleep(self._seconds)
        return super().read(s3_uri, field, max_bytes)


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


@pytest.mark.parametrize(("seconds", "sent"), [(2, True), (2.001, False)])
def test_a_claim_may_take_two_seconds_of_what_is_kept_free_after_the_call(seconds: float, sent: bool) -> None:
    sender = Busy(bytes_free_at=LAST_SEND + 1, claim_seconds=seconds)
    sender.mailer.answers.append(OutcomeUnknownError("ReadTimeoutError"))
    sender.run(sender.message(request(emailId="one")))

    record = sender.tracking.records["one"]
    assert record.status is Status.SENDING
    assert record.lease_until == (pytest.approx(NOW + 35, abs=0.01) if sent else 0)
    assert [1 <= delay <= 10 for _, delay in sender.waiting.messages] == ([False] if sent else [True])


@pytest.mark.parametrize(("seconds", "sent"), [(11, True), (11.5, False), (12, True), (14, True)])
def test_a_message_that_takes_a_whole_invocation_to_compose_is_sent_late_and_any_other_in_the_next_one(
    seconds: float, sent: bool
) -> None:
    sender = Busy(bytes_free_at=NOW + 3, file_seconds=seconds)
    sender.control.policies["my.application"] = ProducerPolicy(attachment_prefixes=["s3://files/"])
    sender.mailer.answers.append(OutcomeUnknownError("ReadTimeoutError"))
    sender.run(sender.message(request(emailId="one", attachments=[{"filename": "a.pdf", "s3Uri": "s3://files/a.pdf"}])))

    assert ("one" in sender.tracking.records) is sent
    if sent:
        assert sender.tracking.records["one"].lease_until >= sender.clock.now() + LONGEST


def test_without_an_email_to_send_no_quota_is_read() -> None:
    sender, reads = Sender(), list[None]()
    read = sender.quota.read_quota
    sender.quota.read_quota = lambda: reads.append(None) or read()  # type: ignore[method-assign,func-returns-value]

    sender.run(sender.message(request(to="nobody")))
    assert reads == []
    sender.send()
    assert reads == [None]
