"""SES message tags: inside SES's alphabet whatever is put in, and read back as it was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.ses.tags import MAX_VALUE, decode_tag, decode_tags, encode_tags


@given(st.text(max_size=128), st.integers(1, 99), st.text(max_size=128), st.text(max_size=300))
def test_a_tag_stays_within_the_alphabet_and_length_of_ses(
    email_id: str, attempt: int, template: str, source: str
) -> None:
    for name, value in encode_tags(email_id, attempt, template, source).items():
        assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
        assert re.fullmatch(r"[A-Za-z0-9_-]*", value)
        assert len(value) <= MAX_VALUE


@given(
    st.text("abcXYZ019_.:-", min_size=1, max_size=128),
    st.integers(1, 99),
    st.text("abcXYZ019_-", min_size=1, max_size=128),
    st.text(max_size=48),
)
def test_a_decoded_tag_equals_the_encoded_value(email_id: str, attempt: int, template: str, source: str) -> None:
    tags = encode_tags(email_id, attempt, template, source)
    assert {name: decode_tag(value) for name, value in tags.items()} == {
        "emailId": email_id,
        "attempt": str(attempt),
        "templateName": template,
        "source": source,
    }


def test_a_source_may_contain_dots() -> None:
    assert encode_tags("order-1", 2, "welcome", "my.application")["source"] == "bXkuYXBwbGljYXRpb24"


def test_a_source_that_is_too_long_is_cut_between_characters() -> None:
    cut = decode_tag(encode_tags("a", 1, "t", "ü" * 300)["source"])
    assert cut == "ü" * 96


@pytest.mark.parametrize("value", ["a", "!", "not base64", "w6", "_w", "Zm9v=", "ü"])
def test_a_foreign_tag_decodes_to_none(value: str) -> None:
    assert decode_tag(value) is None


@given(st.text())
def test_any_text_decodes_to_a_tag_or_none(value: str) -> None:
    decode_tag(value)


def test_a_source_of_any_letters_is_decoded() -> None:
    source = "~~~???>>>ÿþ"
    tags = encode_tags("email-1", 2, "welcome", source)

    assert {"-", "_"} <= set(tags["source"])
    assert decode_tag(tags["source"]) == source


def test_a_long_source_is_cut_between_characters() -> None:
    assert decode_tag(encode_tags("one", 1, "welcome", "x" + "ü" * 200)["source"]) == "x" + "ü" * 95


@pytest.mark.parametrize("email_id", ["a", "ab", "abc", "abW", "order-1"])
def test_a_tag_of_any_length_is_decoded(email_id: str) -> None:
    assert decode_tag(encode_tags(email_id, 1, "welcome", "shop")["emailId"]) == email_id


@pytest.mark.parametrize("last", [chr(number) for number in range(32, 127)])
def test_a_tag_may_end_with_any_letter(last: str) -> None:
    assert decode_tag(encode_tags(f"ab{last}", 1, "", "")["emailId"]) == f"ab{last}"


def test_a_tag_without_a_value_is_left_out() -> None:
    assert decode_tags({"emailId": [], "source": None, "attempt": ["MQ"]}) == {"attempt": "1"}
