"""An emailId belongs to its source: what one producer does under an id never touches another producer's email."""

from __future__ import annotations

import itertools

import pytest

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.claims import key_of_source
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

SHOP, BLOG = "shop", "blog"


def asked(sender: Sender, source: str, **fields: object) -> QueueMessage:
    return sender.message(request(emailId="order-1", **fields), source=source)


def test_two_sources_with_one_id_send_two_emails() -> None:
    sender = Sender()
    assert sender.run(asked(sender, SHOP)) == set()
    assert sender.run(asked(sender, BLOG)) == set()

    own = key_of_source("order-1", BLOG)
    assert {key: record.status for key, record in sender.tracking.records.items()} == {
        "order-1": Status.SENT,
        own: Status.SENT,
    }
    assert sender.tracking.records[own].requested_email_id == "order-1"
    assert sender.tracking.records["order-1"].requested_email_id is None
    assert [(event.email_id, event.record_id) for event in sender.bus.events] == [
        ("order-1", "order-1"),
        ("order-1", own),
    ]
    assert len(sender.mailer.accepted) == 2


def test_a_key_of_a_source_is_the_id_and_sixteen_digits_of_the_source_s_sha_256() -> None:
    key = key_of_source("order-1", "my.application")
    assert key == "order-1#58cdb901d4bc459a"
    assert len(key) == len("order-1#") + 16
    assert key != key_of_source("order-1", "my.Application")


@pytest.mark.parametrize("order", list(itertools.permutations([SHOP, BLOG, SHOP, BLOG])))
def test_repeated_requests_stay_with_their_source_in_any_order(order: tuple[str, ...]) -> None:
    sender = Sender()
    for source in order:
        sender.run(asked(sender, source))

    assert len(sender.mailer.accepted) == 2
    assert sender.metrics.counts["EmailDuplicate"] == 2
    assert sorted(record.original_source or "" for record in sender.tracking.records.values()) == [BLOG, SHOP]


def test_a_denied_source_does_not_fail_another_s_request_under_the_same_id() -> None:
    sender = Sender()
    sender.control.policies[BLOG] = ProducerPolicy(enabled=False)
    sender.run(asked(sender, BLOG))
    assert sender.tracking.records["order-1"].error_type == "producer_denied"

    sender.run(asked(sender, SHOP))

    record = sender.tracking.records[key_of_source("order-1", SHOP)]
    assert (record.status, record.error_type) == (Status.SENT, None)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_denied_request_binds_no_id_so_a_corrected_one_may_use_it(times: int) -> None:
    sender = Sender()
    sender.control.policies[SHOP] = ProducerPolicy(recipient_domains=["example.org"])
    for _ in range(times):
        sender.run(asked(sender, SHOP))
    assert sender.tracking.records["order-1"].error_type == "producer_denied"

    sender.run(asked(sender, SHOP, to="ada@example.org"))

    assert sender.tracking.records["order-1"].status is Status.SENT


def test_a_request_that_waits_keeps_its_record_s_key_in_its_hop() -> None:
    sender = Sender()
    sender.run(asked(sender, SHOP))
    sender.run(asked(sender, BLOG, sendAt="2026-11-24T11:00:00Z"))
    own = key_of_source("order-1", BLOG)
    assert sender.tracking.records[own].status is Status.DEFERRED
    del sender.tracking.records["order-1"]

    while sender.waiting.messages:
        sender.run_waiting()

    assert set(sender.tracking.records) == {own}
    assert sender.tracking.records[own].status is Status.SENT


def test_a_source_that_loses_the_plain_key_at_the_last_moment_writes_under_its_own() -> None:
    sender = Sender()
    create = sender.tracking.create

    def shop_is_faster(record: TrackingRecord) -> TrackingRecord | None:
        sender.tracking.create = create  # type: ignore[method-assign]
        sender.run(asked(sender, SHOP))
        return create(record)

    sender.tracking.create = shop_is_faster  # type: ignore[method-assign]
    sender.run(asked(sender, BLOG))

    assert {record.original_source for record in sender.tracking.records.values()} == {SHOP, BLOG}
    assert len(sender.mailer.accepted) == 2


def test_its_own_record_is_found_after_the_other_source_s_expired() -> None:
    sender = Sender()
    sender.run(asked(sender, SHOP))
    sender.run(asked(sender, BLOG))
    del sender.tracking.records["order-1"]

    sender.run(asked(sender, BLOG))

    assert len(sender.mailer.accepted) == 2
    assert set(sender.tracking.records) == {key_of_source("order-1", BLOG)}


def test_a_record_without_a_source_is_another_s() -> None:
    """A row of the seed's product, or one that somebody wrote by hand, decides nothing about this request."""
    sender = Sender()
    first = sender.send(emailId="order-1")
    sender.tracking.records["order-1"] = type(first)(
        email_id="order-1", status=Status.SENT, attempt=1, timestamp=first.timestamp, date_partition="", ttl=0
    )

    sender.run(asked(sender, SHOP))

    assert sender.tracking.records[key_of_source("order-1", SHOP)].status is Status.SENT
