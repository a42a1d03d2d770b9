"""The sender's use case, over fakes."""

from __future__ import annotations

import base64
import email
import email.policy
from typing import Any

import pytest

from sesmail_layer.domain.errors import PermanentError, TransientError
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender


def decoded(value: str) -> str:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()


def parsed(raw: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_a_request_becomes_one_mail_one_record_and_one_status_event() -> None:
    sender = Sender()

    record = sender.send(emailId="order-1", metadata={"orderId": 7, "rate": 0.5})

    (mail,) = sender.mailer.accepted
    assert mail.recipients == ["ada@example.com"]
    assert parsed(mail.raw)["Subject"] == "Hello Ada"
    assert {name: decoded(value) for name, value in mail.tags.items()} == {
        "emailId": "order-1",
        "attempt": "1",
        "templateName": "welcome",
        "source": "my.application",
    }
    assert record.status is Status.SENT
    assert record.ses_message_id == "ses-1"
    assert (record.to_email, record.subject, record.original_source) == (
        "ada@example.com",
        "Hello Ada",
        "my.application",
    )
    (event,) = sender.bus.events
    assert (event.status, event.previous_status, event.ses_message_id) == ("sent", "sending", "ses-1")
    assert event.metadata == {"orderId": 7, "rate": 0.5}


def test_a_request_without_an_id_takes_the_event_s_so_that_a_redelivery_is_the_same_email() -> None:
    sender = Sender()
    message = sender.message(request(), event_id="abc")

    sender.run(message)
    sender.run(message)

    assert list(sender.tracking.records) == ["email-abc"]
    assert len(sender.mailer.accepted) == 1


def test_the_record_has_the_acceptance_in_fixed_width_utc_and_expires_after_the_retention() -> None:
    record = Sender(retention_days=30).send()

    assert record.timestamp == "2026-11-24T10:31:00.000Z"
    assert record.date_partition == "2026-11-24"
    assert record.ttl == int(NOW) + 30 * 86_400


@pytest.mark.parametrize(
    ("fields", "message", "code"),
    [
        ({"to": None}, "Validation error: Missing required field: 'to'", "VAL001"),
        ({"templateName": None}, "Validation error: Missing required field: 'templateName'", "VAL002"),
        ({"to": "not an address"}, "Validation error: Invalid email address format: to 'n***'.", "VAL003"),
        ({"subject": "Hello\r\nBcc: eve@example.com"}, "Validation error: subject", "VAL005"),
    ],
)
def test_a_rejected_request_is_recorded_and_published(fields: dict[str, Any], message: str, code: str) -> None:
    sender = Sender()

    record = sender.send(emailId="bad", **fields)

    assert record.status is Status.FAILED
    assert record.error_type == "validation_error"
    assert record.error_message is not None
    assert record.error_message.startswith(message)
    assert [(e.status, e.error_type, e.ses_message_id) for e in sender.bus.events] == [
        ("failed", "validation_error", None)
    ]
    assert sender.log.codes() == [code]
    assert sender.mailer.accepted == []


def test_an_unusable_address_does_not_reach_the_index() -> None:
    assert Sender().send(to="x" * 400).to_email is None


def test_one_bad_message_leaves_the_other_nine_alone() -> None:
    sender = Sender()
    good = [sender.message(request(emailId=f"good-{n}")) for n in range(9)]
    poison = QueueMessage("poison", "\x00\xff random bytes")

    failed = sender.run(*good[:5], poison, *good[5:])

    assert failed == set()
    assert [message.message_id for message, _ in sender.dead_letters.messages] == ["poison"]
    assert len(sender.mailer.accepted) == 9


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (SuppressionReason.HARD_BOUNCE, "SUPP001"),
        (SuppressionReason.CONSECUTIVE_SOFT_BOUNCES, "SUPP002"),
        (SuppressionReason.SPAM_COMPLAINT, "SUPP003"),
        (SuppressionReason.MANUAL, "SUPP005"),
        (SuppressionReason.SES_SUPPRESSED, "SUPP006"),
    ],
)
def test_a_suppressed_recipient_is_not_written_to(reason: SuppressionReason, code: str) -> None:
    sender = Sender()
    sender.suppression.list_address("ada@example.com", reason)

    record = sender.send(to="Ada@Example.com")

    assert sender.mailer.accepted == []
    assert record.error_type == "suppressed"
    assert record.error_message == f"Email not sent: recipient is suppressed ({reason})"
    assert [line["code"] for line in sender.log.lines if line["level"] == "ERROR"] == [code]


def test_unsubscribing_blocks_bulk_only() -> None:
    sender = Sender()
    sender.suppression.list_address("ada@example.com", SuppressionReason.UNSUBSCRIBE)

    assert sender.send(emailId="reset").status is Status.SENT
    assert sender.send(emailId="newsletter", priority="bulk").error_type == "suppressed"
    assert sender.log.codes() == ["SUPP004"]


def test_suppressed_copies_are_left_out_and_recorded() -> None:
    sender = Sender()
    sender.suppression.list_address("bob@example.com", SuppressionReason.HARD_BOUNCE)

    record = sender.send(cc=["bob@example.com", "cy@example.com"], bcc=["dan@example.com"])

    (mail,) = sender.mailer.accepted
    assert mail.recipients == ["ada@example.com", "cy@example.com", "dan@example.com"]
    assert parsed(mail.raw)["Cc"] == "cy@example.com"
    assert parsed(mail.raw)["Bcc"] is None
    states = {address: (state.type, state.status) for address, state in record.recipients.items()}
    assert states == {
        "bob@example.com": ("cc", Status.FAILED),
        "cy@example.com": ("cc", Status.SENT),
        "dan@example.com": ("bcc", Status.SENT),
    }
    assert record.recipients["bob@example.com"].error_type == "suppressed"
    assert record.status is Status.SENT


def test_nothing_is_sent_while_the_suppression_list_cannot_be_read() -> None:
    sender = Sender()
    sender.suppression.error = TransientError("DynamoDB error checking suppression: timeout", code="AWS001")

    assert sender.waits_after(sender.message(request()))
    assert sender.mailer.accepted == []
    assert sender.tracking.records == {}
    assert "DynamoDB error checking suppression: timeout" in sender.log.messages()


def test_a_batch_costs_one_suppression_read_and_one_publication() -> None:
    sender = Sender()

    sender.run(*(sender.message(request(to=f"user{n}@example.com")) for n in range(10)))

    assert (sender.suppression.reads, sender.bus.calls, len(sender.bus.events)) == (1, 1, 10)
    assert sender.bucket.updates == 1


@pytest.mark.parametrize(
    ("raised", "error_type", "message"),
    [
        (
            PermanentError("ses_rejected", "SES error (MessageRejected): no", code="SES001"),
            "ses_rejected",
            "SES error (MessageRejected): no",
        ),
    ],
)
def test_what_ses_rejects_is_failed(raised: Exception, error_type: str, message: str) -> None:
    sender = Sender()
    sender.mailer.answers.append(raised)

    record = sender.send()

    assert (record.status, record.error_type, record.error_message) == (Status.FAILED, error_type, message)


def test_a_send_that_surely_did_not_happen_gives_the_claim_back_and_is_tried_again() -> None:
    sender = Sender()
    message = sender.message(request(emailId="order-1"))
    sender.mailer.answers.append(TransientError("SES error (connection): refused", code="SES009"))

    assert sender.waits_after(message)
    sender.run_waiting()

    assert sender.tracking.records["order-1"].status is Status.SENT
    assert len(sender.mailer.accepted) == 1


def test_an_attachment_arrives_and_one_that_is_too_large_is_rejected() -> None:
    sender = Sender(max_message_bytes=20_000)
    content = base64.b64encode(b"%PDF-1.7 hello").decode()
    sender.send(emailId="ok", attachments=[{"filename": "invoice.pdf", "contentBase64": content}])
    (attachment,) = parsed(sender.mailer.accepted[0].raw).iter_attachments()
    assert (attachment.get_filename(), attachment.get_content()) == ("invoice.pdf", b"%PDF-1.7 hello")

    big = base64.b64encode(bytes(20_000)).decode()
    record = sender.send(emailId="big", attachments=[{"filename": "a.pdf", "contentBase64": big}])

    assert record.error_type == "attachment_error"
    assert sender.log.codes() == ["VAL007"]


def test_an_attachment_that_is_not_base64_is_rejected_by_field() -> None:
    sender = Sender()

    record = sender.send(attachments=[{"filename": "a.pdf", "contentBase64": "JVBERi0x_Ljc="}])

    assert (record.error_type, record.error_message) == (
        "attachment_error",
        "Validation error: attachments[0].contentBase64: not base64",
    )
    assert sender.log.codes() == ["ATT002"]


def test_unknown_fields_are_named_in_record_and_event_or_rejected() -> None:
    sender = Sender()
    record = sender.send(emailId="one", campaign="spring")
    assert record.unknown_fields == ["campaign"]
    assert sender.bus.events[0].unknown_fields == ["campaign"]

    strict = Sender(refuse_unknown_fields=True)
    assert strict.send(emailId="one", campaign="spring").error_type == "validation_error"
    assert strict.log.codes() == ["VAL006"]


def test_a_request_rejected_for_an_unknown_field_names_it_and_a_corrected_one_may_use_its_id() -> None:
    sender = Sender(refuse_unknown_fields=True)

    record = sender.send(emailId="one", campaign="spring", subject="Hello", cc=["c@example.com"])

    assert (record.subject, record.unknown_fields) == ("Hello", ["campaign"])
    assert {address: state.status for address, state in record.recipients.items()} == {"c@example.com": "failed"}
    assert sender.send(emailId="one", subject="Hello").status is Status.SENT


def test_an_email_to_a_suppressed_address_keeps_its_id_from_other_requests() -> None:
    sender = Sender()
    sender.suppression.list_address("ada@example.com", SuppressionReason.HARD_BOUNCE)
    assert sender.send(emailId="one").error_type == "suppressed"
    sender.send(emailId="one", to="else@example.com")
    [conflict] = [record for record in sender.tracking.records.values() if record.email_id != "one"]
    assert (conflict.error_type, conflict.conflicts_with) == ("duplicate_conflict", "one")


def test_a_template_failure_carries_its_phrase_in_the_log() -> None:
    sender = Sender()

    record = sender.send(templateData={})

    assert record.error_type == "template_render_error"
    expected = "Failed to render template 'welcome': Missing required variables: ['name']"
    assert record.error_message == expected
    assert f"Template error: {expected}" in sender.log.messages()


def test_a_bug_keeps_the_claim_and_the_message_is_redelivered() -> None:
    sender = Sender()
    sender.mailer.answers.append(KeyError("boom"))
    message = sender.message(request(emailId="order-1"))

    assert sender.run(message) == {message.message_id}

    record = sender.tracking.records["order-1"]
    assert record.status is Status.SENDING
    assert record.lease_until > sender.clock.now()
