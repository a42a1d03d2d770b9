"""Erased addresses that the suppression list also has, and records that knew them before."""

from __future__ import annotations

import json

import msgspec
import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.cancelling import Cancellations
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.email_request import fingerprint
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


def test_the_id_of_an_erased_person_s_email_stays_bound_to_its_request() -> None:
    sender = Sender()
    erase_ada(sender)
    about = {"emailId": "one", "to": ADA, "templateData": {"userName": "Ada", "companyName": "Northwind"}}
    sender.send(**about)
    sender.clock.sleep(86_400 + 60)

    again, other = sender.message(request(**about)), sender.message(request(**about | {"to": BOB}))
    sender.run(again, other)

    assert sender.tracking.records["one"].error_type == "cancelled"
    conflict = sender.tracking.records[f"email-{json.loads(other.body)['id']}"]
    assert (conflict.error_type, conflict.conflicts_with) == ("duplicate_conflict", "one")
    assert set(sender.tracking.records) == {"one", conflict.email_id}, "the same request is a duplicate, and no more"
    assert sender.metrics.counts["EmailDuplicate"] == 1
    assert sender.mailer.accepted == []


def test_the_record_has_a_keyed_hash_of_the_request_and_not_the_plain_one() -> None:
    sender = Sender()
    erase_ada(sender)

    record = sender.send(emailId="one", to=ADA)

    assert record.fingerprint == f"sha256:{fingerprint(request(emailId='one', to=ADA), 'my.application')}"


@pytest.mark.parametrize("fault", [{"templateName": "no/name"}, {"replyto": BOB}, {"subject": "a\nb"}])
def test_a_rejected_request_of_an_erased_person_is_recorded_without_the_person(fault: dict[str, str]) -> None:
    sender = Sender()
    erase_ada(sender)

    record = sender.send(emailId="one", to=ADA, metadata={"user": "ada@example.com"}, **fault)

    assert (record.status, record.error_type) == (Status.FAILED, "validation_error")
    assert (record.to_email, record.subject, record.metadata) == (None, None, None)
    assert not names_ada(record)


def test_a_rejected_request_with_an_erased_copy_is_recorded_without_that_person() -> None:
    sender = Sender(refuse_unknown_fields=True)
    erase_ada(sender)

    record = sender.send(emailId="one", to=BOB, cc=[ADA, "eve@example.com"], unheardOf=1)

    assert (record.error_type, record.to_email) == ("validation_error", BOB)
    assert set(record.recipients) == {"eve@example.com"}
    assert not names_ada(record)


def test_a_rejected_request_that_was_asked_for_after_the_erasure_is_recorded_whole() -> None:
    sender = Sender()
    erase_ada(sender)
    sender.clock.sleep(86_400 + 60)

    assert sender.send(emailId="one", to=ADA, replyto=BOB).to_email == ADA


def test_a_rejected_request_waits_while_it_is_not_known_who_was_erased() -> None:
    sender = Sender()
    erase_ada(sender)
    sender.control.error = TransientError("no answer", code="AWS006")
    assert sender.waits_after(sender.message(request(emailId="one", to=ADA, replyto=BOB)))

    sender.control.error = None
    sender.run_waiting()

    assert not names_ada(sender.tracking.records["one"])
