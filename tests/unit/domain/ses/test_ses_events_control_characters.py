"""No text of an SES event keeps a control character: it is shown on screens, and written to logs."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.ses.outcomes import outcomes
from sesmail_layer.domain.ses.ses_events import read_event, text
from tools.simulation.feedback import bounced, complained, delivered, event, opened

C0_C1 = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
BIDI = list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LINES = ["\u2028", "\u2029"]


@pytest.mark.parametrize("control", [*C0_C1, *BIDI, *LINES], ids=lambda control: f"U+{ord(control):04X}")
def test_a_control_character_is_removed_and_words_stay_apart(control: str) -> None:
    read = text(f"550{control}user {control}unknown{control}")

    assert read in ("550 user unknown", "550user unknown", "550 user  unknown")
    assert (read == "550user unknown") is (control not in "\t\n\v\f\r\x85\u2028\u2029")


def test_a_terminals_escapes_are_gone_from_a_diagnostic() -> None:
    written = "smtp; 550 \x1b]0;owned\x07\x1b[2J\x9b31m\u202ekcolb\r\n550 5.1.1 user unknown"

    assert text(written) == "smtp; 550 ]0;owned[2J31mkcolb 550 5.1.1 user unknown"


def test_a_text_of_nothing_but_control_characters_is_absent() -> None:
    assert text("\x1b\x00\n\u202e") is None
    assert text(" \t ") is None


def test_texts_are_cut_after_they_are_cleaned() -> None:
    assert text("\x00" * 600 + "abc") == "abc"


def _dirty(value: Any) -> Any:
    """The same document with control characters inside every text but times and types."""
    if isinstance(value, dict):
        kept = ("eventType", "timestamp", "tags")
        return {name: item if name in kept else _dirty(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_dirty(item) for item in value]
    return f"{value[:1]}\x1b\u202e{value[1:]}\x9f" if isinstance(value, str) else value


@pytest.mark.parametrize("document", [bounced(), delivered(), complained(), opened()])
def test_an_event_reads_the_same_with_control_characters_in_its_texts(document: dict[str, Any]) -> None:
    assert outcomes(read_event(_dirty(document)), 1) == outcomes(read_event(document), 1)


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_a_remote_server_writes_no_control_character_is_left(written: str) -> None:
    payload = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "a@b.c", "diagnosticCode": written}]}
    for outcome in outcomes(read_event(event("Bounce", "bounce", payload)), 1):
        kept = str(outcome.entry.detail.get("diagnosticCode", ""))
        assert not [character for character in kept if unicodedata.category(character) == "Cc" or character in BIDI]
