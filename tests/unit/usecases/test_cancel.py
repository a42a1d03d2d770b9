"""Cancel one email by its record: it ends cancelled, or it was handed to SES."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, TransientError
from sesmail_layer.domain.record.claims import key_of_source
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.cancel import Cancelled, Outcome, cancel_email, cancel_record, outcome_now
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

SHOP = "my.application"


def cancel(sender: Sender, email_id: str = "one", source: str | None = SHOP) -> Cancelled:
    return cancel_email(sender.tracking, email_id, source, by="an operator", now=sender.clock.now(), retention_days=90)


def later(minutes: int) -> str:
    return utc_text(NOW + 60 * minutes)


def scheduled(sender: Sender, **fields: object) -> None:
    assert sender.run(sender.message(request(emailId="one", sendAt=later(30), **fields))) == set()


def until_nothing_waits(sender: Sender) -> None:
    for _ in range(20):
        sender.run_waiting()
    assert sender.waiting.messages == []


def test_a_scheduled_email_fails_and_is_never_sent() -> None:
    sender = Sender()
    scheduled(sender)

    done = cancel(sender)

    assert done.outcome is Outcome.CANCELLED
    record = sender.tracking.records["one"]
    assert (record.status, record.error_type) == (Status.FAILED, "cancelled")
    assert record.error_message == "Email not sent: cancelled by an operator"
    assert [(moved.entry.status, moved.previous) for moved in done.transitions] == [(Status.FAILED, Status.DEFERRED)]
    until_nothing_waits(sender)
    assert sender.mailer.accepted == []


def test_it_is_published_when_its_message_comes_up_where_nobody_else_did() -> None:
    sender = Sender()
    scheduled(sender)
    cancel(sender)

    until_nothing_waits(sender)

    assert sender.bus.statuses("one") == ["deferred", "failed"]


def test_a_second_cancellation_changes_nothing_and_repeats_what_is_to_be_published() -> None:
    sender = Sender()
    scheduled(sender)
    first = cancel(sender)
    before = sender.tracking.records["one"]

    again = cancel(sender)

    assert again.outcome is Outcome.CANCELLED_BEFORE
    assert again.transitions == first.transitions
    assert sender.tracking.records["one"] == before


def test_an_id_that_is_cancelled_before_its_request_is_never_sent() -> None:
    sender = Sender()

    done = cancel(sender)
    record = sender.send(emailId="one", tags=["spring"])

    assert done.outcome is Outcome.BEFORE_REQUEST
    assert (record.status, record.error_type, record.to_email) == (Status.FAILED, "cancelled", "ada@example.com")
    assert (record.tags, record.original_source) == (["spring"], SHOP)
    assert sender.mailer.accepted == []
    assert sender.bus.statuses("one") == ["failed"]
    assert sender.bus.events[0].to_email == "ada@example.com"
    assert sender.log.codes() == ["CAN001"]


def test_a_cancelled_id_stays_bound() -> None:
    sender = Sender()
    cancel(sender)
    sender.send(emailId="one")

    sender.send(emailId="one")
    sender.run(sender.message(request(emailId="one", to="eve@example.com"), event_id="xyz"))

    assert sender.mailer.accepted == []
    assert sender.tracking.records["one"].to_email == "ada@example.com"
    assert sender.tracking.records["email-xyz"].error_type == "duplicate_conflict"


def test_a_request_that_is_rejected_takes_a_cancelled_id_as_well() -> None:
    sender = Sender()
    cancel(sender)

    sender.run(sender.message({"emailId": "one"}))
    sender.send(emailId="one")

    assert sender.mailer.accepted == []
    assert sender.tracking.records["one"].error_type == "cancelled"


def test_without_a_source_the_first_request_with_the_id_is_cancelled() -> None:
    sender = Sender()
    cancel(sender, source=None)

    sender.run(sender.message(request(emailId="one"), source="blog"))
    sender.run(sender.message(request(emailId="one"), source="shop"))

    assert sender.tracking.records["one"].original_source == "blog"
    assert sender.tracking.records["one"].error_type == "cancelled"
    assert [mail.recipients for mail in sender.mailer.accepted] == [["ada@example.com"]]
    assert sender.tracking.records[key_of_source("one", "shop")].status is Status.SENT


def test_an_id_without_one_in_its_request_can_be_cancelled_before_it_arrives() -> None:
    sender = Sender()
    cancel(sender, "email-event-1", source=None)

    assert sender.send().error_type == "cancelled"
    assert sender.mailer.accepted == []


def test_another_source_s_email_under_the_same_id_is_untouched() -> None:
    sender = Sender()
    sender.run(sender.message(request(emailId="one", sendAt=later(30)), source="blog"))

    done = cancel(sender, source="shop")

    own_key = key_of_source("one", "shop")
    assert (done.outcome, done.record.email_id) == (Outcome.BEFORE_REQUEST, own_key)
    assert done.record.requested_email_id == "one"
    assert sender.tracking.records["one"].status is Status.DEFERRED
    sender.run(sender.message(request(emailId="one"), source="shop"))
    assert sender.tracking.records[own_key].error_type == "cancelled"
    until_nothing_waits(sender)
    assert [mail.recipients for mail in sender.mailer.accepted] == [["ada@example.com"]]


def test_a_source_that_takes_the_id_meanwhile_keeps_its_email(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender()
    create = sender.tracking.create

    def after_another(record: TrackingRecord) -> TrackingRecord | None:
        monkeypatch.setattr(sender.tracking, "create", create)
        sender.run(sender.message(request(emailId="one", sendAt=later(30)), source="blog"))
        return create(record)

    monkeypatch.setattr(sender.tracking, "create", after_another)

    done = cancel(sender, source="shop")

    assert done.record.email_id == key_of_source("one", "shop")
    assert sender.tracking.records["one"].status is Status.DEFERRED


def test_an_email_that_ses_has_is_not_cancelled() -> None:
    sender = Sender()
    sender.send(emailId="one")

    done = cancel(sender)

    assert done.outcome is Outcome.HANDED_TO_SES
    assert sender.tracking.records["one"].status is Status.SENT
    assert done.transitions == []


@pytest.mark.parametrize("resend_unknown", [True, False], ids=["resend", "fail"])
def test_an_email_that_is_being_sent_is_not_sent_again(resend_unknown: bool) -> None:
    """Its worker died between claim and SES: with `fail` nothing may say that it did not go out."""
    sender = Sender(resend_unknown=resend_unknown)
    sender.mailer.answers = [OutcomeUnknownError("read timeout")]
    assert sender.run(sender.message(request(emailId="one"))) == set()

    done = cancel(sender)

    assert (done.outcome, done.transitions) == (Outcome.BEING_SENT, [])
    assert sender.tracking.records["one"].status is Status.SENDING
    sender.clock.sleep(400)
    until_nothing_waits(sender)
    right = "cancelled" if resend_unknown else "outcome_unknown"
    assert sender.tracking.records["one"].error_type == right
    assert sender.mailer.accepted == []


def test_an_email_that_ses_had_after_all_is_recorded_as_sent() -> None:
    sender = Sender()
    sender.mailer.late_answers = [OutcomeUnknownError("read timeout")]
    assert sender.run(sender.message(request(emailId="one"))) == set()
    cancel(sender)

    folded, _ = fold(
        sender.tracking.records["one"],
        [Entry("sent/1", utc_text(sender.clock.now()), 1, Status.SENT, detail={"sesMessageId": "ses-1"})],
    )
    assert sender.tracking.replace(folded) is None
    sender.clock.sleep(400)
    until_nothing_waits(sender)

    assert sender.tracking.records["one"].status is Status.SENT


def test_a_claim_that_is_given_back_ends_cancelled() -> None:
    sender = Sender()
    sender.mailer.answers = [TransientError("no connection", code="SES009")]
    send = sender.mailer.send

    def cancelled_meanwhile(*args: object, **options: object) -> str:
        assert cancel(sender).outcome is Outcome.BEING_SENT
        return send(*args, **options)  # type: ignore[arg-type]

    sender.mailer.send = cancelled_meanwhile  # type: ignore[method-assign]
    assert sender.run(sender.message(request(emailId="one"))) == set()
    sender.mailer.send = send  # type: ignore[method-assign]

    until_nothing_waits(sender)

    assert sender.tracking.records["one"].error_type == "cancelled"
    assert sender.mailer.accepted == []


def soft_bounced(record: TrackingRecord) -> TrackingRecord:
    entry = Entry("bounce/1/x", utc_text(NOW + 1), 1, Status.SOFT_BOUNCED, record.to_email)
    return fold(record, [entry])[0]


def test_the_retry_of_a_soft_bounce_ends_cancelled() -> None:
    sender = Sender()
    message = sender.message(request(emailId="one"))
    sender.run(message)
    assert sender.tracking.replace(soft_bounced(sender.tracking.records["one"])) is None

    assert cancel(sender).outcome is Outcome.HANDED_TO_SES
    retry = message.body.replace('"detail"', '"sesmailHop": {"attempt": 2, "recordId": "one"}, "detail"')
    sender.run(msgspec.structs.replace(message, body=retry))

    record = sender.tracking.records["one"]
    assert (record.status, record.error_type, record.attempt) == (Status.FAILED, "cancelled", 2)
    assert len(sender.mailer.accepted) == 1


def test_an_email_that_had_failed_is_not_sent_under_its_id_later() -> None:
    sender = Sender()
    sender.send(emailId="one", templateName="later", templateData={})

    assert cancel(sender).outcome is Outcome.FAILED_BEFORE
    sender.templates.add("later", "<p>x</p>", "x", {"subject": "Later"})
    record = sender.send(emailId="one", templateName="later", templateData={})

    assert (record.error_type, record.attempt) == ("cancelled", 2)
    assert sender.mailer.accepted == []


def test_a_record_that_changes_meanwhile_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender()
    scheduled(sender)
    stale = sender.tracking.records["one"]
    sender.clock.sleep(1_800)
    sender.run_waiting()
    sender.clock.sleep(900)
    sender.run_waiting()
    assert sender.tracking.records["one"].status is Status.SENT

    done = cancel_record(sender.tracking, stale, by="an operator", now=NOW)

    assert done.outcome is Outcome.HANDED_TO_SES
    assert sender.tracking.records["one"].status is Status.SENT


def test_a_record_that_never_stops_changing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender()
    scheduled(sender)
    monkeypatch.setattr(sender.tracking, "replace", lambda record: sender.tracking.records["one"])

    with pytest.raises(TransientError, match="kept changing"):
        cancel(sender)


@pytest.mark.parametrize(
    ("prepare", "right"),
    [
        (scheduled, Outcome.CANCELLED),
        (lambda sender: sender.send(emailId="one"), Outcome.HANDED_TO_SES),
        (lambda sender: sender.send(emailId="one", templateName="nil"), Outcome.FAILED_BEFORE),
    ],
)
def test_a_dry_run_says_what_would_happen(prepare: Callable[[Sender], object], right: Outcome) -> None:
    sender = Sender()
    prepare(sender)
    before = sender.tracking.records["one"]

    assert outcome_now(before) is right
    assert cancel(sender).outcome is right


def test_a_record_without_a_source_is_no_other_source_s_email() -> None:
    """The request will look under its own key, and finds the cancellation there."""
    sender = Sender()
    sender.tracking.records["one"] = TrackingRecord(
        email_id="one", status=Status.FAILED, attempt=1, timestamp="", date_partition="", ttl=1
    )

    assert cancel(sender).outcome is Outcome.BEFORE_REQUEST
    assert sender.run(sender.message(request(emailId="one"))) == set()

    assert sender.tracking.records[key_of_source("one", SHOP)].error_type == "cancelled"
    assert sender.mailer.accepted == []
