"""The request, field by field: what is accepted. What is rejected: test_email_request_rejections.py."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sesmail_layer.domain.request.email_request import (
    FIELDS,
    Attachment,
    EmailRequest,
    ListUnsubscribe,
    Priority,
    Sender,
    fingerprint,
    parse_request,
)
from sesmail_layer.domain.request.refusals import Refusal

NOW = 1_795_000_000.0
DETAIL: dict[str, Any] = {"to": "john@example.com", "templateName": "welcome"}

EVERY_FIELD: dict[str, Any] = {
    "to": "John@Example.com",
    "templateName": "order-confirmation_2",
    "templateData": {"name": "John", "items": [1, 2.5, None, True]},
    "emailId": "order:42.confirmation_1-a",
    "subject": "Grüße",
    "senderOverride": {"email": "shop@example.com", "name": "The Shop"},
    "replyTo": ["help@example.com", "sales@example.com"],
    "metadata": {"order": 42},
    "cc": ["jane@example.com"],
    "bcc": ["archive@example.com"],
    "attachments": [
        {"filename": "terms.pdf", "contentBase64": "JVBERi0=", "contentType": "application/pdf"},
        {"filename": "logo.png", "s3Uri": "s3://assets/logo.png", "contentId": "logo@shop"},
    ],
    "headers": {"X-Order": "42", "References": "<a@b>", "List-Id": "<news.example.com>", "feedback-id": "a:b"},
    "listUnsubscribe": {"url": "https://example.com/u?t=1", "mailto": "unsubscribe@example.com"},
    "priority": "bulk",
    "sendAt": "2026-11-24T10:31:00+01:00",
    "expiresAt": "2026-12-24T10:31:00Z",
    "locale": "fr-CA",
    "sensitive": True,
    "tags": ["spring-sale", "eu"],
    "topic": "newsletter",
}


def parsed(**given: Any) -> EmailRequest:
    return parse_request({**DETAIL, **given}, now=NOW)[0]


def refusal(**given: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse_request({**DETAIL, **given}, now=NOW)
    assert caught.value.error_type == "validation_error"
    return caught.value


def test_a_request_may_have_every_field() -> None:
    assert set(EVERY_FIELD) == set(FIELDS)
    request, unknown = parse_request(EVERY_FIELD, now=NOW)

    assert unknown == []
    assert request == EmailRequest(
        to="John@example.com",
        template_name="order-confirmation_2",
        template_data={"name": "John", "items": [1, 2.5, None, True]},
        email_id="order:42.confirmation_1-a",
        subject="Grüße",
        sender_override=Sender(email="shop@example.com", name="The Shop"),
        reply_to=["help@example.com", "sales@example.com"],
        metadata={"order": 42},
        cc=["jane@example.com"],
        bcc=["archive@example.com"],
        attachments=[
            Attachment(filename="terms.pdf", content_base64="JVBERi0=", content_type="application/pdf"),
            Attachment(filename="logo.png", s3_uri="s3://assets/logo.png", content_id="logo@shop"),
        ],
        headers={"X-Order": "42", "References": "<a@b>", "List-Id": "<news.example.com>", "feedback-id": "a:b"},
        list_unsubscribe=ListUnsubscribe(url="https://example.com/u?t=1", mailto="unsubscribe@example.com"),
        priority=Priority.BULK,
        send_at="2026-11-24T09:31:00.000Z",
        expires_at="2026-12-24T10:31:00.000Z",
        locale="fr-CA",
        sensitive=True,
        tags=["spring-sale", "eu"],
        topic="newsletter",
    )


def test_two_fields_are_enough() -> None:
    assert parsed() == EmailRequest(to="john@example.com", template_name="welcome")


@pytest.mark.parametrize("field", [name for name in FIELDS if name not in DETAIL])
def test_null_means_absent(field: str) -> None:
    assert parsed(**{field: None}) == parsed()


def test_null_means_absent_inside_the_engine_s_own_objects_too() -> None:
    request = parsed(
        senderOverride={"name": "Shop", "email": None},
        headers={"X-A": None, "X-B": "b"},
        listUnsubscribe={"url": "https://example.com", "mailto": None},
        attachments=[{"filename": "a.txt", "contentBase64": "", "s3Uri": None, "colour": None}],
        templateData={"kept": None},
    )
    assert request.sender_override == Sender(name="Shop")
    assert request.headers == {"X-B": "b"}
    assert request.template_data == {"kept": None}


@pytest.mark.parametrize(("field", "code"), [("to", "VAL001"), ("templateName", "VAL002")])
@pytest.mark.parametrize("value", [None, ""])
def test_a_required_field_that_is_missing_is_named(field: str, code: str, value: object) -> None:
    error = refusal(**{field: value})
    assert (error.code, error.message) == (code, f"Validation error: Missing required field: '{field}'")


@pytest.mark.parametrize(
    ("detail", "found"), [(None, "nothing"), ([], "a list"), ("x", "a text"), (3, "a number"), (True, "a truth value")]
)
def test_a_detail_that_is_no_object_is_rejected(detail: object, found: str) -> None:
    with pytest.raises(Refusal, match=f"detail must be an object, found {found}"):
        parse_request(detail, now=NOW)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("replyto", "replyTo"),
        ("reply_to", "replyTo"),
        ("reply-to", "replyTo"),
        ("To", "to"),
        ("BCC", "bcc"),
        ("template_name", "templateName"),
        ("templateNames", "templateName"),
        ("expireAt", "expiresAt"),
        ("metaData", "metadata"),
        ("priorty", "priority"),
        ("l-i-s-t-u-n-s-u-b-scribe", "listUnsubscribe"),
        ("l-i-s-t-u-n-s-u-b-s-cribe", None),
        ("campaign", None),
        ("x" * 250_000, None),
    ],
)
def test_a_near_miss_is_rejected_with_a_suggestion(name: str, meant: str | None) -> None:
    if meant is None:
        assert len(parse_request({**DETAIL, name: 1}, now=NOW)[1]) == 1
    else:
        error = refusal(**{name: 1})
        assert error.code == "VAL006"
        assert error.message == f"Validation error: Unknown field '{name}': did you mean '{meant}'?"


def test_an_unknown_field_that_is_null_is_absent() -> None:
    assert parse_request({**DETAIL, "campaign": None, "replyto": None}, now=NOW)[1] == []


def test_listed_unknown_fields_are_few_short_and_without_addresses() -> None:
    assert parse_request({**DETAIL, "zeta": 1, "campaign": 1}, now=NOW)[1] == ["campaign", "zeta"]
    assert parse_request({**DETAIL, "john.smith@example.com": 1}, now=NOW)[1] == ["a name of 22 characters"]
    [long] = parse_request({**DETAIL, "x" * 1000: 1}, now=NOW)[1]
    assert long == "a name of 1000 characters"
    many = parse_request({**DETAIL, **{f"u{i:05}": 1 for i in range(1000)}}, now=NOW)[1]
    assert many[-1] == "and 980 more"
    assert len(many) == 21


def test_an_event_full_of_unknown_fields_is_read_at_once() -> None:
    full = {**DETAIL, **{f"unknown{i}": 1 for i in range(20_000)}}
    before = time.process_time()
    parse_request(full, now=NOW)
    assert time.process_time() - before < 0.7


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def test_what_is_nested_too_deeply_is_rejected() -> None:
    assert parsed(templateData=nested(199)).template_data == nested(199)
    for depth in (200, 2_500):
        assert refusal(templateData=nested(depth)).message == (
            "Validation error: detail: nested more than 200 levels deep; allowed: 200"
        )


def test_metadata_may_be_as_deep_as_dynamodb_stores() -> None:
    assert parsed(metadata=nested(28)).metadata == nested(28)
    assert refusal(metadata=nested(29)).message == (
        "Validation error: metadata: nested more than 28 levels deep; allowed: 28"
    )


def test_metadata_may_have_16_kilobytes() -> None:
    assert parsed(metadata={"a": "x" * (16_384 - len('{"a":""}'))}).metadata


@pytest.mark.parametrize(
    "name",
    [
        "Bcc", "To", "From", "Sender", "Subject", "Date", "Message-ID", "Return-Path", "Content-Type", "MIME-Version",
        "Received", "DKIM-Signature", "X-SES-CONFIGURATION-SET", "x-ses-message-tags", "List-Unsubscribe",
        "list-unsubscribe-post", "X-", "X-A\n", "X-A:", "X A", "X-Ä", "", "X-" + "a" * 71,
    ],
)  # fmt: skip
def test_headers_that_a_producer_may_not_set_are_rejected(name: str) -> None:
    assert "is not allowed; allowed are X-*" in refusal(headers={name: "value"}).message


@pytest.mark.parametrize("name", ["run.exe", "RUN.EXE", "a.pdf.js", "a.bat ", "a.vbs.", "a.ps1 . ", "exe", ".scr"])
def test_executable_attachments_are_rejected(name: str) -> None:
    assert ".filename: files of type ." in refusal(attachments=[{"filename": name, "contentBase64": ""}]).message


def test_a_time_that_has_passed_is_no_fault() -> None:
    request = parsed(sendAt="0001-01-01T00:00:00+23:59", expiresAt="9999-12-31T23:59:59-23:59")
    assert (request.send_at, request.expires_at) == ("1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.000Z")


def test_a_schedule_may_reach_as_far_as_the_operator_says() -> None:
    given = {**DETAIL, "sendAt": "2026-11-25T00:00:00Z"}
    assert parse_request(given, now=NOW, max_schedule_days=30)
    with pytest.raises(Refusal, match="more than 0 days ahead"):
        parse_request(given, now=NOW, max_schedule_days=0)


def test_a_reply_to_is_one_address_or_several() -> None:
    assert parsed(replyTo="help@example.com").reply_to_addresses == ["help@example.com"]
    assert parsed(replyTo=["a@example.com", "b@example.com"]).reply_to_addresses == ["a@example.com", "b@example.com"]
    assert parsed().reply_to_addresses == []


def test_a_tag_that_is_named_twice_is_one_tag() -> None:
    assert parsed(tags=["eu", "spring-sale", "eu"]).tags == ["eu", "spring-sale"]


def test_the_fingerprint_is_the_request_s_and_its_source_s() -> None:
    detail = {**DETAIL, "templateData": {"a": 1, "b": [1, 2]}}
    same = {"templateData": {"b": [1, 2], "a": 1}, **DETAIL, "subject": None, "emailId": "order-1"}
    assert fingerprint(detail, "shop") == fingerprint(same, "shop")
    assert fingerprint(detail, "shop") != fingerprint(detail, "other")
    assert fingerprint(detail, "shop") != fingerprint({**detail, "templateData": {"a": 1, "b": [2, 1]}}, "shop")
    assert fingerprint({**DETAIL, "campaign": 1}, "shop") != fingerprint(DETAIL, "shop")


def test_a_reason_that_happens_to_have_two_letters_of_the_address_is_given_all_the_same() -> None:
    message = refusal(to="is@example").message
    assert message.startswith("Validation error: Invalid email address format: to 'i***@example'. The part after")
