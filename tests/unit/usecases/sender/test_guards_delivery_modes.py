"""Delivery modes: whom the sender hands to SES, and what the record says, in redirect, allow and sink mode."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, TransientError
from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.ses.tags import decode_tag
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

SOURCE, MAILBOX = "my.application", "team@example.org"
REDIRECT = RestrictedDelivery.of("redirect", MAILBOX, [])
ALLOW = RestrictedDelivery.of("allow", "", ["ada@example.com", "partner.example"])
SINK = RestrictedDelivery.of("sink", "", [])
COPIES: dict[str, Any] = {"cc": ["bea@example.com", "eve@partner.example"], "bcc": ["cid@example.com"]}


def switch(sender: Sender, delivery: RestrictedDelivery | None) -> None:
    sender.rules = msgspec.structs.replace(sender.rules, delivery=delivery)


def paused(by: str) -> SendingState:
    return SendingState(paused=True, paused_by=by, trip="complaint", opened_at=0.0)


# --- redirect ---------------------------------------------------------------------------------------------------------


def test_redirect_hands_ses_the_mailbox_alone() -> None:
    sender = Sender(delivery=REDIRECT)
    record = sender.send(emailId="one", **COPIES)

    [mail] = sender.mailer.accepted
    assert mail.recipients == [MAILBOX]
    message = message_from_bytes(mail.raw, policy=default)
    assert [str(value) for name in ("To", "Cc", "Bcc") for value in message.get_all(name, [])] == [MAILBOX]
    assert message["X-Original-Cc"] == "bea@example.com, eve@partner.example"
    assert message["X-Original-Bcc"] == "cid@example.com"
    assert decode_tag(mail.tags["redirected"]) == "true"
    assert (record.to_email, record.redirected_to, record.delivery_mode) == ("ada@example.com", MAILBOX, "redirect")
    assert (record.status, record.subject, record.sink) == (Status.SENT, "Hello Ada", False)


def test_redirect_names_no_suppressed_copy_and_fails_for_a_suppressed_recipient() -> None:
    sender = Sender(delivery=REDIRECT)
    sender.suppression.list_address("bea@example.com", SuppressionReason.MANUAL)
    sender.send(emailId="one", **COPIES)
    sender.suppression.list_address("ada@example.com", SuppressionReason.MANUAL)
    failed = sender.send(emailId="two")

    [mail] = sender.mailer.accepted
    assert b"bea@" not in mail.raw
    assert (failed.status, failed.error_type, failed.delivery_mode) == (Status.FAILED, "suppressed", "redirect")


def test_redirect_checks_the_policy_against_the_recipients_that_were_asked_for() -> None:
    sender = Sender(delivery=REDIRECT)
    sender.control.policies = {SOURCE: ProducerPolicy(recipient_domains=["example.com"])}

    assert sender.send(emailId="one").status is Status.SENT
    assert sender.send(emailId="two", to="a@other.example").error_type == "producer_denied"


def test_redirect_uses_no_first_contact_no_count_of_the_breaker_and_keeps_nothing() -> None:
    sender = Sender(delivery=REDIRECT)
    sender.control.policies = {SOURCE: ProducerPolicy(first_contacts_per_hour=1)}
    for number in range(3):
        assert sender.send(emailId=f"m-{number}", to=f"u{number}@example.com").status is Status.SENT

    sender.run(*(sender.message(request(emailId=who, to=f"{who}@example.com")) for who in ("a", "b")))

    assert not sender.control.sent
    assert not sender.pending.kept
    assert not sender.tracking.has_sent_to("u0@example.com")


def test_redirected_mail_is_no_probe_of_an_open_breaker() -> None:
    sender = Sender(delivery=REDIRECT)
    opened_at = sender.clock.now() - 3600
    sender.control.states[SOURCE] = SendingState(paused=True, paused_by="breaker", trip="bounce", opened_at=opened_at)

    assert sender.send(emailId="one").status is Status.DEFERRED
    assert not sender.control.states[SOURCE].probes


# --- allow ------------------------------------------------------------------------------------------------------------


def test_allow_drops_and_records_other_copies() -> None:
    sender = Sender(delivery=ALLOW)
    record = sender.send(emailId="one", **COPIES)

    [mail] = sender.mailer.accepted
    assert mail.recipients == ["ada@example.com", "eve@partner.example"]
    assert b"bea@" not in mail.raw
    assert b"cid@" not in mail.raw
    assert (record.status, record.delivery_mode, record.sink) == (Status.SENT, "allow", False)
    assert {address: state.error_type for address, state in record.recipients.items()} == {
        "bea@example.com": "not_allowed",
        "eve@partner.example": None,
        "cid@example.com": "not_allowed",
    }
    assert record.recipients["eve@partner.example"].status is Status.SENT


def test_allow_sinks_the_whole_email_of_another_recipient() -> None:
    sender = Sender(delivery=ALLOW)
    record = sender.send(emailId="one", to="bea@example.com", cc=["ada@example.com"])

    assert not sender.mailer.accepted
    assert (record.status, record.sink, record.delivery_mode) == (Status.DELIVERED, True, "allow")
    assert record.recipients["ada@example.com"].status is Status.DELIVERED


def test_a_batch_of_allowed_and_sunk_emails_goes_both_ways() -> None:
    sender = Sender(delivery=ALLOW)
    sender.run(*(sender.message(request(emailId=to, to=f"{to}@example.com")) for to in ("ada", "bea", "cid")))

    assert [mail.recipients for mail in sender.mailer.accepted] == [["ada@example.com"]]
    assert [sender.tracking.records[one].status for one in ("ada", "bea", "cid")] == ["sent", "delivered", "delivered"]
    assert sender.metrics.counts["EmailSent"] == 1
    assert sender.metrics.counts["EmailSunk"] == 2


# --- sink -------------------------------------------------------------------------------------------------------------


def test_sink_renders_records_and_publishes_and_hands_ses_nothing() -> None:
    sender = Sender(delivery=SINK)
    sender.suppression.list_address("cid@example.com", SuppressionReason.MANUAL)
    record = sender.send(emailId="one", **COPIES)

    assert not sender.mailer.accepted
    assert (record.status, record.sink, record.delivery_mode) == (Status.DELIVERED, True, "sink")
    assert (record.ses_message_id, record.subject) == ("sink-one-1", "Hello Ada")
    assert {state.type: state.status for state in record.recipients.values()} == {"cc": "delivered", "bcc": "failed"}
    events = [(one.status, one.to_email, one.sink) for one in sender.bus.events]
    assert events == [
        ("failed", "cid@example.com", True),
        ("sent", "ada@example.com", True),
        ("delivered", "ada@example.com", True),
        ("delivered", "bea@example.com", True),
        ("delivered", "eve@partner.example", True),
    ]


def test_sink_asks_no_quota_and_no_pace_and_counts_nothing_as_sent() -> None:
    sender = Sender(delivery=SINK)
    sender.control.policies = {SOURCE: ProducerPolicy(first_contacts_per_hour=1, emails_per_day=1)}
    sender.quota.read_quota = sender.quota.ask = None  # type: ignore[method-assign, assignment]
    for number in range(3):
        priority = "bulk" if number else "transactional"
        sender.send(emailId=f"m-{number}", to=f"u{number}@example.com", priority=priority)

    assert {record.status for record in sender.tracking.records.values()} == {Status.DELIVERED}
    assert sender.bucket.updates == 0
    assert not sender.control.counters
    assert not sender.control.sent
    assert not sender.pending.kept
    assert not sender.tracking.has_sent_to("u0@example.com")
    assert sender.metrics.counts["EmailSunk"] == 3
    assert not {"EmailSent", "BulkEmailSent", "FeedbackRecorded"} & set(sender.metrics.counts)


@pytest.mark.parametrize(("by", "status"), [("operator", Status.DEFERRED), ("breaker", Status.DELIVERED)])
def test_an_operators_pause_holds_a_sunk_email_and_the_breaker_does_not(by: str, status: Status) -> None:
    sender = Sender(delivery=SINK)
    sender.control.states[SOURCE] = paused(by)

    assert sender.send(emailId="one").status is status
    assert not sender.control.states[SOURCE].probes


def test_a_rejected_a_denied_and_an_expired_request_fail_in_sink_mode_too() -> None:
    sender = Sender(delivery=SINK)
    past = utc_text(sender.clock.now() - 60)

    assert sender.send(emailId="one", templateName="nothing").error_type == "template_not_found"
    assert sender.send(emailId="two", expiresAt=past).error_type == "expired"
    rejected = sender.send(emailId="three", to="nobody")
    assert (rejected.error_type, rejected.delivery_mode) == ("validation_error", "sink")


def test_a_scheduled_email_is_sunk_when_its_time_has_come() -> None:
    sender = Sender(delivery=SINK)
    record = sender.send(emailId="one", sendAt=utc_text(sender.clock.now() + 1800))
    assert record.status is Status.DEFERRED
    for _ in range(4):
        sender.run_waiting()

    assert sender.tracking.records["one"].status is Status.DELIVERED
    assert not sender.mailer.accepted


def test_a_claim_that_cannot_be_recorded_is_sunk_by_the_next_try() -> None:
    sender = Sender(delivery=SINK)
    replace, errors = sender.tracking.replace, [TransientError("no", code="FBK003")]

    def failing(record: Any) -> Any:
        if errors:
            raise errors.pop()
        return replace(record)

    sender.tracking.replace = failing  # type: ignore[method-assign]
    assert sender.send(emailId="one").status is Status.SENDING
    sender.run_waiting()

    assert sender.tracking.records["one"].status is Status.DELIVERED
    assert sender.bus.statuses("one") == ["sent", "delivered"]


# --- the mode of each attempt -----------------------------------------------------------------------------------------


def test_an_unknown_outcome_in_live_mode_is_settled_before_the_email_is_sunk() -> None:
    sender = Sender()
    sender.mailer.answers.append(OutcomeUnknownError("ReadTimeoutError"))
    sender.run(sender.message(request(emailId="one")))
    switch(sender, SINK)
    sender.run_waiting()
    assert sender.tracking.records["one"].status is Status.SENDING

    sender.clock.sleep(600)
    for _ in range(3):
        sender.run_waiting()
    record = sender.tracking.records["one"]
    assert (record.status, record.attempt, record.ses_message_id) == (Status.DELIVERED, 2, "sink-one-2")
    assert not sender.mailer.accepted


def test_an_email_that_waited_in_live_mode_goes_where_the_mode_of_its_attempt_says() -> None:
    sender = Sender()
    sender.send(emailId="one", sendAt=utc_text(sender.clock.now() + 600), **COPIES)
    switch(sender, REDIRECT)
    for _ in range(3):
        sender.run_waiting()

    assert [mail.recipients for mail in sender.mailer.accepted] == [[MAILBOX]]
    assert sender.tracking.records["one"].delivery_mode == "redirect"


def test_a_sunk_claim_that_a_crash_left_is_free_at_the_end_of_its_lease_in_any_mode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sender = Sender(delivery=SINK)
    message = sender.message(request(emailId="one"))

    class Killed(BaseException):
        pass

    def killed(_record: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(sender.tracking, "replace", killed)
        with pytest.raises(Killed):
            sender.run(message)
    assert sender.tracking.records["one"].sink
    switch(sender, None)
    sender.clock.sleep(40)
    sender.run(QueueMessage("again", message.body, receive_count=2))

    record = sender.tracking.records["one"]
    assert (record.status, record.attempt, record.sink, record.delivery_mode) == (Status.SENT, 1, False, None)
    assert [mail.recipients for mail in sender.mailer.accepted] == [["ada@example.com"]]


def test_the_same_request_in_live_mode_after_it_was_sunk_is_a_duplicate() -> None:
    sender = Sender(delivery=SINK)
    sender.send(emailId="one")
    switch(sender, None)
    sender.send(emailId="one")

    assert not sender.mailer.accepted
    assert sender.metrics.counts["EmailDuplicate"] == 1


def test_a_record_of_live_mode_has_no_attribute_of_delivery_modes() -> None:
    sender = Sender()
    sender.send(emailId="one")

    stored = msgspec.to_builtins(sender.tracking.records["one"])
    assert not {"deliveryMode", "redirectedTo", "sink"} & set(stored)
    assert "redirected" not in sender.mailer.accepted[0].tags


def test_an_internationalised_domain_is_allowed_by_its_ascii_form_whatever_the_case() -> None:
    sender = Sender(delivery=RestrictedDelivery.of("allow", "", ["XN--bcher-kva.example"]))
    record = sender.send(emailId="one", to="Ada@Bücher.example")

    assert not record.sink
    assert [mail.recipients for mail in sender.mailer.accepted] == [["Ada@xn--bcher-kva.example"]]
