"""Mail that waits: what its record says meanwhile, and who may take it up again."""

from __future__ import annotations

import json

import pytest

from sesmail_layer.domain.errors import PausedBySes, RateLimited
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_seconds
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

LATER = "2026-11-24T12:00:00Z"


def throttled(sender: Sender) -> None:
    sender.mailer.answers = [PausedBySes(60, message="Sending paused", code="SES004")]


def test_a_claimed_email_that_ses_makes_wait_is_given_back() -> None:
    sender = Sender()
    throttled(sender)
    message = sender.message(request(emailId="one"))
    assert sender.run(message) == set()

    record = sender.tracking.records["one"]
    assert (record.status, record.lease_until, record.defer_reason) == (Status.DEFERRED, 0, "sending_paused")
    assert [entry.key for entry in record.history] == ["mark/1/00001/sending", "mark/1/00002/deferred"]
    assert record.history[-1].detail == {"reason": "sending_paused", "until": "2026-11-25T10:31:00.000Z"}
    [(body, delay)] = sender.waiting.messages
    assert delay == 60
    assert json.loads(body)["sesmailHop"]["noted"] == "sending_paused"


def test_a_deferral_whose_event_is_refused_is_published_on_redelivery() -> None:
    sender = Sender()
    throttled(sender)
    sender.bus.refuse = lambda event: event.status == "deferred"
    message = sender.message(request(emailId="one"))

    assert sender.waits_after(message)
    sender.bus.refuse = lambda _event: False
    throttled(sender)
    sender.run_waiting()

    assert sender.bus.statuses("one") == ["deferred", "deferred"]  # The refused one, and that of the second wait.


def test_a_wait_leaves_no_lease_behind() -> None:
    sender = Sender()

    assert sender.send(emailId="one", sendAt=LATER).lease_until == 0


@pytest.mark.parametrize("event_id", ["second", None])
def test_a_finished_email_is_not_deferred_again(event_id: str | None) -> None:
    sender = Sender()
    sender.send(emailId="one")

    sender.run(sender.message(request(emailId="one", sendAt=LATER), event_id=event_id))

    assert sender.waiting.messages == []
    assert "EmailDeferred" not in sender.metrics.counts


def test_a_short_wait_releases_the_claim_unpublished() -> None:
    sender = Sender()
    sender.mailer.answers = [RateLimited(1)]
    sender.run(sender.message(request(emailId="one")))

    record = sender.tracking.records["one"]
    assert (record.status, record.lease_until) == (Status.SENDING, 0)
    assert sender.bus.events == []
    assert [delay for _, delay in sender.waiting.messages] == [1]


def test_the_same_reason_is_published_once() -> None:
    sender = Sender()
    sender.send(emailId="one", sendAt=LATER)
    for _ in range(3):
        sender.run_waiting()

    assert [event.status for event in sender.bus.events] == ["deferred"]
    assert len(sender.tracking.records["one"].history) == 1
    assert sender.clock.now() < NOW + 5_340


def test_the_record_of_a_scheduled_email_lives_for_the_retention_after_send_at() -> None:
    sender = Sender(retention_days=30)

    sender.run(sender.message(request(emailId="later", sendAt="2026-12-20T10:00:00Z")))

    assert sender.tracking.records["later"].ttl == int(utc_seconds("2026-12-20T10:00:00Z")) + 30 * 86_400


def test_a_deferral_that_was_not_published_is_published_with_what_a_redelivery_finds_instead() -> None:
    sender = Sender()
    sender.bus.refuse = lambda event: event.status == "deferred"
    assert sender.waits_after(sender.message(request(emailId="one", sendAt=LATER)))
    sender.bus.refuse = lambda _event: False
    sender.suppression.list_address("ada@example.com", SuppressionReason.MANUAL)

    sender.run_waiting()

    assert sorted(sender.bus.statuses("one")) == ["deferred", "failed"]
