"""The headers of a redirected email: one recipient, and who it was for."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from sesmail_layer.domain.guards.delivery_mode import Redirection
from sesmail_layer.domain.message import Identity, compose
from sesmail_layer.domain.request.email_request import parse_request
from sesmail_layer.domain.template.templates import Rendered
from tools.simulation.fakes import NOW, request

MAILBOX = "team@example.org"


def redirected(
    *, subject: str = "Hello", cc: list[str] | None = None, bcc: list[str] | None = None, **fields: Any
) -> bytes:
    parsed, _ = parse_request(request(**fields), now=NOW, max_schedule_days=30)
    rendered = Rendered(subject=subject, html="<p>Hi</p>", text="Hi", sender_name="", sender_email="", reply_to="")
    identity = Identity("noreply@example.com", "Example", ["help@example.com"])
    redirection = Redirection(MAILBOX, parsed.to, cc or [], bcc or [])
    return compose(
        parsed, rendered, identity, email_id="one", attempt=1, now=NOW, cc=cc or [], files=[], redirection=redirection
    )


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_only_the_mailbox_is_a_recipient_and_the_others_are_named() -> None:
    message = read(redirected(cc=["bea@example.com", "cid@example.com"], bcc=["dan@example.com"]))

    assert message.get_all("To") == [MAILBOX]
    assert message.get_all("Cc") is None
    assert message.get_all("Bcc") is None
    assert message["X-Original-To"] == "ada@example.com"
    assert message["X-Original-Cc"] == "bea@example.com, cid@example.com"
    assert message["X-Original-Bcc"] == "dan@example.com"
    assert message["Reply-To"] == "help@example.com"
    assert message["Subject"] == "[to ada@example.com] Hello"


def test_headers_of_no_recipients_are_left_out() -> None:
    message = read(redirected())
    assert [name for name in message if name.startswith("X-Original-")] == ["X-Original-To"]


def test_a_producer_cannot_forge_who_it_was_for() -> None:
    forged = {"X-Original-To": "x@example.com", "x-original-cc": "y@example.com", "X-ORIGINAL-BCC": "z@example.com"}
    message = read(redirected(headers={**forged, "X-Order": "7"}))

    assert message.get_all("X-Original-To") == ["ada@example.com"]
    assert message.get_all("X-Original-Cc") is None
    assert message.get_all("X-Original-Bcc") is None
    assert message["X-Order"] == "7"


@pytest.mark.parametrize("subject", ["x" * 998, "word " * 199, "é" * 998, "=?utf-8?q?spoof?="])
def test_any_subject_with_its_prefix_and_49_copies_fit_into_lines(subject: str) -> None:
    long = [f"{'a' * 60}{number}@{'b' * 60}.{'c' * 60}.{'d' * 50}.example" for number in range(10, 59)]
    raw = redirected(subject=subject, bcc=long)

    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert read(raw)["Subject"] == f"[to ada@example.com] {subject.strip()}"
    assert read(raw)["X-Original-Bcc"] == ", ".join(long)
