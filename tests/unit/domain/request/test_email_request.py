"""The request, field by field: what is taken, and how what is not is refused."""

from __future__ import annotations

import time
from typing import Any

import msgspec
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
from sesmail_layer.domain.request.refusals import ALLOWED, Refusal

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
        send_at="2026-11-24T10:31:00+01:00",
        expires_at="2026-12-24T10:31:00Z",
        locale="fr-CA",
        sensitive=True,
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
        attachments=[{"filename": "a.txt", "contentBase64": "", "s3Uri": None, "contentId": None}],
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
def test_a_detail_that_is_no_object_is_refused(detail: object, found: str) -> None:
    with pytest.raises(Refusal, match=f"detail must be an object, found {found}"):
        parse_request(detail, now=NOW)


# One wrong value for each rule of each field: what the refusal says.
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"to": 3}, "to: found 3; allowed: one email address"),
    ({"to": ["john@example.com"]}, "to: found a list of 1; allowed: one email address"),
    ({"templateName": "../secret"}, "templateName: found '../secret'; allowed: letters, digits, _ and -"),
    ({"templateName": "a/b"}, "templateName: found 'a/b'; allowed: "),
    ({"templateName": "-a"}, "templateName: found '-a'; allowed: "),
    ({"templateName": "a" * 129}, "templateName: found 'aaa"),
    ({"templateName": "welcome\n"}, "templateName: found 'welcome?'; allowed: "),
    ({"templateName": 7}, "templateName: found 7; allowed: "),
    ({"templateData": []}, "templateData: found a list of 0; allowed: an object"),
    ({"templateData": "private"}, "templateData: found a text; allowed: an object"),
    ({"emailId": "a b"}, "emailId: found 'a b'; allowed: letters, digits and _.:-, at most 128"),
    ({"emailId": ""}, "emailId: found ''; allowed: "),
    ({"emailId": "x" * 129}, "emailId: found 'xxx"),
    ({"emailId": "id\n"}, "emailId: found 'id?'; allowed: "),
    ({"emailId": 42}, "emailId: found 42; allowed: "),
    ({"subject": "Hi\r\nBcc: x"}, "subject: found 'Hi??Bcc: x'; allowed: a text of at most 998 characters"),
    ({"subject": "nul\x00"}, "subject: found 'nul?'; allowed: "),
    ({"subject": "line\u2028"}, "subject: found 'line?'; allowed: "),
    (
        {"subject": "x" * 999},
        "subject: found '" + "x" * 60 + "…' (999 characters); allowed: a text of at most 998 characters",
    ),
    ({"subject": ""}, "subject: found ''; allowed: "),
    ({"senderOverride": "Shop"}, "senderOverride: found 'Shop'; allowed: an object with email, name or both"),
    ({"senderOverride": {}}, "senderOverride: needs email, name or both"),
    ({"senderOverride": {"name": None}}, "senderOverride: needs email, name or both"),
    ({"senderOverride": {"mail": "a"}}, "senderOverride: unknown field 'mail': did you mean 'email'?"),
    ({"senderOverride": {"colour": "a"}}, "senderOverride: unknown field 'colour'; allowed: email, name"),
    ({"senderOverride": {"name": "a\nb"}}, "senderOverride.name: found 'a?b'; allowed: a text of at most 320"),
    ({"senderOverride": {"name": 1}}, "senderOverride.name: found 1; allowed: "),
    ({"replyTo": {}}, "replyTo: found an object; allowed: an email address, or a list of 1 to 25"),
    ({"replyTo": []}, "replyTo: found a list of 0; allowed: an email address, or a list of 1 to 25"),
    ({"replyTo": [1]}, "replyTo[0]: found 1; allowed: an email address"),
    ({"metadata": [1]}, "metadata: found a list of 1; allowed: an object"),
    ({"metadata": {"a": "x" * 16_384}}, "metadata: 16392 bytes as JSON; allowed: 16384"),
    ({"metadata": {"a": "ü" * 8_190}}, "metadata: 16388 bytes as JSON; allowed: 16384"),
    ({"metadata": {"a": {"": 1}}}, "metadata: an empty name; allowed: names of at least one character"),
    ({"cc": "jane"}, "cc: found 'jane'; allowed: a list of at most 49 email addresses"),
    ({"cc": [None]}, "cc[0]: found nothing; allowed: an email address"),
    ({"bcc": [1]}, "bcc[0]: found 1; allowed: an email address"),
    ({"cc": ["a@example.com"] * 50}, "cc: found a list of 50; allowed: a list of at most 49"),
    ({"cc": ["a@example.com"] * 25, "bcc": ["a@example.com"] * 25}, "to, cc and bcc: 51 recipients, at most 50"),
    ({"attachments": {}}, "attachments: found an object; allowed: a list of at most 100 objects"),
    ({"attachments": [1]}, "attachments[0]: found 1; allowed: an object with filename, contentBase64 or s3Uri"),
    ({"attachments": [{"contentBase64": ""}]}, "attachments[0]: found an object; allowed: an object with filename"),
    ({"attachments": [{"filename": "a"}]}, "attachments[0]: needs contentBase64 or s3Uri, and not both"),
    (
        {"attachments": [{"filename": "a", "contentBase64": "", "s3Uri": "s3://bucket/a"}]},
        "attachments[0]: needs contentBase64 or s3Uri, and not both",
    ),
    (
        {"attachments": [{"filename": "a/b", "contentBase64": ""}]},
        "attachments[0].filename: found 'a/b'; allowed: 1 to 255 characters without / and \\",
    ),
    (
        {"attachments": [{"filename": "a", "contentBase64": "", "contentType": "text/plain; charset=x"}]},
        "attachments[0].contentType: found 'text/plain; charset=x'; allowed: a media type",
    ),
    (
        {"attachments": [{"filename": "a", "contentBase64": 5}]},
        "attachments[0].contentBase64: found 5; allowed: a text in base64",
    ),
    (
        {"attachments": [{"filename": "a", "s3Uri": "https://bucket/a"}]},
        "attachments[0].s3Uri: found 'https://bucket/a'; allowed: s3://BUCKET/KEY",
    ),
    (
        {"attachments": [{"filename": "a", "contentBase64": "", "contentId": "<a>"}]},
        "attachments[0].contentId: found '<a>'; allowed: letters, digits and ._@-",
    ),
    (
        {"attachments": [{"filename": "a", "contentBase64": "", "contenttype": "a/b"}]},
        "attachments[0]: unknown field 'contenttype': did you mean 'contentType'?",
    ),
    ({"headers": []}, "headers: found a list of 0; allowed: an object of at most 50 texts"),
    ({"headers": {"X-A": "a\r\nBcc: b"}}, "headers.X-A: found 'a??Bcc: b'; allowed: a text of at most 998"),
    ({"headers": {"X-A": 5}}, "headers.X-A: found a number; allowed: a text of at most 998"),
    ({"headers": {"X-A": "x" * 999}}, "headers.X-A: found 'xxx"),
    ({"headers": {"X-A": "a", "x-a": "b"}}, "headers: 'x-a' is there more than once; allowed: once"),
    ({"headers": {f"X-{i}": "" for i in range(51)}}, "headers: found an object; allowed: an object of at most 50"),
    ({"listUnsubscribe": {}}, "listUnsubscribe: needs url, mailto or both"),
    ({"listUnsubscribe": "x"}, "listUnsubscribe: found 'x'; allowed: an object with url, mailto or both"),
    ({"listUnsubscribe": {"url": "ftp://a"}}, "listUnsubscribe.url: found a text; allowed: an http or https URL"),
    ({"listUnsubscribe": {"url": "https://a>,<b"}}, "listUnsubscribe.url: found a text; allowed: "),
    ({"listUnsubscribe": {"mailto": "a\r\nb"}}, "listUnsubscribe.mailto: found a text; allowed: "),
    ({"priority": "urgent"}, "priority: found 'urgent'; allowed: 'transactional' or 'bulk'"),
    ({"priority": ["bulk"]}, "priority: found a list of 1; allowed: 'transactional' or 'bulk'"),
    ({"sendAt": "tomorrow"}, "sendAt: found 'tomorrow'; allowed: an RFC 3339 time"),
    ({"sendAt": "2026-11-24T10:31:00"}, "sendAt: found '2026-11-24T10:31:00'; allowed: an RFC 3339 time"),
    ({"sendAt": "2026-13-24T10:31:00Z"}, "sendAt: '2026-13-24T10:31:00Z' is not an RFC 3339 time"),
    ({"sendAt": "2026-11-24T10:31:00.000"}, "sendAt: '2026-11-24T10:31:00.000' is not an RFC 3339 time"),
    ({"sendAt": "2099-01-01T00:00:00Z"}, "sendAt: '2099-01-01T00:00:00Z' is more than 30 days ahead"),
    ({"expiresAt": 5}, "expiresAt: found 5; allowed: an RFC 3339 time"),
    (
        {"sendAt": "2026-11-24T10:31:00Z", "expiresAt": "2026-11-24T10:31:00Z"},
        "expiresAt: '2026-11-24T10:31:00Z' is not after sendAt '2026-11-24T10:31:00Z'",
    ),
    ({"locale": "fr_CA"}, "locale: found 'fr_CA'; allowed: a BCP 47 language tag such as fr-CA"),
    ({"locale": "../fr"}, "locale: found '../fr'; allowed: "),
    ({"locale": "fr\n"}, "locale: found 'fr?'; allowed: "),
    ({"sensitive": "yes"}, "sensitive: found 'yes'; allowed: true or false"),
]


@pytest.mark.parametrize(("given", "says"), REFUSED)
def test_a_refusal_names_the_field_what_was_found_and_what_is_allowed(given: dict[str, Any], says: str) -> None:
    message = refusal(**given).message
    assert message.startswith(f"Validation error: {says[:5]}")
    assert says in message


def test_every_field_has_a_refusal_here_and_its_rule_in_words() -> None:
    assert {name for given, _ in REFUSED for name in given} == set(FIELDS)

    def fields_of(kind: type[msgspec.Struct], prefix: str) -> set[str]:
        return {prefix + field.encode_name for field in msgspec.structs.fields(kind)}

    assert set(ALLOWED) == {
        *FIELDS,
        *fields_of(Sender, "senderOverride."),
        *fields_of(Attachment, "attachments[]."),
        *fields_of(ListUnsubscribe, "listUnsubscribe."),
        *("replyTo[]", "cc[]", "bcc[]", "attachments[]", "headers[]"),
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"to": "john.smith"}, "to 'j***'."),
        ({"to": "ab"}, "to 'a***'."),
        ({"to": "john.smith@example"}, "to 'j***@example'."),
        ({"to": "john.smith@example.com\n"}, "to 'j***@example.com?'."),
        ({"cc": ["a@example.com", "john.smith@nowhere"]}, "cc[1] 'j***@nowhere'."),
        ({"bcc": ["john smith"]}, "bcc[0] 'j***'."),
        ({"replyTo": "john.smith"}, "replyTo"),
        ({"replyTo": ["a@example.com", "john.smith"]}, "replyTo[1] 'j***'."),
        ({"senderOverride": {"email": "john.smith"}}, "senderOverride.email 'j***'."),
    ],
)
def test_a_wrong_address_is_named_by_its_field_and_masked(given: dict[str, Any], says: str) -> None:
    error = refusal(**given)
    assert error.code == "VAL003"
    assert error.message.startswith(f"Validation error: Invalid email address format: {says}")
    assert "smith" not in error.message


@pytest.mark.parametrize(
    "given",
    [
        {"priority": "john.smith@example.com"},
        {"senderOverride": {"john.smith@example.com": 1}},
        {"senderOverride": {"x` - at `$.to": "john.smith@example.com"}},
        {"senderOverride": "john.smith@example.com"},
        {"senderOverride": {"name": "john.smith@example.com\n"}},
        {"attachments": [{"filename": "john.smith@example.com/", "contentBase64": ""}]},
        {"attachments": [{"filename": "a", "contentBase64": "", "john.smith@example.com": ""}]},
        {"headers": {"john.smith@example.com": "a"}},
        {"headers": {"X-A": "john.smith@example.com\n"}},
        {"listUnsubscribe": {"url": "mailto:john.smith@example.com"}},
        {"listUnsubscribe": {"mailto": "john smith"}},
        {"sendAt": "john.smith@example.com at noon"},
        {"locale": "john.smith@example.com"},
        {"emailId": "john.smith@example.com"},
        {"templateName": "john.smith@example.com"},
        {"templateName": "x" * 70 + " john.smith@example.com"},
        {"templateData": "john.smith@example.com"},
        {"metadata": "john.smith@example.com"},
        {"cc": "john.smith@example.com"},
        {"sensitive": "john.smith@example.com"},
        {"to": "\u202ejohn.smith@example.com"},
        {"to": "john.smith@example.com john.smith@example.com"},
    ],
)
def test_no_refusal_tells_an_address(given: dict[str, Any]) -> None:
    assert "smith" not in refusal(**given).message


def test_no_refusal_tells_content() -> None:
    for given in ({"templateData": "secret"}, {"metadata": "secret"}, {"listUnsubscribe": {"url": "secret"}}):
        assert "secret" not in refusal(**given).message


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("replyto", "replyTo"),
        ("reply_to", "replyTo"),
        ("reply-to", "replyTo"),
        ("To", "to"),
        ("BCC", "bcc"),
        ("template", None),
        ("template_name", "templateName"),
        ("templateNames", "templateName"),
        ("attachment", "attachments"),
        ("expireAt", "expiresAt"),
        ("metaData", "metadata"),
        ("priorty", "priority"),
        ("campaign", None),
        ("x" * 250_000, None),
    ],
)
def test_a_near_miss_is_refused_with_what_was_meant(name: str, meant: str | None) -> None:
    if meant is None:
        assert len(parse_request({**DETAIL, name: 1}, now=NOW)[1]) == 1
    else:
        error = refusal(**{name: 1})
        assert error.code == "VAL006"
        assert error.message == f"Validation error: Unknown field '{name}': did you mean '{meant}'?"


def test_an_unknown_field_that_is_null_is_absent() -> None:
    assert parse_request({**DETAIL, "campaign": None, "replyto": None}, now=NOW)[1] == []


def test_unknown_fields_are_told_few_short_and_without_addresses() -> None:
    assert parse_request({**DETAIL, "zeta": 1, "campaign": 1}, now=NOW)[1] == ["campaign", "zeta"]
    assert parse_request({**DETAIL, "john.smith@example.com": 1}, now=NOW)[1] == ["j***@example.com"]
    [long] = parse_request({**DETAIL, "x" * 1000: 1}, now=NOW)[1]
    assert len(long) == 61
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


def test_what_is_nested_too_deeply_is_refused() -> None:
    assert parsed(templateData=nested(150)).template_data == nested(150)
    assert refusal(templateData=nested(2_500)).message == (
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
def test_headers_that_are_not_a_producer_s_to_set_are_refused(name: str) -> None:
    assert "is not allowed; allowed are X-*" in refusal(headers={name: "value"}).message


@pytest.mark.parametrize("name", ["run.exe", "RUN.EXE", "a.pdf.js", "a.bat ", "a.vbs.", "a.ps1 . ", "exe", ".scr"])
def test_executable_attachments_are_refused(name: str) -> None:
    assert ".filename: files of type ." in refusal(attachments=[{"filename": name, "contentBase64": ""}]).message


def test_a_time_that_has_passed_is_no_fault() -> None:
    request = parsed(sendAt="0001-01-01T00:00:00+23:59", expiresAt="9999-12-31T23:59:59-23:59")
    assert request.send_at == "0001-01-01T00:00:00+23:59"


def test_a_schedule_may_reach_as_far_as_the_operator_says() -> None:
    given = {**DETAIL, "sendAt": "2026-11-25T00:00:00Z"}
    assert parse_request(given, now=NOW, max_schedule_days=30)
    with pytest.raises(Refusal, match="more than 0 days ahead"):
        parse_request(given, now=NOW, max_schedule_days=0)


def test_a_reply_to_is_one_address_or_several() -> None:
    assert parsed(replyTo="help@example.com").reply_to_addresses == ["help@example.com"]
    assert parsed(replyTo=["a@example.com", "b@example.com"]).reply_to_addresses == ["a@example.com", "b@example.com"]
    assert parsed().reply_to_addresses == []


def test_the_fingerprint_is_the_request_s_and_its_source_s() -> None:
    detail = {**DETAIL, "templateData": {"a": 1, "b": [1, 2]}}
    same = {"templateData": {"b": [1, 2], "a": 1}, **DETAIL, "subject": None, "emailId": "order-1"}
    assert fingerprint(detail, "shop") == fingerprint(same, "shop")
    assert fingerprint(detail, "shop") != fingerprint(detail, "other")
    assert fingerprint(detail, "shop") != fingerprint({**detail, "templateData": {"a": 1, "b": [2, 1]}}, "shop")
    assert fingerprint({**DETAIL, "campaign": 1}, "shop") != fingerprint(DETAIL, "shop")
