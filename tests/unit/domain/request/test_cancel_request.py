"""The detail of `Email Cancel Requested`: one of emailId and tag."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.request.cancel_request import CancelDetail, parse_cancel
from sesmail_layer.domain.request.refusals import Refusal


@pytest.mark.parametrize(
    ("detail", "right"),
    [
        ({"emailId": "order-1"}, CancelDetail(email_id="order-1")),
        ({"tag": "spring"}, CancelDetail(tag="spring")),
        ({"emailId": None, "tag": "spring"}, CancelDetail(tag="spring")),
    ],
)
def test_it_names_an_email_or_a_tag(detail: dict[str, Any], right: CancelDetail) -> None:
    assert parse_cancel(detail) == right


@pytest.mark.parametrize(
    ("detail", "code", "message"),
    [
        ([], "CAN003", "detail: found a list; allowed: an object with emailId or tag"),
        ({}, "CAN003", "detail: found neither of emailId and tag; allowed: one of them"),
        ({"emailId": "a", "tag": "b"}, "CAN003", "detail: found both of emailId and tag; allowed: one of them"),
        (
            {"emailId": "ada@example.com"},
            "CAN003",
            "emailId: found a text of 15 characters; allowed: letters, digits and _.:-, at most 128",
        ),
        ({"emailId": 7}, "CAN003", "emailId: found a number; allowed: letters, digits and _.:-, at most 128"),
        ({"tag": "a b"}, "CAN003", "tag: found a text of 3 characters; allowed: letters, digits, _ and -, at most 64"),
        ({"emailID": "a"}, "VAL006", "Unknown field 'emailID': did you mean 'emailId'?"),
        ({"topic": "a"}, "VAL006", "Unknown field 'topic': allowed: emailId, tag"),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(detail: Any, code: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_cancel(detail)

    assert (refused.value.code, refused.value.message) == (code, f"Validation error: {message}")
