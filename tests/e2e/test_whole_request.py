"""One email that uses every field of the request, on the deployed engine."""

from __future__ import annotations

import base64
import time
from email.message import EmailMessage
from typing import Any

import pytest

from localcloud.mailbox import Mail
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.wait import wait_for
from sesmail_layer.domain.request.email_request import FIELDS
from sesmail_layer.domain.times import utc_text
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.variables import ATTACHMENTS_BUCKET

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf500f0003860180"
    "5a34e1d10000000049454e44ae426082"
)
PDF = b"%PDF-1.7\n\x80\xff not really\n"
BOUNCING = f"bounce+whole@{SIMULATOR_DOMAIN}"


@pytest.fixture(scope="module")
def request_detail(engine: EngineUnderTest) -> dict[str, Any]:
    engine.s3.create_bucket(Bucket=ATTACHMENTS_BUCKET)
    engine.s3.put_object(Bucket=ATTACHMENTS_BUCKET, Key="invoices/7.pdf", Body=PDF)
    engine.put_email_request_and_wait(BOUNCING, "bounced")
    now = time.time()
    return {
        "to": "Ada@Example.com",
        "templateName": "welcome",
        "templateData": {"userName": "Ada <3", "companyName": "Größe & Söhne"},
        "emailId": "whole-request-1",
        "subject": "Grüße, Ada ✓",
        "senderOverride": {"email": "hello@example.com", "name": "Ünal, Ops"},
        "replyTo": ["help@example.com", "desk@example.com"],
        "metadata": {"orderId": 7, "nested": {"rate": 0.25, "tags": ["a", "b"]}},
        "cc": ["cc@example.com", BOUNCING],
        "bcc": ["bcc@example.com"],
        "attachments": [
            {"filename": "rechnung-ü.pdf", "s3Uri": f"s3://{ATTACHMENTS_BUCKET}/invoices/7.pdf"},
            {"filename": "notes.txt", "contentType": "text/plain", "contentBase64": "aGVsbG8="},
            {
                "filename": "logo.png",
                "contentType": "image/png",
                "contentBase64": base64.b64encode(PNG).decode(),
                "contentId": "logo",
            },
        ],
        "headers": {"X-Campaign": "spring", "References": "<a@example.com>"},
        "listUnsubscribe": {"url": "https://example.com/u/1", "mailto": "unsubscribe@example.com"},
        "priority": "bulk",
        "sendAt": utc_text(now + 4),
        "expiresAt": utc_text(now + 300),
        "locale": "fr-CA",
        "sensitive": True,
        "tags": ["spring-sale", "eu"],
        "topic": "newsletter",
    }


@pytest.fixture(scope="module")
def record(engine: EngineUnderTest, request_detail: dict[str, Any]) -> dict[str, Any]:
    """The record once the email is delivered to every recipient."""
    engine.put_email_requests([request_detail], source="files.app")

    def all_delivered() -> dict[str, Any] | None:
        found = engine.record("whole-request-1") or {}
        states = [found.get("status"), *(state["status"] for state in found.get("recipients", {}).values())]
        return found if states.count("delivered") == 3 else None

    return wait_for(all_delivered, "the delivery to all three recipients", seconds=60)


@pytest.fixture(scope="module")
def mail(engine: EngineUnderTest, record: dict[str, Any]) -> Mail:
    [found] = [mail for mail in engine.mails() if mail.message_id == record["sesMessageId"]]
    return found


def test_the_request_uses_every_field_there_is(request_detail: dict[str, Any]) -> None:
    assert set(request_detail) == set(FIELDS)


def test_the_envelope_has_every_recipient_that_is_not_suppressed(mail: Mail) -> None:
    assert set(mail.destinations) == {"Ada@example.com", "cc@example.com", "bcc@example.com"}
    assert mail.source == "hello@example.com"


def test_the_headers_are_those_of_the_request(mail: Mail) -> None:
    message = mail.parsed
    assert message["Subject"] == "Grüße, Ada ✓"
    assert message["From"].addresses[0].display_name == "Ünal, Ops"
    assert message["Cc"] == "cc@example.com"
    assert message["Bcc"] is None
    assert message["Reply-To"] == "help@example.com, desk@example.com"
    assert (message["X-Campaign"], message["References"]) == ("spring", "<a@example.com>")
    assert message["List-Unsubscribe"] == "<https://example.com/u/1>, <mailto:unsubscribe@example.com>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] is None
    assert message["Date"]
    assert message["Message-ID"]


def test_the_message_has_no_defect_and_only_seven_bit_lines_of_a_sane_length(mail: Mail) -> None:
    assert [part.defects for part in mail.parsed.walk() if part.defects] == []
    assert mail.raw.isascii()
    assert max(len(line) for line in mail.raw.split(b"\r\n")) <= 998
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")


def test_bodies_and_attachments_arrive_as_they_were(mail: Mail) -> None:
    assert "Größe &amp; Söhne" in mail.body("html")
    assert "Ada &lt;3" in mail.body("html")
    assert "Ada <3" in mail.body("plain")
    parts = {part.get_filename(): part for part in mail.parsed.walk() if part.get_filename()}
    assert parts["rechnung-ü.pdf"].get_payload(decode=True) == PDF
    assert parts["notes.txt"].get_payload(decode=True) == b"hello"
    inline = parts["logo.png"]
    assert isinstance(inline, EmailMessage)
    assert (inline.get_payload(decode=True), inline["Content-ID"]) == (PNG, "<logo>")


def test_the_record_holds_everything_but_the_content(record: dict[str, Any], request_detail: dict[str, Any]) -> None:
    assert record["toEmail"] == "ada@example.com"
    assert record["metadata"] == request_detail["metadata"]
    assert (record["templateName"], record["subject"]) == ("welcome", "Grüße, Ada ✓")
    assert record["originalSource"] == "files.app"
    states = {address: (state["type"], state["status"]) for address, state in record["recipients"].items()}
    assert states[BOUNCING] == ("cc", "failed")
    assert states["cc@example.com"] == ("cc", "delivered")
    assert states["bcc@example.com"] == ("bcc", "delivered")
    assert "Größe" not in str(record)
    assert record["sentAt"] >= request_detail["sendAt"]


def test_every_status_of_every_recipient_is_published(engine: EngineUnderTest, record: dict[str, Any]) -> None:
    events = wait_for(
        lambda: found if len(found := engine.subscriber.details_of("whole-request-1")) >= 5 else None,
        "the status events",
    )
    published = {(event["toEmail"], event["status"]) for event in events}
    assert {("ada@example.com", status) for status in ("deferred", "sent", "delivered")} <= published
    assert ("cc@example.com", "delivered") in published
    assert all(event["metadata"] == record["metadata"] for event in events)
