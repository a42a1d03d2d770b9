"""First contacts that are taken and given back, and what was counted before."""

from __future__ import annotations

from typing import Any

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_text
from tests.unit.usecases.sender.test_producer_guard_caps import sender_with
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

CONTACTS = "contacts#my.application#2026-11-24T10"


def run(sender: Sender, **emails: dict[str, Any]) -> None:
    sender.run(*(sender.message(request(emailId=name, **fields)) for name, fields in emails.items()))


def test_what_a_held_email_does_not_take_is_given_back() -> None:
    sender, control = sender_with(first_contacts_per_hour=3)
    copies = [f"c{number}@example.com" for number in range(2)]
    run(sender, small={"to": "a@example.com"}, large={"to": "b@example.com", "cc": copies})

    assert [mail.recipients for mail in sender.mailer.accepted] == [["a@example.com"]]
    assert control.counters == {CONTACTS: 1}


def test_nothing_is_given_back_where_all_are_taken() -> None:
    sender, control = sender_with(first_contacts_per_hour=3)
    given_back: list[tuple[Any, ...]] = []
    control.give_back = lambda *taken: given_back.append(taken)  # type: ignore[method-assign]
    run(sender, one={"to": "a@example.com"}, two={"to": "b@example.com"})
    assert (control.counters, given_back) == ({CONTACTS: 2}, [])


def test_an_email_whose_contacts_are_counted_goes_with_one_that_has_new_ones() -> None:
    sender, control = sender_with(first_contacts_per_hour=5, emails_per_day=1)
    run(sender, one={"to": "a@example.com"}, two={"to": "b@example.com"})
    [(waiting, _)] = sender.waiting.take()
    control.policies["my.application"] = ProducerPolicy(first_contacts_per_hour=5, emails_per_day=5)
    sender.run(QueueMessage("again", waiting), sender.message(request(emailId="three", to="c@example.com")))

    assert {mail.recipients[0] for mail in sender.mailer.accepted} == {
        "a@example.com",
        "b@example.com",
        "c@example.com",
    }
    assert control.counters[CONTACTS] == 3


def test_an_email_that_ses_has_is_not_counted_though_its_claim_is_not_in_its_record() -> None:
    sender, control = sender_with(emails_per_day=5)
    at = utc_text(NOW)
    sender.tracking.records["one"] = TrackingRecord(
        email_id="one",
        status=Status.SENT,
        attempt=1,
        timestamp=at,
        date_partition=at[:10],
        ttl=1,
        ses_message_id="ses-one",
        original_source="my.application",
    )
    run(sender, one={})
    assert control.counters == {}
