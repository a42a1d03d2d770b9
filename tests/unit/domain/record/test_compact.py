"""What is stored of a history is read as it was, in fewer bytes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesmail_layer.domain.record.compact import compacted, expanded
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState, TrackingRecord, fold
from tools.simulation.feedback import JANE, JOHN, Feedback, bounced, complained, delivered, opened, soft
from tools.simulation.sender import Sender

AT = "2026-11-24T10:31:00.000Z"


def a_record(**facts: Any) -> TrackingRecord:
    given: dict[str, Any] = {"email_id": "email-1", "to_email": JOHN, "status": Status.SENDING, "attempt": 1, "ttl": 1}
    return TrackingRecord(**given | {"timestamp": AT, "date_partition": AT[:10]} | facts)


def stored(record: TrackingRecord) -> dict[str, Any]:
    return compacted(msgspec.to_builtins(record))


def read(plain: dict[str, Any]) -> TrackingRecord:
    return msgspec.convert(expanded(plain), TrackingRecord)


def life(*entries: Entry, **facts: Any) -> TrackingRecord:
    return fold(a_record(**facts), entries)[0]


SENDING = Entry("mark/1/00001/sending", AT, status=Status.SENDING)
SENT = Entry("sent/1", "2026-11-24T10:31:01.000Z", status=Status.SENT, detail={"sesMessageId": "0100-1"})
DELIVERED = Entry(
    f"delivered/1/{JOHN}/2026-11-24T10:31:02.000Z",
    "2026-11-24T10:31:02.000Z",
    status=Status.DELIVERED,
    recipient=JOHN,
    detail={"smtpResponse": "250 OK"},
)
OPENED = Entry(
    f"opened/1/{JOHN}/2026-11-24T10:31:03.000Z/75a11da44c80",
    "2026-11-24T10:31:03.000Z",
    status=Status.OPENED,
    recipient=JOHN,
    detail={"machine": False},
)


def test_an_ordinary_history_says_only_what_the_record_does_not() -> None:
    assert stored(life(SENDING, SENT, DELIVERED, OPENED))["history"] == [
        {"at": AT, "status": "sending"},
        {"at": "2026-11-24T10:31:01.000Z", "status": "sent"},
        {"at": "2026-11-24T10:31:02.000Z", "status": "delivered", "detail": {"smtpResponse": "250 OK"}},
        {"at": "2026-11-24T10:31:03.000Z", "status": "opened", "mark": "75a11da44c80"},
    ]


def test_an_ordinary_record_has_no_transitions() -> None:
    plain = stored(life(SENDING, SENT, DELIVERED))
    assert "transitions" not in plain
    assert read(plain).transitions == {SENDING.key: None, SENT.key: "sending", DELIVERED.key: "sent"}


def test_an_event_that_came_late_keeps_what_it_followed() -> None:
    """`delivered` came before `sent` was recorded, so `sent` changed no status."""
    record = life(SENDING, DELIVERED, SENT)
    plain = stored(record)

    assert [entry.get("previous") for entry in plain["history"]] == [None, "-", None]
    assert read(plain) == record


def test_clocks_that_differ_change_nothing() -> None:
    """SES's clock may say that it accepted the email before it was claimed."""
    record = life(SENDING, msgspec.structs.replace(SENT, at="2026-11-24T10:30:59.999Z"), DELIVERED)
    assert read(stored(record)) == record


def test_a_machines_fetch_and_a_link_are_kept() -> None:
    fetched = msgspec.structs.replace(OPENED, detail={"machine": True})
    key = f"clicked/1/{JOHN}/{AT}/0123456789ab"
    link = {"link": "https://example.com", "machine": False}
    clicked = Entry(key, AT, status=Status.CLICKED, recipient=JOHN, detail=link)
    record = life(SENT, fetched, clicked)

    assert read(stored(record)) == record
    assert {"machine": True} in [entry.get("detail") for entry in stored(record)["history"]]


@pytest.mark.parametrize(
    "odd",
    [
        Entry("sent/1", AT, status=Status.SENT, detail={}),
        Entry("sent/1", AT, status=Status.SENT, detail={"sesMessageId": "another"}),
        Entry("opened/1/" + AT, AT, status=Status.OPENED),
        Entry(f"opened/1/{JOHN}/{AT}", AT, status=Status.OPENED, recipient=JOHN),
        Entry(f"delivered/1/{JANE}/{AT}", AT, status=Status.DELIVERED, recipient=JANE),
        Entry(f"bounce/1/{AT}/0102-a/b", AT, what="auto_reply"),
        Entry("failed/1/" + JANE, AT, status=Status.FAILED, recipient=JANE, detail={"errorType": "suppressed"}),
        Entry("foreign/delivered", AT, status=Status.DELIVERED),
        Entry("mark/2/00017/deferred", AT, 2, Status.DEFERRED, detail={"reason": "paused"}),
        Entry("mark/strange", AT, status=Status.SENDING),
        Entry("", AT, status=Status.SENT),
        Entry("sent/1", AT, status=Status.SENT, what="probe", recipient=""),
    ],
)
def test_an_unusual_entry_is_read_as_it_was(odd: Entry) -> None:
    for record in (life(odd), life(SENDING, odd, OPENED, ses_message_id="0100-1"), life(odd, to_email=None)):
        assert read(stored(record)) == record


def _of(kind: str, mark: str = "", *, to: str = JOHN) -> str:
    return "/".join(part for part in (kind, "1", to, AT, mark) if part)


MARK = "75a11da44c80"
CLICK = {"link": "https://example.com/a"}


@pytest.mark.parametrize(
    ("entry", "short"),
    [
        (Entry(_of("opened", MARK, to=""), AT, status=Status.OPENED, detail={"machine": False}), {"recipient": ""}),
        (
            Entry(_of("clicked", MARK), AT, status=Status.CLICKED, recipient=JOHN, detail=CLICK | {"machine": False}),
            {"detail": CLICK},
        ),
        (
            Entry(_of("clicked", MARK), AT, status=Status.CLICKED, recipient=JOHN, detail={"machine": True}),
            {"detail": {"machine": True}},
        ),
        (Entry(_of("bounce", MARK), AT, status=Status.BOUNCED, recipient=JOHN, detail=CLICK), {"detail": CLICK}),
        (Entry(_of("bounce", MARK, to=""), AT, status=Status.BOUNCED), {"recipient": ""}),
        (Entry(_of("complaint", MARK, to=JANE), AT, status=Status.COMPLAINED, recipient=JANE), {"recipient": JANE}),
        (
            Entry(f"mark/1/{MARK}/deferred", AT, status=Status.DEFERRED, detail={"reason": "paused"}),
            {"detail": {"reason": "paused"}},
        ),
    ],
)
def test_an_entry_with_a_mark_says_what_the_record_does_not(entry: Entry, short: dict[str, Any]) -> None:
    record = life(entry)
    assert stored(record)["history"] == [{"at": AT, "status": entry.status, "mark": MARK} | short]
    assert read(stored(record)) == record


@pytest.mark.parametrize(
    ("entry", "short"),
    [
        (Entry(_of("delivered", to=JANE), AT, status=Status.DELIVERED, recipient=JANE), {"recipient": JANE}),
        (Entry(_of("delivered", to=""), AT, status=Status.DELIVERED), {"recipient": ""}),
        (Entry("mark/2/00001/sending", AT, 2, Status.SENDING), {"attempt": 2}),
        (Entry("sent/2", AT, 2, Status.SENT, detail={"sesMessageId": "0100-1"}), {"attempt": 2}),
        (
            Entry("failed/1", AT, status=Status.FAILED, detail={"errorType": "expired"}),
            {"detail": {"errorType": "expired"}},
        ),
    ],
)
def test_an_entry_without_a_mark_says_what_the_record_does_not(entry: Entry, short: dict[str, Any]) -> None:
    record = life(entry, ses_message_id="0100-1")
    assert stored(record)["history"] == [{"at": AT, "status": entry.status} | short]
    assert read(stored(record)) == record


@pytest.mark.parametrize(
    "entry",
    [
        Entry(f"bounce/1/{AT}/0102-a", AT, what="auto_reply"),
        Entry("foreign/delivered", AT, status=Status.DELIVERED),
        Entry(_of("opened", to=""), AT, status=Status.OPENED),
    ],
)
def test_an_entry_that_the_rules_do_not_fit_is_stored_whole(entry: Entry) -> None:
    assert stored(life(entry))["history"] == [msgspec.to_builtins(entry)]


def test_a_record_without_history_is_stored_without_one() -> None:
    assert "history" not in stored(a_record())
    assert expanded({"emailId": "email-1"}) == {"emailId": "email-1"}


def test_the_first_entry_follows_no_status() -> None:
    assert expanded({"history": [{"at": AT, "status": "sending"}]})["transitions"] == {"mark/1/00001/sending": None}


def test_a_record_that_has_transitions_is_read_as_it_is() -> None:
    plain = {"transitions": {}, "history": [{"at": AT, "status": "sending"}]}
    assert expanded(plain) == plain


details = st.fixed_dictionaries(
    {},
    optional={
        "sesMessageId": st.sampled_from(["0100-a", "0100-b"]),
        "machine": st.booleans(),
        "reason": st.sampled_from(["paused", "quota"]),
    },
)
names = st.sampled_from(["mark", "sent", "failed", "delivered", "bounce", "opened", "clicked", "complaint", "foreign"])
recipients = st.sampled_from([None, JOHN, JANE, "paul@elsewhere.example"])
times = st.integers(0, 9).map(lambda second: f"2026-11-24T10:31:{second:02d}.000Z")


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    name, attempt, recipient, at = draw(names), draw(st.integers(1, 3)), draw(recipients), draw(times)
    status = draw(st.sampled_from([None, *Status]))
    mark = draw(st.sampled_from([None, "00001", "00007", "75a11da44c80"]))
    last = draw(st.sampled_from([None, "sending", "deferred"]))
    parts = (
        name,
        str(attempt),
        draw(st.sampled_from([None, recipient])),
        draw(st.sampled_from([None, at])),
        mark,
        last,
    )
    what = draw(st.sampled_from([None, "soft", "auto_reply"]))
    return Entry("/".join(filter(None, parts)), at, attempt, status, recipient, what, draw(details))


@settings(deadline=None, max_examples=300)
@given(st.lists(entries(), max_size=12), st.sampled_from([JOHN, None]), st.booleans())
def test_any_history_is_read_as_it_was(added: list[Entry], to: str | None, copies: bool) -> None:
    # A key names its entry's kind: none is of an entry with a status and of one without.
    without_status = {entry.key for entry in added if entry.status is None}
    added = [entry for entry in added if entry.status is None or entry.key not in without_status]
    states = {JANE: RecipientState(status=Status.SENDING, type="cc")} if copies else {}
    record = life(*added, to_email=to, recipients=states)

    assert read(stored(record)) == record


def test_every_record_of_the_sender_and_of_the_processor_is_read_as_it_was() -> None:
    feedback = Feedback()
    for number, event in enumerate((delivered, soft, bounced, complained, opened)):
        feedback.sent(f"email-{number}")
        feedback.run(feedback.message(event(email_id=f"email-{number}")))
    sender = Sender()
    sender.send(emailId="sent")
    records = [*feedback.tracking.records.values(), *sender.tracking.records.values()]
    assert len(records) == 6
    for record in records:
        assert read(stored(record)) == record
        whole = {entry["key"] for entry in stored(record)["history"] if "key" in entry}
        assert whole <= {"sending/1"}, "only the claim that the simulation makes is none of the sender's"


def test_what_an_earlier_version_wrote_is_read_as_it_is() -> None:
    record = life(SENDING, SENT, DELIVERED)
    assert read(msgspec.to_builtins(record)) == record


@pytest.mark.parametrize("history", ["text", 7, [1], [{}], [{"at": AT}], [{"status": "sent"}], [None], {"a": 1}])
def test_a_history_that_cannot_be_read_is_left_as_it_is(history: Any) -> None:
    assert expanded({"emailId": "email-1", "history": history})["history"] == history
