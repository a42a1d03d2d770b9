"""Text of others: without controls, and without what hides or reverses other text."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.plain_text import CONTROLS, escaped, printable, redacted, without_addresses

JOINERS = "\u200c\u200d"


def test_every_control_and_format_character_of_unicode_is_one_but_for_the_joiners() -> None:
    """But also for marks that a script needs: Arabic and Egyptian numbers, music, shorthand."""
    of_scripts = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN", "SHORTHAND", "MUSICAL")
    for code in range(0x110000):
        character = chr(code)
        kind = unicodedata.category(character)
        script = unicodedata.name(character, "").startswith(of_scripts) and character != "\u061c"
        if kind in ("Cc", "Cf", "Zl", "Zp") and character not in JOINERS and not script:
            assert CONTROLS.fullmatch(character), f"U+{code:04X}"


@given(st.text())
def test_a_printable_text_can_be_printed(text: str) -> None:
    clean = printable(text)
    clean.encode()
    assert CONTROLS.findall(clean.replace("\n", "")) == []


@pytest.mark.parametrize("text", ["👩‍👩‍👧", "می‌خواهم", "Grüße, 张伟\n", "a\n\nb", "naïve — “so”"])
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


@given(st.dictionaries(st.text(), st.text()))
def test_escaped_json_is_the_same_value(value: dict[str, str]) -> None:
    text = escaped(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(text) == value
    assert CONTROLS.findall(text.replace("\n", "")) == []


def test_a_half_surrogate_pair_and_a_tag_are_escaped() -> None:
    assert escaped('"\ud83d\U000e0041\u009b"') == '"\\ud83d\\udb40\\udc41\\u009b"'


@pytest.mark.parametrize("address", ["john@example.com", '"john doe"@example.com', "张伟@例子.中国", "j@localhost"])
def test_an_address_of_any_form_is_redacted(address: str) -> None:
    assert redacted(f"to <{address}>: no") == "to <[address]>: no"


@pytest.mark.parametrize("text", ["x" * 500_000, "@" * 500_000, "a@" * 250_000, '"' * 500_000, '"a' * 250_000])
def test_a_long_text_is_read_once(text: str) -> None:
    began = time.process_time()
    redacted(text)
    without_addresses(text)
    short = time.process_time() - began
    began = time.process_time()
    redacted(text * 4)
    without_addresses(text * 4)
    assert time.process_time() - began < 12 * max(short, 0.02)


def test_controls_are_removed_and_line_feeds_stay() -> None:
    assert printable("a\x07b\u202e\ud83dc\n") == "abc\n"


@pytest.mark.parametrize("word", ["john@example.com@", "john@shop@example.com"])
def test_an_address_with_more_than_one_at_sign_is_one(word: str) -> None:
    assert redacted(f"to {word}") == without_addresses(f"to {word}") == "to [address]"


@pytest.mark.parametrize("word", ["@example.com", "@@a", "john@", "a@._@-", "@"])
def test_a_word_without_a_local_part_or_a_domain_is_no_address(word: str) -> None:
    assert redacted(f"to {word}") == f"to {word}"


def test_a_masked_address_and_a_pattern_are_shown() -> None:
    shown = "j***@example.com *@example.com no@"
    assert without_addresses(f"{shown} john@example.com") == f"{shown} [address]"
    assert redacted(shown) == "[address] [address] no@"
