"""Names of other mail APIs, in any case and with any punctuation; others are none."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.request.email_request import FIELDS, parse_request
from sesmail_layer.domain.request.foreign_names import advice_for
from sesmail_layer.domain.request.refusals import Refusal


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("from", "senderOverride"),
        ("FROM", "senderOverride"),
        ("sender", "senderOverride"),
        ("from_email", "senderOverride"),
        ("html", "templateName"),
        ("Text", "templateName"),
        ("body", "templateName"),
        ("template", "templateName"),
        ("template-id", "templateName"),
        ("recipient", "to"),
        ("toAddresses", "to"),
        ("mergeVars", "templateData"),
        ("scheduled_at", "sendAt"),
    ],
)
def test_a_name_of_another_api_is_rejected_with_what_to_use(name: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_request({"to": "john@example.com", "templateName": "welcome", name: "x"}, now=0)
    assert caught.value.code == "VAL006"
    assert caught.value.message.startswith(f"Validation error: Unknown field '{name}': ")
    assert f"use {field}" in caught.value.message


def test_one_that_is_null_is_absent() -> None:
    assert parse_request({"to": "john@example.com", "templateName": "welcome", "from": None}, now=0)[1] == []


@pytest.mark.parametrize("name", [*FIELDS, "campaign", "colour", "fromage", "", "x" * 250_000])
def test_any_other_name_gets_no_advice(name: str) -> None:
    assert advice_for(name) is None
