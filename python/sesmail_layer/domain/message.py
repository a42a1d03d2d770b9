"""The MIME message of one email (RFC 5322, 2045-2049, 2369, 8058)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

import msgspec

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.mime import (
    EOL,
    address_line,
    custom_line,
    file_part,
    harmless_filename,
    header_line,
    link_line,
    multipart,
    text_line,
    text_part,
)
from sesmail_layer.domain.mime_types import UNKNOWN, type_of
from sesmail_layer.domain.request.email_request import EmailRequest, ListUnsubscribe
from sesmail_layer.domain.request.refusals import Refusal

if TYPE_CHECKING:
    # The feedback processor imports this module too, and renders nothing.
    from sesmail_layer.domain.guards.delivery_mode import Redirection
    from sesmail_layer.domain.template.templates import Rendered

MAX_FROM = 320
"""Characters of the From line as encoded: SES refuses longer ones, name and address together."""


class Identity(msgspec.Struct, frozen=True):
    """Sender and reply addresses of an email."""

    email: str
    name: str
    reply_to: list[str]
    origin: str = ""
    """Where the address was set, as messages name it."""

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


class File(msgspec.Struct, frozen=True):
    """An attachment with its content."""

    filename: str
    content: bytes
    content_type: str | None = None
    content_id: str | None = None


def resolve_identity(request: EmailRequest, rendered: Rendered, default_email: str, default_name: str) -> Identity:
    """Choose address and name independently: the event's, then the template's, then the default. Raises SNDR001."""
    override = request.sender_override
    email_origin, email = _first_set(
        {
            "senderOverride.email": override.email if override else None,
            "the template's senderEmail": rendered.sender_email,
            "default_sender_email in Terraform": default_email,
        }
    )
    name_origin, name = _first_set(
        {
            "senderOverride.name": override.name if override else None,
            "the template's senderName": rendered.sender_name,
            "default_sender_name in Terraform": default_name,
        }
    )
    if not email:
        raise PermanentError(
            "validation_error",
            "No sender email configured. Set senderOverride.email in the event, senderEmail in the template's "
            "metadata.json, or default_sender_email in Terraform.",
            code="SNDR001",
        )
    _check_from(email, name, name_origin or email_origin)
    reply_to = request.reply_to_addresses or ([rendered.reply_to] if rendered.reply_to else [])
    return Identity(email, name, reply_to, email_origin)


def _first_set(values: Mapping[str, str | None]) -> tuple[str, str]:
    """Return the first value that is not empty, after its origin."""
    return next(((origin, value) for origin, value in values.items() if value), ("", ""))


def _check_from(email: str, name: str, origin: str) -> None:
    length = len(address_line("From", [email], name).replace(EOL, ""))
    if length > MAX_FROM:
        raise Refusal(
            f"{origin}: found a From line of {length} characters as encoded; allowed: "
            f"{MAX_FROM}; use a shorter name (a character outside ASCII counts for about four)"
        )


def compose(
    request: EmailRequest,
    rendered: Rendered,
    identity: Identity,
    *,
    email_id: str,
    attempt: int,
    now: float,
    cc: list[str],
    files: list[File],
    bulk: bool = False,
    unsubscribe: ListUnsubscribe | None = None,
    redirection: Redirection | None = None,
) -> bytes:
    """Compose the message: text and HTML, inline images, attachments. Never a Bcc header."""
    unique = hashlib.sha256(f"{email_id}\n{attempt}".encode()).hexdigest()[:40]
    headers = [
        *_headers(request, rendered, identity, cc, redirection, bulk=bulk),
        *_list_headers(request, unsubscribe, bulk=bulk),
        header_line("Date", format_datetime(datetime.fromtimestamp(int(now), UTC))),
        header_line("Message-ID", f"<{unique}@{identity.domain}>"),
        f"MIME-Version: 1.0{EOL}",
    ]
    html = text_part("html", rendered.html)
    images = [_part(file) for file in files if file.content_id]
    if images:
        html = multipart("related", unique, [html, *images])
    body = multipart("alternative", unique, [text_part("plain", rendered.text), html])
    attachments = [_part(file) for file in files if not file.content_id]
    if attachments:
        body = multipart("mixed", unique, [body, *attachments])
    return "".join(headers).encode() + body


def _headers(
    request: EmailRequest,
    rendered: Rendered,
    identity: Identity,
    cc: list[str],
    redirection: Redirection | None,
    *,
    bulk: bool,
) -> Iterator[str]:
    yield address_line("From", [identity.email], identity.name)
    yield address_line("To", [redirection.mailbox if redirection else request.to])
    if cc and not redirection:
        yield address_line("Cc", cc)
    for name, addresses in redirection.headers() if redirection else ():
        yield address_line(name, addresses)
    if identity.reply_to:
        yield address_line("Reply-To", identity.reply_to)
    yield text_line("Subject", redirection.subject(rendered.subject) if redirection else rendered.subject)
    given = {name.casefold() for name in request.headers}
    if not bulk and rendered.auto_submitted and "auto-submitted" not in given:
        # RFC 3834: keeps out-of-office replies from answering a machine.
        yield header_line("Auto-Submitted", "auto-generated")
    for name, value in request.headers.items():
        if not (redirection and redirection.is_own_header(name)):
            yield custom_line(name, value)


def _list_headers(request: EmailRequest, unsubscribe: ListUnsubscribe | None, *, bulk: bool) -> Iterator[str]:
    if bulk and "precedence" not in {name.casefold() for name in request.headers}:
        yield header_line("Precedence", "bulk")
    if unsubscribe is not None:
        yield from _list_unsubscribe(unsubscribe)


def _list_unsubscribe(unsubscribe: ListUnsubscribe) -> Iterator[str]:
    mailto = unsubscribe.mailto and re.sub(r"^(mailto:)?", "mailto:", unsubscribe.mailto, flags=re.IGNORECASE)
    yield link_line("List-Unsubscribe", [place for place in (unsubscribe.url, mailto) if place])
    if unsubscribe.url and unsubscribe.url.casefold().startswith("https://"):
        yield header_line("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def _part(file: File) -> bytes:
    return file_part(file.content, _type_of(file), harmless_filename(file.filename), file.content_id)


def _type_of(file: File) -> str:
    content_type = file.content_type or type_of(file.filename)
    # A multipart or message part would need parts of its own; a file's bytes go as they are.
    return UNKNOWN if content_type.partition("/")[0].casefold() in ("message", "multipart") else content_type
