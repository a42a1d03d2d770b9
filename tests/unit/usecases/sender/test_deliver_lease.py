"""A claim's lease covers the call to SES, its time-outs included: no other worker may send while it is open."""

from __future__ import annotations

import pytest

from sesmail_layer.aws.clients import SIZE_CLASSES, SizeClass
from sesmail_layer.domain.errors import OutcomeUnknownError
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tools.simulation.fakes import NOW, FakeTrackingTable, request
from tools.simulation.sender import Sender

# The least, the default and the most of `email_sender_timeout`.
SECONDS = (10.0, 30.0, 60.0)


def last_send(seconds: float, longest: float) -> float:
    return NOW + min(seconds - 4 - longest, max(seconds - 10, min(5, seconds / 2)))


@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("size_class", SIZE_CLASSES)
@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
def test_a_call_that_times_out_ends_within_its_invocation(seconds: float, size_class: SizeClass, late: bool) -> None:
    sender, longest = Sender(), size_class.within(seconds).call_seconds
    sender.mailer.longest = sender.mailer.seconds = longest
    sender.mailer.answers.append(OutcomeUnknownError("ReadTimeoutError"))
    if late:
        sender.bucket.empty_at["pacer#all"] = last_send(seconds, longest) - 0.01

    assert sender.run(sender.message(request(emailId="one")), seconds=seconds) == set()

    assert sender.clock.now() - longest == pytest.approx(last_send(seconds, longest) - 0.01 if late else NOW)
    assert sender.clock.now() <= NOW + seconds - 3
    assert sender.tracking.records["one"].lease_until >= NOW + seconds + 5


@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("size_class", SIZE_CLASSES)
def test_nothing_is_reserved_that_would_be_sent_too_late(seconds: float, size_class: SizeClass) -> None:
    sender = Sender()
    sender.mailer.longest = size_class.within(seconds).call_seconds
    turn = sender.bucket.empty_at["pacer#all"] = last_send(seconds, sender.mailer.longest) + 0.01

    assert sender.run(sender.message(request(emailId="one")), seconds=seconds) == set()

    assert [1 <= delay <= 10 for _, delay in sender.waiting.messages] == [True]
    assert sender.bucket.empty_at["pacer#all"] == turn


@pytest.mark.parametrize("longest", [14.0])
def test_a_lease_lasts_as_long_as_the_invocation_where_that_is_longer(longest: float) -> None:
    sender = Sender()
    sender.mailer.longest = longest
    sender.mailer.answers.append(OutcomeUnknownError("ReadTimeoutError"))

    sender.run(sender.message(request(emailId="one")), seconds=30)

    assert sender.tracking.records["one"].lease_until == pytest.approx(NOW + 35, abs=0.01)


class SlowTable(FakeTrackingTable):
    def __init__(self, sender: Sender, seconds: float) -> None:
        super().__init__()
        self._sender = sender
        self._seconds = seconds

    def create(self, record: TrackingRecord) -> TrackingRecord | None:
        self._sender.clock.sleep(self._seconds)
        return super().create(record)


def test_an_email_whose_claim_took_too_long_is_not_sent_but_waits() -> None:
    sender = Sender()
    sender.tracking = SlowTable(sender, seconds=9)
    sender.bucket.empty_at["pacer#all"] = last_send(30, sender.mailer.longest) - 0.01

    assert sender.run(sender.message(request(emailId="one"))) == set()
    assert len(sender.waiting.messages) == 1

    assert sender.mailer.accepted == []
    record = sender.tracking.records["one"]
    assert (record.status, record.lease_until) == (Status.SENDING, 0)
