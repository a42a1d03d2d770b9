"""Headers of a producer: ids and URLs stay as they are, and limits count lines as they are sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.mime import custom_line
from sesmail_layer.domain.request.headers import check_headers
from sesmail_layer.domain.request.refusals import Refusal

STRUCTURED = ["References", "in-reply-to", "List-Id", "LIST-Help", "List-Unsubscribe-X"]


def rejection(name: str, value: str) -> str:
    with pytest.raises(Refusal) as caught:
        check_headers({name: value})
    return caught.value.message.removeprefix("Validation error: ")


@pytest.mark.parametrize("name", STRUCTURED)
@pytest.mark.parametrize("inside", ["ü@example.com", "a@example.com/=?utf-8?q?x?="])
def test_brackets_hold_plain_ascii(name: str, inside: str) -> None:
    assert rejection(name, f"<{inside}>") == (
        f"headers.{name}: found characters outside ASCII or an encoded word in an id or URL; allowed: plain ASCII, "
        "with anything else percent-encoded"
    )


@pytest.mark.parametrize(("length", "taken"), [(985, True), (986, False)])
def test_a_line_of_998_characters_is_sent_and_no_longer_one(length: int, taken: bool) -> None:
    value = f"<{'x' * (length - 1)}>"
    if taken:
        check_headers({"References": value})
    else:
        assert rejection("References", value) == (
            "headers.References: found a line of 999 characters as encoded; allowed: 998; add spaces, where lines are "
            "folded"
        )


def test_a_long_value_of_another_header_is_encoded_in_lines() -> None:
    check_headers({"X-Long": "x" * 998})
    assert max(map(len, custom_line("X-Long", "x" * 998).split("\r\n"))) <= 76


def test_a_url_in_another_header_is_text_and_may_have_any_letters() -> None:
    check_headers({"X-Link": "<https://example.com/ü> =?utf-8?q?x?="})


_PIECES = st.sampled_from([*'<>()",; abü', "<a@b.co>", "<https://example.com/?a=?b>", "=?", "?=", "😀", "x" * 90])


@given(st.sampled_from(STRUCTURED), st.lists(_PIECES, max_size=14).map("".join))
def test_what_is_taken_keeps_its_brackets_and_is_one_header(name: str, value: str) -> None:
    try:
        check_headers({name: value})
    except Refusal:
        return
    line = custom_line(name, value)
    unfolded = line.replace("\r\n", "")
    assert line.isascii()
    assert max(map(len, line.split("\r\n"))) <= 998
    assert re.findall("<[^<>]*>", unfolded) == re.findall("<[^<>]*>", value.strip())
    assert not re.search(r"\r\n(?! |$)", line)
