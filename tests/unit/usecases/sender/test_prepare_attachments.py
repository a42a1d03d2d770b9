"""Where an attachment's content comes from, and the messages of what is wrong with it."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.attachments import FakeAttachments
from tools.simulation.sender import Sender

FILE = "s3://invoices/shop/1.pdf"


class NotedAttachments(FakeAttachments):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str, int]] = []

    def read(self, s3_uri: str, field: str, max_bytes: int) -> bytes:
        self.asked.append((s3_uri, field, max_bytes))
        return super().read(s3_uri, field, max_bytes)


def sent(sender: Sender, **attachment: Any) -> tuple[str, str]:
    """Sends with a harmless attachment before the given one; gives code and message of what went wrong."""
    first = {"filename": "a.txt", "contentBase64": "YQ=="}
    record = sender.send(emailId="one", attachments=[first, {"filename": "b.pdf", **attachment}])
    if record.status is Status.SENT:
        return "", ""
    assert record.error_type == "attachment_error"
    return sender.log.lines[-1]["code"], sender.log.lines[-1]["message"]


@pytest.mark.parametrize("content", ["YQ", "Y\x0cQ==", "Y_==", "YQ==!", "Äh", "YQ=a"])
def test_what_is_no_base64_is_rejected_by_its_field(content: str) -> None:
    assert sent(Sender(), contentBase64=content) == (
        "ATT002",
        "Validation error: attachments[1].contentBase64: not base64",
    )


def test_an_empty_file_is_a_file() -> None:
    sender = Sender()

    assert sent(sender, contentBase64="") == ("", "")

    message = message_from_bytes(sender.mailer.accepted[0].raw, policy=default)
    assert [part.get_payload(decode=True) for part in message.iter_attachments()] == [b"a", b""]


def test_an_object_that_the_producer_may_not_read_is_not_read() -> None:
    sender = Sender()
    sender.attachments = attachments = NotedAttachments()

    assert sent(sender, s3Uri=FILE) == (
        "ATT001",
        "Validation error: attachments[1].s3Uri: not under a prefix that this producer was given",
    )
    assert attachments.asked == []


def test_an_object_is_read_up_to_what_the_files_before_it_leave_of_a_message() -> None:
    sender = Sender(max_message_bytes=200_000)
    sender.attachments = attachments = NotedAttachments()
    attachments.objects[FILE] = b"%PDF"
    sender.control.policies["my.application"] = ProducerPolicy(attachment_prefixes=["s3://invoices/shop/"])

    assert sent(sender, s3Uri=FILE) == ("", "")
    # Base64 makes four bytes of three; the file before it has one byte.
    assert attachments.asked == [(FILE, "attachments[1].s3Uri", (200_000 - 4) * 3 // 4)]


def test_a_missing_object_is_named_by_its_field() -> None:
    sender = Sender()
    sender.control.policies["my.application"] = ProducerPolicy(attachment_prefixes=["s3://invoices/shop/"])

    assert sent(sender, s3Uri=FILE) == ("ATT003", "Validation error: attachments[1].s3Uri: gone")


def test_a_message_that_is_too_large_is_rejected_with_its_size_and_the_limit() -> None:
    sender = Sender(max_message_bytes=1_500)

    code, message = sent(sender, contentBase64="YWFh" * 500)

    assert code == "VAL007"
    assert message.startswith("Validation error: attachments: the message is ")
    assert message.endswith(" bytes, at most 1500 are allowed")


def test_a_hundred_large_objects_are_refused_before_anything_is_read() -> None:
    sender = Sender(max_message_bytes=100_000)
    sender.attachments = attachments = NotedAttachments()
    attachments.objects[FILE] = b"x" * 60_000
    sender.control.policies["my.application"] = ProducerPolicy(attachment_prefixes=["s3://invoices/"])

    record = sender.send(attachments=[{"filename": f"{i}.pdf", "s3Uri": FILE} for i in range(100)])

    assert (record.status, record.error_type, record.error_message) == (
        Status.FAILED,
        "attachment_error",
        "Validation error: attachments[1].s3Uri: 60000 bytes, at most 15000 are allowed",
    )
    assert attachments.asked == []
    assert sender.mailer.accepted == []


def test_an_object_is_refused_unread_by_the_size_that_its_encoding_has() -> None:
    sender = Sender(max_message_bytes=100_000)
    sender.attachments = attachments = NotedAttachments()
    attachments.objects[FILE] = b"x" * 75_001
    sender.control.policies["my.application"] = ProducerPolicy(attachment_prefixes=["s3://invoices/"])

    assert sent(sender, s3Uri=FILE)[0] == "ATT004"
    assert attachments.asked == []


def test_an_object_that_grew_since_it_was_weighed_is_not_read_beyond_the_limit() -> None:
    sender = Sender(max_message_bytes=100_000)
    sender.attachments = attachments = NotedAttachments()
    attachments.objects[FILE] = b"x" * 200_000
    attachments.sizes[FILE] = 10
    sender.control.policies["my.application"] = ProducerPolicy(attachment_prefixes=["s3://invoices/"])

    assert sent(sender, s3Uri=FILE)[0] == "ATT004"


def test_base64_that_is_together_larger_than_a_message_is_refused_by_its_length() -> None:
    sender = Sender(max_message_bytes=1_000)

    # Not base64: a decoder would say so first.
    record = sender.send(attachments=[{"filename": f"{i}.txt", "contentBase64": "!" * 600} for i in range(2)])

    assert record.error_message == (
        "Validation error: attachments: the message is 1200 bytes, at most 1000 are allowed"
    )
