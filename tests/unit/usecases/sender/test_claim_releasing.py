"""Claims under which SES got nothing: however many a wait ends in, the record stays small and says what is true."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.aws.tracking_table import write_record
from sesmail_layer.domain.errors import HoldError, PausedBySes, RateLimited, TransientError
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.template.templates import TemplateError
from tools.simulation.fakes import request
from tools.simulation.sender import Sender
from tools.simulation.units import item_bytes

PAUSED = PausedBySes(300, message="SES error (AccountSendingPaused): no", code="SES004")
REFUSED = TransientError("SES error (connection): refused", code="SES009")


@pytest.mark.parametrize(
    ("answer", "waits_as"), [(PAUSED, Status.DEFERRED), (RateLimited(3), Status.SENDING), (REFUSED, Status.SENDING)]
)
def test_a_hundred_released_claims_are_one_entry(answer: HoldError | TransientError, waits_as: Status) -> None:
    sender = Sender()
    sender.mailer.answers = [answer] * 100
    sender.send(emailId="one")
    sizes = set()
    for _ in range(99):
        sender.run_waiting()
        record = sender.tracking.records["one"]
        sizes.add(len(record.history))
        assert (record.status, record.attempt, record.lease_until) == (waits_as, 1, 0)
    assert len(sizes) == 1
    assert item_bytes(write_record(record)) < 1024
    sender.run_waiting()

    record = sender.tracking.records["one"]
    assert record.status is Status.SENT
    assert [entry.status for entry in record.history].count(Status.SENDING) == 2
    assert sender.bus.statuses("one")[-1] == "sent"


def test_an_attempt_after_a_failed_one_is_not_lost_with_its_claim() -> None:
    sender = Sender()
    sender.templates.error = TemplateError("template_not_found", "Template 'welcome' not found", code="TMPL001")
    sender.send(emailId="one")
    sender.templates.error = None
    sender.mailer.answers = [RateLimited(3)] * 4
    sender.run(sender.message(request(emailId="one")))
    for _ in range(4):
        sender.run_waiting()

    record = sender.tracking.records["one"]
    assert (record.status, record.attempt) == (Status.SENT, 2)
    assert len(sender.mailer.accepted) == 1


@pytest.mark.parametrize("answer", [PAUSED, RateLimited(3)])
def test_a_wait_for_another_reason_after_a_released_claim_is_published(answer: HoldError) -> None:
    sender = Sender()
    sender.mailer.answers = [PAUSED, answer]
    sender.send(emailId="one")
    sender.run_waiting()
    sender.control.states["my.application"] = SendingState(paused=True, paused_by="operator")
    sender.run_waiting()
    sender.run_waiting()

    published = [(event.status, event.reason, event.previous_status) for event in sender.bus.events]
    assert published == [("deferred", "sending_paused", "sending"), ("deferred", "paused", "deferred")]
    assert sender.tracking.records["one"].defer_reason == "paused"


def test_a_worker_that_stops_before_it_releases_its_claim_leaves_one_of_unknown_outcome() -> None:
    sender = Sender()
    sender.mailer.answers = [PAUSED] * 2
    sender.send(emailId="one")
    replace = sender.tracking.replace

    def killed_at_the_release(record: TrackingRecord) -> TrackingRecord | None:
        if not record.lease_until:
            raise KeyboardInterrupt
        return replace(record)

    sender.tracking.replace = killed_at_the_release  # type: ignore[method-assign]
    waiting = list(sender.waiting.messages)
    with pytest.raises(KeyboardInterrupt):
        sender.run_waiting()
    sender.tracking.replace = replace  # type: ignore[method-assign]
    record = sender.tracking.records["one"]
    claims = [entry for entry in record.history if entry.status is Status.SENDING]
    assert (record.status, len(claims)) == (Status.SENDING, 2)
    assert record.lease_until > sender.clock.now()

    sender.waiting.messages = waiting
    sender.run_waiting()
    assert sender.mailer.accepted == []  # It is settled first, counted from the second claim.
    sender.clock.sleep(300)
    sender.progress.advance(sender.clock.now())
    sender.clock.sleep(15)
    sender.run_waiting()
    record = sender.tracking.records["one"]
    assert (record.status, record.attempt, len(sender.mailer.accepted)) == (Status.SENT, 2, 1)


def test_a_claim_of_another_worker_is_not_released_with_an_older_one() -> None:
    sender = Sender()
    record = sender.send(emailId="one")
    mine, theirs = (msgspec.structs.replace(record, lease_until=until) for until in (5.0, 9.0))

    assert theirs.released(mine, unsent=True) is theirs
    assert mine.released(mine, unsent=True).lease_until == 0
