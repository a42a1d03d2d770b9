"""Erased addresses that the suppression list also has, and records that knew them before."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.cancelling import Cancellations
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

ADA, BOB = "ada@example.com", "bob@example.com"


def suppressing_ada() -> Sender:
    sender = Sender()
    sender.suppression.list_address(ADA, SuppressionReason.HARD_BOUNCE)
    return sender


def erase_ada(sender: Sender) -> None:
    erased = {f"sha256:{ADA}": NOW + 86_400}
    sender.control.cancellations["*"] = Cancellations(erased=erased)


def names_ada(record: TrackingRecord) -> bool:
    return ADA in msgspec.json.encode(record).decode().casefold()


def test_an_email_whose_suppressed_copy_was_erased_is_sent_and_recorded_as_sent() -> None:
    sender = suppressing_ada()
    erase_ada(sender)

    record = sender.send(emailId="one", to=BOB, cc=[ADA])

    assert (record.status, record.error_type) == (Status.SENT, None)
    assert not names_ada(record)


def test_an_email_whose_suppressed_copy_is_erased_between_two_claims_is_recorded_as_sent() -> None:
    sender = suppressing_ada()
    sender.mailer.answers = [TransientError("throttled", code="SES003")]
    assert sender.run(sender.message(request(emailId="one", to=BOB, cc=[ADA]))) == set()
    assert sender.tracking.records["one"].recipients[ADA].status is Status.FAILED
    erase_ada(sender)

    sender.run_waiting()

    record = sender.tracking.records["one"]
    assert (record.status, record.error_type, record.recipients) == (Status.SENT, None, {})
    assert not names_ada(record)


@pytest.mark.parametrize("fields", [{}, {"expiresAt": utc_text(NOW - 60)}])
def test_a_suppressed_or_expired_recipient_that_was_erased_leaves_a_record_without_the_person(
    fields: dict[str, str],
) -> None:
    sender = suppressing_ada()
    erase_ada(sender)

    record = sender.send(emailId="one", to=ADA, subject="Dear Ada", metadata={"user": "7"}, **fields)

    assert (record.status, record.error_type) == (Status.FAILED, "cancelled")
    assert (record.to_email, record.subject, record.metadata) == (None, None, None)
    assert not names_ada(record)
