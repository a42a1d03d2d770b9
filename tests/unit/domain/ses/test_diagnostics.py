"""The words of a diagnostic: which are removed, and which are evidence."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.ses.bounces import (
    ABOUT_THE_SENDER,
    AUTOMATIC_REPLY,
    LIMITED,
    MAILBOX_FULL,
    UNKNOWN_USER,
    without_names,
)

PATTERNS = [ABOUT_THE_SENDER, MAILBOX_FULL, LIMITED, UNKNOWN_USER, AUTOMATIC_REPLY]
WORDS = ["vacation", "spf", "blocklist", "over quota", "greylisted", "unknown user", "sender rejected", "out of office"]


@pytest.mark.parametrize(
    "name",
    [
        "vacation@example.com",
        "<vacation@example.com>",
        "(vacation+tag@example.com)",
        "[vacation@example.com]:",
        '"out of office"@example.com',
        "<vacation>",
        "john@vacation.example",
        "https://vacation.example/spf",
        "http://192.0.2.7/vacation",
        "https://[2001:db8::1]/vacation",
        "www.example.com/vacation",
        "help.example.com/why/blocked-using/spf?greylisted",
        "192.0.2.7/vacation",
        "mailto:vacation@example.com",
        "mx1.vacation.example",
        "mx.spf.dmarc.example",
    ],
)
def test_a_name_has_no_words(name: str) -> None:
    left = without_names(f"550 {name} closed")

    assert re.sub(r"[\s()\[\]:]+", " ", left) == "550 closed"
    assert not any(pattern.found_in(left) for pattern in PATTERNS)


@pytest.mark.parametrize(
    "text", ["550 5.1.1 User unknown", "minutes.<421 4.7.0 Try later>", "listed at zen.spamhaus.org"]
)
def test_what_is_no_name_stays(text: str) -> None:
    assert without_names(text) == text


@pytest.mark.parametrize("name", ["mx-spf.example", "spf.example", "no-spam", "mx.spf", "xspf", "spfx", "spf-1"])
def test_a_part_of_a_host_name_or_of_a_longer_word_is_no_word(name: str) -> None:
    assert not ABOUT_THE_SENDER.found_in(f"550 5.1.1 {name} user unknown")


def test_a_word_at_the_end_of_a_sentence_is_one_also_without_a_space() -> None:
    assert UNKNOWN_USER.found_in("550 User unknown.Please check the address")
    assert MAILBOX_FULL.found_in("552 Boite du destinataire pleine.Recipient overquota.")
    assert ABOUT_THE_SENDER.found_in("550 Message not delivered.Sender address rejected")


@pytest.mark.parametrize(
    "text",
    [
        "550 5.1.1 User unknown. Contact your mail server administrator.",
        "550 5.1.1 User unknown; message returned to sender, delivery rejected",
        "550 5.1.1 User unknown (in reply to RCPT TO command), return to the sender refused",
        "550 John not listed in Domino Directory",
        "550 5.2.1 This account has been banned",
        "550 5.1.1 The email account that you tried to reach does not exist",
    ],
)
def test_words_about_the_recipient_are_not_about_the_sender(text: str) -> None:
    assert not ABOUT_THE_SENDER.found_in(text)


@given(st.sampled_from(WORDS), st.from_regex(r"[a-z0-9.-]{0,8}", fullmatch=True))
def test_no_word_in_a_local_part_is_evidence(word: str, rest: str) -> None:
    local = word.replace(" ", "-") + rest.strip(".")
    left = without_names(f"smtp; 550 <{local}@example.com>: closed")

    assert not any(pattern.found_in(left) for pattern in PATTERNS)


@pytest.mark.parametrize(
    "hostile",
    ["a." * 250, "sender " * 70, "@" * 500, "<" * 500, '"' * 500, "mailbox a " * 50, "a-" * 250, "quota exceed " * 40],
)
def test_hostile_text_is_read_at_once(hostile: str) -> None:
    started = time.perf_counter()
    left = without_names(hostile)
    for pattern in PATTERNS:
        pattern.found_in(left)

    assert time.perf_counter() - started < 0.25
