"""What a type checker must accept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import assert_never

from sesmail_client import Email, EmailBounced, SESMailClient, StatusEvent, parse_status


def send_all(emails: SESMailClient) -> list[str]:
    one = emails.send(
        to="john@example.com",
        template_name="invoice",
        template_data={"total": 49.0, "items": [{"name": "Desk lamp"}]},
        sender_override={"name": "Shop"},
        reply_to=["help@example.com"],
        cc=["jane@example.com"],
        attachments=[{"filename": "invoice.pdf", "content_base64": "JVBERi0="}],
        headers={"X-Campaign": "spring"},
        list_unsubscribe={"url": "https://example.com/u"},
        priority="bulk",
        send_at=datetime.now(UTC) + timedelta(days=1),
        expires_at="2026-12-01T14:00:00+01:00",
        tags=["spring-sale"],
        subject=None,
        about="invoice 2026-0001",
    )
    return [one, *emails.send_many(newsletter(), progress=lambda accepted: print(accepted))]


def leave(emails: SESMailClient) -> None:
    emails.request_unsubscribe(about="newsletter 1 to ada@example.com")
    emails.request_unsubscribe(email="ada@example.com", topic="weekly-digest")


def newsletter() -> Iterator[Email]:
    for number in range(25):
        yield {
            "to": f"reader{number}@example.com",
            "template_name": "welcome",
            "email_id": f"newsletter:{number}",
            "priority": "bulk",
            "topic": "weekly-digest",
            "list_unsubscribe": True,
        }


def handle(event: dict[str, object]) -> str | None:
    found: StatusEvent = parse_status(event)
    if isinstance(found, EmailBounced):
        return found.bounce_class
    match found.status:
        case "failed":
            return f"{found.error_type}: {found.error_message}"
        case "deferred":
            return found.until.isoformat()
        case "opened" | "clicked":
            return str(found.machine)
        case "sent" | "delayed" | "soft_bounced" | "delivered" | "complained":
            return found.to_email
        case _ as never:
            assert_never(never)
