"""The MIME message of one email (RFC 5322, 2045-2049, 2369, 8058)."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import cast

import msgspec

from sesmail_layer.domain.email_request import EmailRequest, ListUnsubscribe, Priority
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.mail_headers import HeaderLine, address_line, harmless_filename, link_line, text_line
from sesmail_layer.domain.templates import Rendered

# Lines of at most 998 octets, and base64 or quoted-printable for anything that is not plain ASCII: some of SES's
# recipients' servers take no 8-bit bodies.
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)


class Identity(msgspec.Struct, frozen=True):
    """Who an email is from, and where replies go."""

    email: str
    name: str
    reply_to: list[str]

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


class File(msgspec.Struct, frozen=True):
    """An attachment with its content at hand."""

    filename: str
    content: bytes
    content_type: str | None = None
    content_id: str | None = None


def resolve_identity(
    request: EmailRequest, rendered: Rendered, default_email: str, default_name: str, default_reply_to: str = ""
) -> Identity:
    """Picks address and name independently: the event's, then the template's, then the default. Raises SNDR001."""
    override = request.sender_override
    email = (override.email if override else None) or rendered.sender_email or default_email
    name = (override.name if override else None) or rendered.sender_name or default_name
    if not email:
        raise PermanentError(
            "validation_error",
            "No sender email configured. Set senderOverride.email in the event, senderEmail in the template's "
            "metadata.json, or default_sender_email in Terraform.",
            code="SNDR001",
        )
    fallback = rendered.reply_to or default_reply_to
    reply_to = request.reply_to_addresses or ([fallback] if fallback else [])
    return Identity(email, name, reply_to)


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
) -> bytes:
    """Writes the message: text and HTML, inline images, attachments. No Bcc header, ever."""
    message = EmailMessage(policy=_POLICY)
    _set_headers(message, request, rendered, identity, cc)
    message["Date"] = format_datetime(datetime.fromtimestamp(int(now), UTC))
    unique = hashlib.sha256(f"{email_id}\n{attempt}".encode()).hexdigest()[:40]
    message["Message-ID"] = HeaderLine("Message-ID", f"<{unique}@{identity.domain}>")
    message.set_content(rendered.text, cte=_transfer_encoding(rendered.text))
    message.add_alternative(rendered.html, subtype="html", cte=_transfer_encoding(rendered.html))
    # The images go around the HTML part as it is now: once it has one, it is the multipart/related that takes the next.
    html = cast(EmailMessage, message.get_body(("html",)))
    for file in files:
        if file.content_id:
            _add_inline(html, file)
    for file in files:
        if not file.content_id:
            maintype, subtype = _type_of(file)
            filename = harmless_filename(file.filename)
            message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=filename)
    return message.as_bytes()


def _set_headers(
    message: EmailMessage, request: EmailRequest, rendered: Rendered, identity: Identity, cc: list[str]
) -> None:
    message["From"] = address_line("From", [identity.email], identity.name)
    message["To"] = address_line("To", [request.to])
    if cc:
        message["Cc"] = address_line("Cc", cc)
    if identity.reply_to:
        message["Reply-To"] = address_line("Reply-To", identity.reply_to)
    message["Subject"] = text_line("Subject", rendered.subject)
    given = {name.casefold() for name in request.headers}
    if request.priority is Priority.TRANSACTIONAL and "auto-submitted" not in given:
        # RFC 3834: keeps out-of-office replies from answering a machine.
        message["Auto-Submitted"] = "auto-generated"
    for name, value in request.headers.items():
        message[name] = text_line(name, value)
    if request.list_unsubscribe is not None:
        _set_list_unsubscribe(message, request.list_unsubscribe)


def _set_list_unsubscribe(message: EmailMessage, unsubscribe: ListUnsubscribe) -> None:
    mailto = unsubscribe.mailto and re.sub(r"^(mailto:)?", "mailto:", unsubscribe.mailto, count=1)
    places = [place for place in (unsubscribe.url, mailto) if place]
    message["List-Unsubscribe"] = link_line("List-Unsubscribe", places)
    if unsubscribe.url and unsubscribe.url.startswith("https://"):
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _transfer_encoding(text: str) -> str:
    """Quoted-printable while most of it stays readable, base64 for scripts that it would swell threefold."""
    beyond_ascii = sum(character > "\x7f" for character in text)
    return "base64" if beyond_ascii * 4 > len(text) else "quoted-printable"


def _add_inline(html: EmailMessage, file: File) -> None:
    maintype, subtype = _type_of(file)
    html.add_related(
        file.content,
        maintype=maintype,
        subtype=subtype,
        cid=f"<{file.content_id}>",
        disposition="inline",
        filename=harmless_filename(file.filename),
    )


def _type_of(file: File) -> tuple[str, str]:
    guessed = file.content_type or mimetypes.guess_type(file.filename)[0] or "application/octet-stream"
    maintype, _, subtype = guessed.partition("/")
    # text/* and message/* parts would need a charset or a parsed message; a file's bytes go as they are.
    return ("application", "octet-stream") if maintype in ("message", "multipart") else (maintype, subtype)
