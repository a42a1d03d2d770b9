"""What a job's record says of a rejected request's tags, and of an email that is not sent."""

from __future__ import annotations

from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.sender.job import Email
from tests.unit.usecases.sender.test_job import email, received_body, rejected
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender


def test_a_rejected_request_keeps_the_first_five_of_its_tags_that_are_names() -> None:
    assert rejected(request(tags=["a", "b", "c", "d", "e", "f"])).facts["tags"] == ["a", "b", "c", "d", "e"]
    assert rejected(request(tags=["a", "b c", 7])).facts["tags"] == ["a"]
    assert rejected(request(tags="eu")).facts["tags"] == []


def test_an_email_that_is_not_sent_is_delivered_a_millisecond_after_it_counts_as_sent() -> None:
    entries = email(emailId="one", cc=["bea@example.com"]).sunk_entries(2, NOW)
    assert [(entry.key, entry.at, entry.attempt) for entry in entries] == [
        (f"delivered/2/{address}/{utc_text(NOW + 0.001)}", utc_text(NOW + 0.001), 2)
        for address in ("ada@example.com", "bea@example.com")
    ]


def test_the_same_request_of_two_sources_has_two_fingerprints() -> None:
    shop, crm = (
        received_body(Sender().message(request(emailId="one"), event_id="event", source=source).body)
        for source in ("shop", "crm")
    )
    assert isinstance(shop, Email)
    assert isinstance(crm, Email)
    assert shop.fingerprint != crm.fingerprint
    assert shop.facts["fingerprint"] == shop.fingerprint
