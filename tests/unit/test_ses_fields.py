"""SES's fields, read without trusting one of them."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.ses.outcomes import outcomes
from sesmail_layer.domain.ses.ses_events import address, read_event, text, time
from sesmail_layer.domain.ses.tags import decode_tag, encode_tags
from tools.simulation.feedback import JANE, JOHN, bounced


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


def test_an_address_is_read_up_to_what_an_item_may_hold() -> None:
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


def test_tags_of_all_letters_come_back() -> None:
    source = "~~~???>>>ÿþ"
    tags = encode_tags("email-1", 2, "welcome", source)

    assert {"-", "_"} <= set(tags["source"])
    assert decode_tag(tags["source"]) == source


def test_a_bounce_of_somebody_whom_we_did_not_write_to_is_nobody_elses() -> None:
    several = outcomes(read_event(bounced(who="forwarded@example.org", to=(JOHN, JANE))), 1)
    one = outcomes(read_event(bounced(who="forwarded@example.org", to=(JOHN,))), 1)

    assert several[-1].entry.recipient is None
    assert one[-1].entry.recipient == JOHN


def test_an_event_about_no_message_proves_no_acceptance() -> None:
    assert outcomes(read_event({"eventType": "Send"}), 1) == []
    [delivered] = outcomes(read_event({"eventType": "Delivery", "delivery": {"recipients": [JOHN]}}), 1, [JOHN])
    assert delivered.entry.status == "delivered"


def test_a_type_that_nobody_knows_has_no_payload() -> None:
    assert read_event({"eventType": "Novelty", "": {"a": 1}, "novelty": {"a": 1}}).payload == {}


def test_a_long_source_is_cut_between_characters() -> None:
    assert decode_tag(encode_tags("one", 1, "welcome", "x" + "ü" * 200)["source"]) == "x" + "ü" * 95


@pytest.mark.parametrize("email_id", ["a", "ab", "abc", "abW", "order-1"])
def test_whatever_a_tag_ends_in_it_comes_back(email_id: str) -> None:
    assert decode_tag(encode_tags(email_id, 1, "welcome", "shop")["emailId"]) == email_id
