"""The request, in Python's names. Generated from docs/schemas by `make docs`: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Required, TypedDict


class Sender(TypedDict, total=False):
    """Who the email is from, in place of the template's and the default sender; at least one of the two."""

    email: str | None
    """An email address (RFC 5321)."""
    name: str | None


class Attachment(TypedDict, total=False):
    """A file to go with the email: base64 content, or an S3 object under a prefix that the producer was given."""

    filename: Required[str]
    content_type: str | None
    content_base64: str | None
    s3_uri: str | None
    content_id: str | None


class ListUnsubscribe(TypedDict, total=False):
    """Where a recipient unsubscribes; an https url also offers one click (RFC 8058). At least one of the two."""

    url: str | None
    mailto: str | None


Priority = Literal["bulk", "transactional"]


class EmailRequest(TypedDict, total=False):
    """One email that a producer asks for."""

    to: Required[str]
    """An email address (RFC 5321)."""
    template_name: Required[str]
    """A folder under templates/ in the bucket."""
    template_data: Mapping[str, Any] | None
    """Handed to the template."""
    email_id: str | None
    """Makes a repeated request one email."""
    subject: str | None
    """Overrides the template's subject."""
    sender_override: Sender | None
    reply_to: str | list[str] | None
    """An email address (RFC 5321)."""
    metadata: Mapping[str, Any] | None
    """Stored, and echoed in every status event; 16 KB."""
    cc: list[str] | None
    bcc: list[str] | None
    attachments: list[Attachment] | None
    headers: Mapping[str, str] | None
    list_unsubscribe: bool | ListUnsubscribe | None
    """true: a link of the engine's own page, for bulk mail without cc and bcc."""
    priority: Priority | None
    send_at: str | datetime | None
    """RFC 3339, such as 2026-11-24T10:31:00Z."""
    expires_at: str | datetime | None
    """RFC 3339, such as 2026-11-24T10:31:00Z."""
    locale: str | None
    """BCP 47."""
    sensitive: bool | None
    tags: list[str] | None
    """Stored, and echoed in status events."""
    topic: str | None
    """What kind of mail it is; default: templateName."""


class UnsubscribeDetail(TypedDict, total=False):
    """An email to the recipient alone, or the address, with or without a topic."""

    email_id: str | None
    """An email to the recipient; it names the topic too."""
    email: str | None
    """An email address (RFC 5321)."""
    topic: str | None
    """What the recipient leaves; absent: all your bulk mail."""
