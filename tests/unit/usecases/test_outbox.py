"""The status events that a batch owes, and the messages that wait for them."""

from __future__ import annotations

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.usecases.outbox import Outbox
from tools.simulation.fakes import FakeBus

AT = "2026-11-24T10:31:00.000Z"
SENDING = Entry("mark/1/00001/sending", AT, 1, Status.SENDING)
SENT = Entry("sent/1", AT, 1, Status.SENT)
DELIVERED = Entry("delivered", AT, 1, Status.DELIVERED)
BLANK = TrackingRecord(email_id="one", status=Status.SENDING, attempt=1, timestamp=AT, date_partition=AT[:10], ttl=1)


def test_events_are_published_together_at_the_end() -> None:
    bus = FakeBus()
    outbox = Outbox(bus)
    outbox.add(*fold(BLANK, [SENDING, SENT, DELIVERED]), ["message-1"])
    assert bus.events == []

    assert outbox.publish() == {}

    assert bus.statuses("one") == ["sent", "delivered"]
    assert bus.calls == 1


def test_an_event_that_is_added_twice_is_published_once_as_it_was_first() -> None:
    """A redelivery adds it again from a record that may be another attempt's by now."""
    bus = FakeBus()
    outbox = Outbox(bus)
    record, transitions = fold(BLANK, [SENT])
    outbox.add(record, transitions, ["message-1"])
    outbox.add(msgspec.structs.replace(record, subject="Later"), transitions, ["message-2"])

    outbox.publish()

    [event] = bus.events
    assert event.subject is None
    assert outbox.messages_of([event.event_id]) == {"message-1", "message-2"}


def test_a_refused_event_names_every_message_that_waits_for_it_and_no_other() -> None:
    bus = FakeBus()
    bus.refuse = lambda event: event.status == "sent"
    outbox = Outbox(bus)
    record, transitions = fold(BLANK, [SENT])
    outbox.add(record, transitions, ["message-1", "message-2"])
    outbox.add(*fold(record, [DELIVERED]), ["message-3"])

    refused = outbox.publish()

    assert list(refused.values()) == ["InternalFailure"]
    assert outbox.messages_of(refused) == {"message-1", "message-2"}
    assert outbox.messages_of([]) == set()


def test_a_claim_alone_owes_no_event() -> None:
    bus = FakeBus()
    outbox = Outbox(bus)
    outbox.add(*fold(BLANK, [SENDING]), ["message-1"])

    assert outbox.publish() == {}
    assert bus.calls == 0
