"""Each recipient has a status of its own, and an entry that comes again changes itself alone."""

from __future__ import annotations

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState, TrackingRecord, Transition, fold

JOHN, CC = "john@example.com", "cc@example.com"


def at(second: int) -> str:
    return f"2026-11-24T10:31:{second:02d}.000Z"


def record() -> TrackingRecord:
    return TrackingRecord(
        email_id="one",
        to_email=JOHN,
        status=Status.SENDING,
        attempt=1,
        timestamp=at(0),
        date_partition="2026-11-24",
        ttl=1,
        recipients={CC: RecipientState(status=Status.SENDING, type="cc")},
    )


SENT = Entry("sent/1", at(1), 1, Status.SENT)
TO_DELIVERED = Entry("delivered/1/to", at(2), 1, Status.DELIVERED, recipient=JOHN)
TO_CLICKED = Entry("clicked/1/to", at(3), 1, Status.CLICKED, recipient=JOHN)
CC_DELIVERED = Entry("delivered/1/cc", at(4), 1, Status.DELIVERED, recipient=CC)


def test_a_copy_moves_from_its_own_status_wherever_the_addressee_is() -> None:
    folded, _ = fold(record(), [SENT, TO_DELIVERED, TO_CLICKED])
    folded, transitions = fold(folded, [CC_DELIVERED])

    assert transitions == [Transition(CC_DELIVERED, Status.SENT)]
    assert (folded.status, folded.recipients[CC].status) == (Status.CLICKED, Status.DELIVERED)
    assert (folded.recipients[CC].type, folded.recipients[CC].delivered_at) == ("cc", at(4))


def test_the_addressee_moves_from_its_own_status_wherever_a_copy_is() -> None:
    folded, _ = fold(record(), [SENT, CC_DELIVERED])
    folded, transitions = fold(folded, [TO_DELIVERED])

    assert transitions == [Transition(TO_DELIVERED, Status.SENT)]


def test_an_entry_that_comes_again_by_an_earlier_clock_replaces_itself_alone() -> None:
    earlier = Entry("sent/1", at(0), 1, Status.SENT)
    folded, _ = fold(record(), [SENT, TO_DELIVERED, CC_DELIVERED])
    again, _ = fold(folded, [earlier])

    assert again.history == [earlier, TO_DELIVERED, CC_DELIVERED]
    assert again.sent_at == at(0)
    assert fold(again, [SENT])[0] == again
