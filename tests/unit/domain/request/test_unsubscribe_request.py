"""The detail of `Email Unsubscribe Requested`: an emailId, or an address with or without a topic."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.request.refusals import Refusal
from sesmail_layer.domain.request.unsubscribe_request import UnsubscribeDetail, parse_unsubscribe


@pytest.mark.parametrize(
    ("detail", "read"),
    [
        ({"emailId": "news-1"}, UnsubscribeDetail(email_id="news-1")),
        ({"emailId": "news-1", "email": None, "topic": None}, UnsubscribeDetail(email_id="news-1")),
        ({"email": "Ada@Example.com"}, UnsubscribeDetail(email="ada@example.com")),
        ({"email": "ada@example.com", "topic": "x"}, UnsubscribeDetail(email="ada@example.com", topic="x")),
    ],
)
def test_an_id_or_an_address_is_read(detail: object, read: UnsubscribeDetail) -> None:
    assert parse_unsubscribe(detail) == read


@pytest.mark.parametrize(
    ("detail", "message"),
    [
        ("news-1", "detail: found a text; allowed: an object with emailId or email"),
        ({}, "detail: found none of them; allowed: emailId alone, or email with or without topic"),
        ({"topic": "x"}, "detail: found topic; allowed: emailId alone, or email with or without topic"),
        (
            {"emailId": "a", "topic": "x"},
            "detail: found emailId, topic; allowed: emailId alone, or email with or without topic",
        ),
        (
            {"emailId": "a", "email": "ada@example.com"},
            "detail: found email, emailId; allowed: emailId alone, or email with or without topic",
        ),
        ({"emailId": "a@b"}, "emailId: found a text of 3 characters; allowed: letters, digits and _.:-, at most 128"),
        ({"emailId": 7}, "emailId: found a number; allowed: letters, digits and _.:-, at most 128"),
        (
            {"email": "ada@example.com", "topic": "a b"},
            "topic: found a text of 3 characters; allowed: letters, digits, _ and -, at most 128, the first a letter "
            "or digit",
        ),
        ({"email": ["ada@example.com"]}, "email: found a list; allowed: one address"),
        ({"emial": "ada@example.com"}, "Unknown field 'emial': allowed: emailId, email, topic"),
        ({"emails": "ada@example.com"}, "Unknown field 'emails': did you mean 'email'?"),
    ],
)
def test_anything_else_is_rejected_by_name_without_its_value(detail: object, message: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_unsubscribe(detail)
    assert caught.value.message == f"Validation error: {message}"
    assert caught.value.code == ("VAL006" if message.startswith("Unknown field") else "UNS001")


def test_a_wrong_address_is_masked() -> None:
    with pytest.raises(Refusal) as caught:
        parse_unsubscribe({"email": "ada@@example.com"})
    assert caught.value.code == "VAL003"
    assert "ada" not in caught.value.message
