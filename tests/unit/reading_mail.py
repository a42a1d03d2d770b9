"""Composes a mail, and reads it as a mail program does."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.errors import MessageDefect
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default, strict
from typing import Any, cast

from sesmail_layer.domain.message import File, compose, resolve_identity
from sesmail_layer.domain.request.email_request import ListUnsubscribe, Priority, parse_request
from sesmail_layer.domain.template.templates import Rendered

NOW = 1_795_516_260.0

TO = "john@example.com"
PLAIN = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "auto-submitted"}
"""Headers that every transactional email has."""


def rendered(**given: str) -> Rendered:
    parts: dict[str, Any] = {
        "subject": "Hello",
        "html": "<p>Hello</p>",
        "text": "Hello",
        "sender_name": "",
        "sender_email": "",
    }
    return Rendered(**{**parts, "reply_to": "", **given})


def raw(
    parts: Rendered | None = None,
    *,
    name: str = "Shop",
    files: list[File] | None = None,
    attempt: int = 1,
    **detail: Any,
) -> bytes:
    """Composes as the sender does, and holds what every message must keep to."""
    request, _ = parse_request({"to": TO, "templateName": "welcome", **detail}, now=NOW)
    identity = resolve_identity(request, parts or rendered(), "shop@example.com", name)
    message = compose(
        request,
        parts or rendered(),
        identity,
        email_id="order-1",
        attempt=attempt,
        now=NOW,
        cc=list(request.cc),
        files=files or [],
        bulk=request.priority is Priority.BULK,
        unsubscribe=request.list_unsubscribe if isinstance(request.list_unsubscribe, ListUnsubscribe) else None,
    )
    assert_well_formed(message)
    return message


def assert_well_formed(message: bytes) -> None:
    assert message.isascii(), "7-bit only: some servers take nothing else"
    assert b"\0" not in message
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert b"\r" not in message.replace(b"\r\n", b"")
    assert max(map(len, message.split(b"\r\n"))) <= 998
    parsed = message_from_bytes(message, policy=strict)
    for part in parsed.walk():
        for name, value in part.items():
            defects: tuple[MessageDefect, ...] = getattr(value, "defects", ())
            assert not defects, f"{name}: {defects}"
        assert not part.defects
    names = [name.casefold() for name in parsed.keys()]  # noqa: SIM118  # a message iterates over its parts as well
    for once in ("from", "to", "subject", "date", "message-id", "mime-version", "cc", "reply-to", "references"):
        assert names.count(once) <= 1
    for needed in ("from", "to", "subject", "date", "message-id", "mime-version", "content-type"):
        assert needed in names
    assert "bcc" not in names


def read(message: bytes) -> EmailMessage:
    return message_from_bytes(message, policy=default)


def header(message: bytes, name: str) -> str:
    """Reads a header by the old interface: unfolded and decoded, nothing more."""
    value = cast(str, message_from_bytes(message, policy=compat32)[name])
    return str(make_header(decode_header(re.sub(r"\r\n(?=[ \t])", "", value))))


def body(message: bytes, kind: str) -> str:
    part = read(message).get_body((kind,))
    assert part is not None
    return str(cast(EmailMessage, part).get_content()).replace("\r\n", "\n").removesuffix("\n")


def names_of(message: bytes) -> set[str]:
    return {name.casefold() for name in read(message).keys()}  # noqa: SIM118
