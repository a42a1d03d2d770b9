"""SES's fields, read without trusting any of them."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.ses.ses_events import UNKNOWN_TIME, address, read_event, text, time
from sesmail_layer.domain.ses.tags import encode_tags


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("john@example.com", "john@example.com"),
        ("John Smith <John@Example.com>", "john@example.com"),
        ('"Smith, John" <john@example.com>', "john@example.com"),
        ("rfc822;john@example.com", "john@example.com"),
        ("rfc822; John@example.com", "john@example.com"),
        ("x;rfc822;john@example.com", "john@example.com"),
        (" john@example.com ", "john@example.com"),
        ("john", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_an_address_is_read_bare_and_case_folded(written: object, read: str | None) -> None:
    assert address(written) == read


def test_an_address_is_read_up_to_512_bytes() -> None:
    longest = "x" * (500 - len("@example.com")) + "@example.com"

    assert address(longest) == longest
    assert address("ß" * 100 + "@example.com") == "ss" * 100 + "@example.com"
    assert address("ŉ" * 240 + "@example.com") is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-24T11:31:00+01:00", "2026-11-24T10:31:00.000Z"),
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00.000Z"),
        ("2099-12-31T23:59:59.999Z", "2099-12-31T23:59:59.999Z"),
        ("1999-12-31T23:59:59Z", None),
        ("2100-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("2026-11-24T11:31:00", None),
        ("yesterday", None),
        (1795516260, None),
        (None, None),
    ],
)
def test_a_time_is_read_if_it_is_one_of_this_century(written: object, read: str | None) -> None:
    assert time(written) == read


def test_a_text_is_cut_between_characters() -> None:
    assert text("x" + "ü" * 300) == "x" + "ü" * 249
    assert text("abc", 2) == "ab"
    assert text("\ud83d") == "?"
    assert text("") is None
    assert text(5) is None


def test_an_unknown_type_has_no_payload() -> None:
    assert read_event({"eventType": "Novelty", "": {"a": 1}, "novelty": {"a": 1}}).payload == {}


def test_the_engines_tags_are_read() -> None:
    tags = {name: [value] for name, value in encode_tags("email-1", 2, "welcome", "my.application").items()}
    event = read_event({"eventType": "Send", "mail": {"messageId": "0100", "tags": tags}})

    assert (event.email_id, event.attempt, event.source) == ("email-1", 2, "my.application")


@pytest.mark.parametrize("tag", ["", "!!", "=", "_w", "YUBiLmM", 5, None, ["a"]])
def test_a_foreign_tag_counts_as_absent(tag: object) -> None:
    """`_w` is no UTF-8; `YUBiLmM` is an address, which no id is."""
    event = read_event({"eventType": "Send", "mail": {"tags": {"emailId": [tag], "attempt": [tag]}}})

    assert (event.email_id, event.attempt) == (None, None)


def test_a_missing_time_falls_back_to_the_time_of_acceptance() -> None:
    event = {"eventType": "Delivery", "mail": {"timestamp": "2026-11-24T11:31:00+01:00", "destination": ["a@b.c"]}}

    assert read_event(event | {"delivery": {}}).at == "2026-11-24T10:31:00.000Z"
    assert read_event(event | {"delivery": {"timestamp": "yesterday"}}).at == "2026-11-24T10:31:00.000Z"
    assert read_event({"eventType": "Delivery"}).at == UNKNOWN_TIME
