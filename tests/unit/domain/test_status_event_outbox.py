"""The status events that a batch owes, and the messages that wait for them."""

from __future__ import annotations

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.domain.status_event import Outbox

AT = "2026-11-24T10:31:00.000Z"
SENDING = Entry("mark/1/00001/sending", AT, 1, Status.SENDING)
SENT = Entry("sent/1", AT, 1, Status.SENT)
DELIVERED = Entry("delivered", AT, 1, Status.DELIVERED)
BLANK = TrackingRecord(email_id="one", status=Status.SENDING, attempt=1, timestamp=AT, date_partition=AT[:10], ttl=1)


def test_each_transition_is_an_event_in_the_order_in_which_it_happened() -> None:
    outbox = Outbox()
    outbox.add(*fold(BLANK, [SENDING, SENT, DELIVERED]), ["message-1"])

    assert [event.status for event in outbox.events.values()] == ["sent", "delivered"]


def test_an_event_that_is_added_twice_stays_as_it_was_first_and_has_every_message_that_waits_for_it() -> None:
    """A redelivery adds it again, from a record that may be another attempt's by now."""
    outbox = Outbox()
    record, transitions = fold(BLANK, [SENT])
    outbox.add(record, transitions, ["message-1"])
    outbox.add(msgspec.structs.replace(record, subject="Later"), transitions, ["message-2"])

    [event] = outbox.events.values()
    assert event.subject is None
    assert outbox.message_ids == {event.event_id: {"message-1", "message-2"}}


def test_messages_wait_for_their_own_events_alone() -> None:
    outbox = Outbox()
    record, transitions = fold(BLANK, [SENT])
    outbox.add(record, transitions, ["message-1"])
    outbox.add(*fold(record, [DELIVERED]), ["message-3"])

    assert list(outbox.message_ids.values()) == [{"message-1"}, {"message-3"}]


def test_a_claim_alone_owes_no_event() -> None:
    outbox = Outbox()
    outbox.add(*fold(BLANK, [SENDING]), ["message-1"])

    assert (outbox.events, outbox.message_ids) == ({}, {})
