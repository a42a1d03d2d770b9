"""Headers that people read arrive as they were written, and no value adds a header or a recipient."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32
from email.utils import getaddresses
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sesmail_layer.domain.request.email_request import parse_request
from sesmail_layer.domain.request.refusals import Refusal
from tests.unit.reading_mail import NOW, PLAIN, TO, header, names_of, raw, read, rendered

SUBJECTS = [
    "Grüße",
    "Grüße aus dem schönen Süden, wo die Bäume blühen; bis bald! " * 4,
    "plain text that is much longer than one line of a header may be, and has to be folded somewhere; " * 3,
    "x" * 998,
    "ü" * 998,
    "😀" * 300,
    "a  b   c",
    "=?utf-8?q?a=0D=0ABcc:_victim@example.com?=",
    "a=?utf-8?b?DQpCY2M6?= b",
    "50% =? off ?=",
    '"quoted" <b@example.com>, c',
    "Subject: Bcc: x",
    "tab\u00a0nbsp",
    "x" * 80 + " " + "y" * 900,
]


@pytest.mark.parametrize("subject", SUBJECTS, ids=[subject[:20] for subject in SUBJECTS])
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    message = raw(rendered(subject=subject))
    assert header(message, "Subject") == subject.strip()
    assert read(message)["Subject"] == subject.strip()
    assert names_of(message) == PLAIN


NAMES = [
    "Acme, Inc.",
    "Jörg Müller",
    'The "Shop"',
    "back\\slash",
    "a@b",
    "John <evil@example.com>",
    "=?utf-8?q?a=0D=0ABcc:_victim@example.com?=",
    "a very long plain name that has to be folded somewhere, because it is far longer than one line <x@example.com>, y",
    "Jörg Müller und seine Frau Änne, Abteilung für Öffentlichkeitsarbeit; im schönen Österreich und anderswo",
    "n" * 290,
    "O'Neil (Sales) [Team]: a; b",
    "😀",
    "株式会社" * 12,
]


@pytest.mark.parametrize("name", NAMES, ids=[name[:20] for name in NAMES])
def test_a_sender_s_name_is_one_name_whatever_is_in_it(name: str) -> None:
    message = raw(name=name)
    value = cast(str, message_from_bytes(message, policy=compat32)["From"])
    [(written, address)] = getaddresses([re.sub(r"\r\n(?=[ \t])", "", value)])
    assert address == "shop@example.com"
    assert str(make_header(decode_header(written))) == name
    assert [item.addr_spec for item in read(message)["From"].addresses] == ["shop@example.com"]
    assert names_of(message) == PLAIN


@pytest.mark.parametrize("name", ["", " ", "\n"])
def test_without_a_name_there_is_the_address_alone(name: str) -> None:
    assert header(raw(name=name), "From") == "shop@example.com"


_PIECES = [*"ab ,;:<>\"'()[]@\\=?_-.", "=?", "?=", "utf-8", "?q?", "=0D=0A", "ü", "😀", "Bcc:"]

tricky = st.lists(st.sampled_from(_PIECES), max_size=40).map("".join) | st.text(max_size=120)


@given(subject=tricky, name=tricky, value=tricky, url=tricky)
@example(subject="=?utf-8?q?=0D=0ABcc:_x?=", name="=?utf-8?q?=0A?=", value="=?utf-8?b?Cg==?=", url="=?utf-8?q?=0A?=")
@example(subject="a", name=", ".join(["x@example.com"] * 9), value="b", url="c")
@example(subject="", name="0" + "¡" * 53 + "ࠀ" * 8 + "∆∏∑√∞∫≈≠≤≥◊☃", value="", url="")
def test_no_value_adds_a_header_or_a_recipient(subject: str, name: str, value: str, url: str) -> None:
    detail: dict[str, Any] = {
        "subject": subject,
        "senderOverride": {"name": name},
        "headers": {"X-Value": value},
        "listUnsubscribe": {"url": f"https://example.com/{url}"},
    }
    kept: dict[str, Any] = {}
    for field, content in detail.items():
        try:
            parse_request({"to": TO, "templateName": "t", field: content}, now=NOW)
        except Refusal:
            continue
        kept[field] = content
    shown = subject if "subject" in kept else "Hello"
    try:
        message = raw(rendered(subject=shown), **kept)
    except Refusal as refusal:
        # Only with the sender's address is the From line known, and its length as encoded.
        if "senderOverride.name: found a From line of" not in str(refusal):
            raise
        return
    extra = {"x-value"} if "headers" in kept else set()
    extra |= {"list-unsubscribe", "list-unsubscribe-post"} if "listUnsubscribe" in kept else set()
    assert names_of(message) == PLAIN | extra
    parsed = read(message)
    for _, content in parsed.items():
        assert len(content.splitlines()) <= 1
    assert [item.addr_spec for item in parsed["From"].addresses] == ["shop@example.com"]
    assert [item.addr_spec for item in parsed["To"].addresses] == [TO]
    assert header(message, "Subject") == shown.strip()
    if "headers" in kept:
        assert header(message, "X-Value") == value.strip()
