"""The fold: any order, any repetition, the same record."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import (
    HISTORY_LIMIT,
    Entry,
    RecipientState,
    TrackingRecord,
    Transition,
    fold,
    rank,
)

TO, CC, BCC, STRANGER = "john@example.com", "jane@example.com", "mary@example.com", "paul@elsewhere.example"


def a_record(**given_facts: Any) -> TrackingRecord:
    facts: dict[str, Any] = {"email_id": "email-1", "to_email": TO, "status": Status.SENDING, "attempt": 1, "ttl": 1}
    facts |= {"timestamp": "2026-11-24T10:31:00.000Z", "date_partition": "2026-11-24"}
    return TrackingRecord(**facts | given_facts)


def with_copies() -> TrackingRecord:
    states = {
        CC: RecipientState(status=Status.SENDING, type="cc"),
        BCC: RecipientState(status=Status.SENDING, type="bcc"),
    }
    return a_record(recipients=states)


def entry(status: str | None, second: int = 0, *, attempt: int = 1, to: str | None = None, **detail: Any) -> Entry:
    at = f"2026-11-24T10:31:{second:02d}.000Z"
    known = Status(status) if status else None
    return Entry(f"{status}/{attempt}/{to}/{second}", at, attempt, known, to, None, detail)


def without_log(record: TrackingRecord) -> TrackingRecord:
    """All but the log of what was published, which depends on the order of arrival."""
    return msgspec.structs.replace(record, transitions={})


details = st.fixed_dictionaries(
    {},
    optional={
        "sesMessageId": st.sampled_from(["0100-a", "0100-b"]),
        "machine": st.booleans(),
        "bounceType": st.sampled_from(["Permanent", "Transient"]),
        "complaintFeedbackType": st.just("abuse"),
        "errorType": st.just("ses_rejected"),
        "reason": st.sampled_from(["paused", "quota"]),
    },
)
# Few keys, so that the same key comes with different times and details as well: the sender's clock and SES's.
entries = st.builds(
    lambda kind, attempt, to, number, at, detail: Entry(
        f"{kind}/{attempt}/{to}/{number}", f"2026-11-24T10:31:{at:02d}.000Z", attempt, kind, to, None, detail
    ),
    st.sampled_from([None, *Status]),
    st.integers(1, 3),
    st.sampled_from([None, TO, CC, BCC, STRANGER]),
    st.integers(0, 5),
    st.integers(0, 59),
    details,
)
histories = st.lists(entries, max_size=25) | st.lists(entries, min_size=100, max_size=200)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([a_record(), with_copies()]), histories, st.data())
def test_any_order_and_any_repetition_gives_the_same_record(
    record: TrackingRecord, added: list[Entry], data: st.DataObject
) -> None:
    once, _ = fold(record, added)
    repeated = added + [each for each in added if data.draw(st.booleans())]
    again, _ = fold(record, data.draw(st.permutations(repeated)))

    assert without_log(again) == without_log(once)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([a_record(), with_copies()]), histories, st.integers(0, 200))
def test_two_folds_are_one(record: TrackingRecord, added: list[Entry], cut: int) -> None:
    """What a batch folds at once and what two workers fold one after the other is the same."""
    first, _ = fold(record, added[:cut])
    both, _ = fold(first, added[cut:])

    assert both == fold(record, added)[0]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([a_record(), with_copies()]), histories)
def test_a_status_only_moves_upwards_and_the_transitions_tell_each_step(
    record: TrackingRecord, added: list[Entry]
) -> None:
    steps: dict[str | None, list[Entry]] = {None: [], CC: [], BCC: []}
    for each in added:
        known = {other.key for other in record.history}
        record, transitions = fold(record, [each])
        for moved in transitions:
            if moved.entry.key in known:
                continue
            subject = moved.entry.recipient if moved.entry.recipient in record.recipients else None
            path = steps[subject]
            # A mark of the whole message moves a copy as well, under a transition that is `to`'s.
            assert subject is not None or moved.previous == (path[-1].status if path else None)
            path.append(moved.entry)
    for path in steps.values():
        heights = [rank(step.status or Status.SENDING, step.attempt) for step in path]
        assert heights == sorted(heights)


@settings(deadline=None, max_examples=60)
@given(histories)
def test_a_repetition_gives_the_transition_that_was_stored(added: list[Entry]) -> None:
    record, first = fold(with_copies(), added)
    again, second = fold(record, added)

    assert again == record
    assert second == first


def test_a_record_survives_the_table() -> None:
    record, _ = fold(
        with_copies(), [entry("sent", 1, sesMessageId="0100"), entry("bounced", 2, to=CC, bounceType="Permanent")]
    )

    assert msgspec.convert(msgspec.to_builtins(record), TrackingRecord) == record


def test_late_delivery_does_not_undo_a_bounce() -> None:
    record, transitions = fold(a_record(), [entry("bounced", 5), entry("delivered", 9)])

    assert record.status is Status.BOUNCED
    assert record.delivered_at == "2026-11-24T10:31:09.000Z"
    assert [moved.entry.status for moved in transitions] == [Status.BOUNCED]


def test_a_late_bounce_is_not_hidden_by_a_delivery_and_an_open() -> None:
    record, transitions = fold(
        a_record(), [entry("delivered", 1), entry("opened", 2, machine=False), entry("bounced", 3)]
    )

    assert record.status is Status.BOUNCED
    assert [(moved.previous, moved.entry.status) for moved in transitions] == [
        (None, Status.DELIVERED),
        (Status.DELIVERED, Status.OPENED),
        (Status.OPENED, Status.BOUNCED),
    ]


@pytest.mark.parametrize("final", ["bounced", "complained"])
def test_a_bounce_or_complaint_of_an_earlier_attempt_wins(final: str) -> None:
    record, _ = fold(a_record(), [entry("delivered", 1, attempt=2), entry(final, 2, attempt=1)])

    assert (record.status, record.attempt) == (final, 2)


def test_a_later_attempt_ranks_above_an_earlier_soft_bounce() -> None:
    record, _ = fold(a_record(), [entry("soft_bounced", 9), entry("sent", 3, attempt=2)])

    assert record.status is Status.SENT


def test_of_two_clocks_for_one_acceptance_the_earlier_is_kept() -> None:
    ours = Entry("sent/1", "2026-11-24T10:31:01.250Z", 1, Status.SENT, detail={"sesMessageId": "0100"})
    theirs = Entry("sent/1", "2026-11-24T10:31:01.000Z", 1, Status.SENT, detail={"sesMessageId": "0100"})

    for added in ([ours, theirs], [theirs, ours]):
        record, transitions = fold(a_record(), added)
        assert record.sent_at == theirs.at
        assert len(transitions) == 1


def test_an_event_settles_a_claim_and_fills_in_the_ses_id() -> None:
    claimed, _ = fold(a_record(), [entry("sending")])
    record, transitions = fold(claimed, [entry("sent", 1, sesMessageId="0100-a")])

    assert (record.status, record.ses_message_id) == (Status.SENT, "0100-a")
    assert transitions[0].previous is Status.SENDING


def test_the_ses_id_is_that_of_the_newest_attempt() -> None:
    added = [entry("sent", 9, attempt=2, sesMessageId="0100-a"), entry("sent", 1, sesMessageId="0100-z")]

    assert fold(a_record(), added)[0].ses_message_id == "0100-a"


def test_sending_and_deferred_follow_each_other_in_time() -> None:
    record, _ = fold(a_record(), [entry("sending", 1), entry("deferred", 2, reason="paused")])
    assert (record.status, record.defer_reason) == (Status.DEFERRED, "paused")

    record, _ = fold(record, [entry("sending", 3)])
    assert (record.status, record.defer_reason) == (Status.SENDING, None)


def test_a_wait_for_another_reason_is_a_transition_and_one_for_the_same_reason_is_none() -> None:
    record, _ = fold(a_record(), [entry("deferred", 1, reason="paused")])

    assert fold(record, [entry("deferred", 2, reason="paused")])[1] == []
    assert fold(record, [entry("deferred", 0, reason="quota")])[1] == []  # An earlier wait that arrives late.
    other = entry("deferred", 2, reason="quota")
    record, transitions = fold(record, [other])
    assert transitions == [Transition(other, Status.DEFERRED)]
    assert record.defer_reason == "quota"


def test_a_delay_for_another_reason_is_no_transition() -> None:
    record, _ = fold(a_record(), [entry("delayed", 1, reason="MailboxFull")])

    assert fold(record, [entry("delayed", 2, reason="General")])[1] == []


def test_a_machines_opens_raise_the_status_and_are_not_counted() -> None:
    record, _ = fold(a_record(), [entry("opened", 1, machine=True)])
    assert (record.status, record.open_count, record.opened_at) == (Status.OPENED, 0, None)

    record, _ = fold(record, [entry("opened", 5, machine=False), entry("opened", 7, machine=False)])
    assert (record.open_count, record.opened_at) == (2, "2026-11-24T10:31:05.000Z")


def test_an_event_of_a_copy_does_not_change_the_status_of_to() -> None:
    record, transitions = fold(with_copies(), [entry("sent", 1), entry("bounced", 2, to=CC, bounceType="Permanent")])

    assert record.status is Status.SENT
    assert record.recipients[CC].status is Status.BOUNCED
    assert record.recipients[CC].bounce_type == "Permanent"
    assert record.recipients[BCC].status is Status.SENT
    assert [moved.entry.recipient for moved in transitions] == [None, CC]


def test_an_open_without_a_recipient_is_not_counted_for_a_copy() -> None:
    record, _ = fold(with_copies(), [entry("sent", 1), entry("opened", 2, machine=False)])

    assert record.status is Status.OPENED
    assert record.recipients[CC].status is Status.SENT


def test_an_address_that_is_no_recipient_is_kept_and_moves_nothing() -> None:
    record, transitions = fold(with_copies(), [entry("sent", 1), entry("bounced", 2, to=STRANGER)])

    assert record.status is Status.SENT
    assert [each.recipient for each in record.history] == [None, STRANGER]
    assert len(transitions) == 1


def test_the_only_recipient_is_meant_whatever_it_is_called() -> None:
    assert fold(a_record(), [entry("bounced", 2, to=STRANGER)])[0].status is Status.BOUNCED


def test_an_entry_without_a_status_changes_no_status() -> None:
    record, transitions = fold(a_record(), [entry("sent", 1), entry(None, 2)])

    assert (record.status, len(record.history), len(transitions)) == (Status.SENT, 2, 1)


def test_a_full_history_still_takes_what_moves_a_status() -> None:
    opens = [
        Entry(f"opened/{number}", f"2026-11-24T10:31:00.{number:03d}Z", 1, Status.OPENED, TO, None, {"machine": False})
        for number in range(HISTORY_LIMIT + 50)
    ]
    record, _ = fold(a_record(), opens)
    assert len(record.history) == HISTORY_LIMIT

    record, transitions = fold(record, [entry("complained", 9)])
    assert record.status is Status.COMPLAINED
    assert len(transitions) == 1


def test_a_full_history_fits_into_an_item_of_400_kilobytes() -> None:
    added = [
        Entry(f"bounce/1/{TO}/{'f' * 60}/{number}", "2026-11-24T10:31:00.000Z", 1, Status.SOFT_BOUNCED, TO, "soft",
              {"bounceReason": "x" * 500, "diagnosticCode": "x" * 500, "bounceType": "Transient"})
        for number in range(HISTORY_LIMIT)
    ]  # fmt: skip
    record, _ = fold(a_record(metadata={"k": "v" * 16_000}), added)

    assert len(msgspec.json.encode(record)) < 390_000


def test_folding_nothing_changes_nothing() -> None:
    record = a_record(status=Status.FAILED)

    assert fold(record, []) == (record, [])


def test_a_record_says_what_its_bounce_and_its_complaint_were() -> None:
    bounce = entry("bounced", 2, bounceType="Permanent", bounceSubType="NoEmail", bounceReason="NoEmail")
    complaint = entry("complained", 3, complaintFeedbackType="abuse")
    record, _ = fold(a_record(), [entry("sent", 1), bounce, complaint])

    assert (record.bounce_type, record.bounce_sub_type, record.bounce_reason) == ("Permanent", "NoEmail", "NoEmail")
    assert record.bounced_at == bounce.at
    assert (record.complained_at, record.complaint_feedback_type) == (complaint.at, "abuse")


def test_a_bounced_record_has_no_complaint_and_no_error() -> None:
    record, _ = fold(
        a_record(), [entry("bounced", 2, errorType="expired", reason="paused", complaintFeedbackType="abuse")]
    )
    assert (record.complained_at, record.complaint_feedback_type) == (None, None)
    assert (record.error_type, record.defer_reason) == (None, None)


def test_a_machines_fetch_counts_neither_as_open_nor_as_click() -> None:
    fetched = [entry(kind, second, machine=True) for second, kind in enumerate(("opened", "clicked"))]
    record, _ = fold(
        a_record(), [*fetched, entry("sent", 5), entry("opened", 6), entry("clicked", 7), entry("clicked", 8)]
    )

    assert (record.open_count, record.opened_at) == (1, "2026-11-24T10:31:06.000Z")
    assert (record.click_count, record.clicked_at) == (2, "2026-11-24T10:31:07.000Z")
