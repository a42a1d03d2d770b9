"""One mail, taken apart for the inbox: headers, bodies, attachments, who received it, and its HTML made harmless."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import getaddresses
from functools import cached_property
from typing import cast
from urllib.parse import unquote

from localcloud.mailbox import Mail
from sesmail_layer.domain.ses.tags import decode_tag

# Names of parts of a message, in an HTML body: https://www.rfc-editor.org/rfc/rfc2392
_CID = re.compile(r"cid:([^\"'\s)<>]+)", re.IGNORECASE)
_IMAGE_TYPE = re.compile(r"image/[a-z0-9.+-]+")
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_DOCTYPE = re.compile(r"^\s*<!doctype[^>]*>", re.IGNORECASE)
_SCHEME_QUERY = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_REMOTE_IMAGE = re.compile(
    r"(?:\b(?:src|srcset|background|poster)\s*=\s*[\"']?\s*|url\(\s*[\"']?\s*)(?:https?:)?//", re.IGNORECASE
)
_ENGINE_TAGS = ("emailId", "attempt", "templateName", "source")
# Links open in a tab of their own: the frame must show nothing but the mail.
_BASE = '<base target="_blank">'


@dataclass(frozen=True)
class Attachment:
    """A part that is neither the HTML nor the text."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""
    is_inline: bool = False


@dataclass(frozen=True)
class Recipient:
    """An address of the envelope, and the header that shows it to the others."""

    address: str
    kind: str
    """`to`, `cc` or `bcc`, the last if no header names it."""


class OpenedMail:
    """A mail and its parts. What is malformed is shown as far as it can be read."""

    def __init__(self, mail: Mail) -> None:
        self.mail = mail

    # --- headers, envelope, tags -------------------------------------------------------------------------------

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        """All headers in order, decoded."""
        return [(name, _decoded(str(value))) for name, value in self.mail.parsed.raw_items()]

    def header(self, name: str) -> str:
        """Return the first header of a name; empty if there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def recipients(self) -> list[Recipient]:
        """The envelope's recipients: who really gets the mail."""
        shown = {kind: self._addresses(kind) for kind in ("to", "cc")}
        return [
            Recipient(address, next((kind for kind in shown if address.lower() in shown[kind]), "bcc"))
            for address in self.mail.destinations
        ]

    def _addresses(self, name: str) -> set[str]:
        values = [value for key, value in self.headers if key.lower() == name]
        return {address.lower() for _, address in getaddresses(values)}

    @property
    def tags(self) -> list[tuple[str, str]]:
        """The SES tags, as the engine's producers know them."""
        return [(name, self.tag(name)) for name, _ in self.mail.tags]

    def tag(self, name: str) -> str:
        """Return a tag's value: decoded if the engine wrote it, else as it is; empty if there is none."""
        value = dict(self.mail.tags).get(name, "")
        return (decode_tag(value) or value) if name in _ENGINE_TAGS else value

    # --- parts -------------------------------------------------------------------------------------------------

    @cached_property
    def html(self) -> str:
        return _text_of(self._html_part)

    @cached_property
    def text(self) -> str:
        return _text_of(self._body("plain"))

    @cached_property
    def attachments(self) -> list[Attachment]:
        bodies = [part for part in (self._html_part, self._body("plain")) if part is not None]
        parts = [part for part in _leaves(self.mail.parsed) if not any(part is body for body in bodies)]
        return [_attachment(part, number) for number, part in enumerate(parts, start=1) if _is_attachment(part)]

    @property
    def source(self) -> str:
        """The whole message as text."""
        return self.mail.raw.decode("utf-8", "replace")

    @property
    def has_remote_images(self) -> bool:
        return _REMOTE_IMAGE.search(self.html) is not None

    def framed_html(self, mode: str) -> str:
        """Return the HTML for the frame, with inline images in it.

        `mode` light or dark answers its queries for a colour scheme: browsers differ on whether a frame follows one.
        """
        images = {one.content_id: one for one in self.attachments if _IMAGE_TYPE.fullmatch(one.content_type)}

        def data_url(found: re.Match[str]) -> str:
            image = images.get(unquote(found[1])) or images.get(found[1])
            if image is None or not image.content_id:
                return found[0]
            return f"data:{image.content_type};base64,{base64.b64encode(image.content).decode()}"

        html = _CID.sub(data_url, self.html)
        html = _SCHEME_QUERY.sub(lambda query: f"({'min' if query[1].lower() == mode else 'max'}-width: 0px)", html)
        place = _HEAD.search(html) or _DOCTYPE.match(html)
        end = place.end() if place else 0
        return html[:end] + _BASE + html[end:]

    @cached_property
    def _html_part(self) -> EmailMessage | None:
        return self._body("html")

    def _body(self, kind: str) -> EmailMessage | None:
        try:
            return cast("EmailMessage | None", self.mail.parsed.get_body((kind,)))
        except (AttributeError, KeyError, ValueError):  # a malformed structure
            return None


def _decoded(value: str) -> str:
    """Decode a header's value; as it is where it is malformed."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", value)
    try:
        found = str(make_header(decode_header(unfolded)))
    except (LookupError, ValueError, MessageError):
        found = unfolded
    return found.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _leaves(part: Message) -> Iterator[EmailMessage]:
    """Yield the parts that have content; an attached message is one."""
    if part.get_content_maintype() != "multipart" or not part.is_multipart():
        yield cast("EmailMessage", part)
        return
    for child in cast("list[Message]", part.get_payload()):
        yield from _leaves(child)


def _text_of(part: EmailMessage | None) -> str:
    if part is None:
        return ""
    content = _content_of(part)
    charset = part.get_content_charset() or "utf-8"
    try:
        return content.decode(charset, "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _content_of(part: Message) -> bytes:
    """Return a part's decoded content; of an attached message, the whole message."""
    if part.is_multipart():
        return b"\r\n".join(child.as_bytes() for child in cast("list[Message]", part.get_payload()))
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _is_attachment(part: EmailMessage) -> bool:
    return bool(part.get_content_maintype() != "text" or _filename(part) or part.get("Content-Disposition"))


def _filename(part: EmailMessage) -> str:
    try:
        return part.get_filename() or ""
    except (AttributeError, LookupError, ValueError):  # a malformed header
        return ""


def _attachment(part: EmailMessage, number: int) -> Attachment:
    return Attachment(
        name=_filename(part) or f"part-{number}",
        content_type=part.get_content_type().lower(),
        content=_content_of(part),
        content_id=str(part.get("Content-ID", "")).strip().strip("<>"),
        is_inline=str(part.get("Content-Disposition", "")).strip().lower().startswith("inline"),
    )
