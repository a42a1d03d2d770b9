"""The request, field by field: what is rejected, and what the refusal says, without an address and without content."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.request.email_request import FIELDS, Attachment, ListUnsubscribe, Sender, parse_request
from sesmail_layer.domain.request.refusals import ALLOWED, Refusal

NOW = 1_795_000_000.0
DETAIL: dict[str, Any] = {"to": "john@example.com", "templateName": "welcome"}


def refusal(**given: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse_request({**DETAIL, **given}, now=NOW)
    assert caught.value.error_type == "validation_error"
    return caught.value


# One wrong value for each rule of each field: what the refusal says.
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"to": 3}, "to: found 3; allowed: one email address"),
    ({"to": ["john@example.com"]}, "to: found a list of 1; allowed: one email address"),
    ({"templateName": "../secret"}, "templateName: found '../secret'; allowed: letters, digits, _ and -"),
    ({"templateName": "a/b"}, "templateName: found 'a/b'; allowed: "),
    ({"templateName": "-a"}, "templateName: found '-a'; allowed: "),
    ({"templateName": "a" * 129}, "templateName: found a text of 129 characters"),
    ({"templateName": "welcome\n"}, "templateName: found a text of 8 characters; allowed: "),
    ({"templateName": 7}, "templateName: found 7; allowed: "),
    ({"templateData": []}, "templateData: found a list of 0; allowed: an object"),
    ({"templateData": "private"}, "templateData: found a text of 7 characters; allowed: an object"),
    ({"emailId": "a b"}, "emailId: found a text of 3 characters; allowed: letters, digits and _.:-, at most 128"),
    ({"emailId": ""}, "emailId: found a text of 0 characters; allowed: "),
    ({"emailId": "x" * 129}, "emailId: found a text of 129 characters"),
    ({"emailId": "id\n"}, "emailId: found a text of 3 characters; allowed: "),
    ({"emailId": 42}, "emailId: found 42; allowed: "),
    ({"subject": "Hi\r\nBcc: x"}, "subject: found a text of 10 characters; allowed: a text of at most 998 characters"),
    ({"subject": "nul\x00"}, "subject: found a text of 4 characters; allowed: "),
    ({"subject": "line\u2028"}, "subject: found a text of 5 characters; allowed: "),
    (
        {"subject": "x" * 999},
        "subject: found a text of 999 characters; allowed: a text of at most 998 characters",
    ),
    ({"subject": ""}, "subject: found a text of 0 characters; allowed: "),
    (
        {"senderOverride": "Shop"},
        "senderOverride: found a text of 4 characters; allowed: an object with email, name or both",
    ),
    ({"senderOverride": {}}, "senderOverride: needs email, name or both"),
    ({"senderOverride": {"name": None}}, "senderOverride: needs email, name or both"),
    ({"senderOverride": {"mail": "a"}}, "senderOverride: unknown field 'mail': did you mean 'email'?"),
    ({"senderOverride": {"colour": "a"}}, "senderOverride: unknown field 'colour'; allowed: email, name"),
    (
        {"senderOverride": {"name": "a\nb"}},
        "senderOverride.name: found a text of 3 characters; allowed: a text of at most 320",
    ),
    ({"senderOverride": {"name": 1}}, "senderOverride.name: found 1; allowed: "),
    ({"replyTo": {}}, "replyTo: found an object; allowed: an email address, or a list of at most 25"),
    ({"replyTo": [1]}, "replyTo[0]: found 1; allowed: an email address"),
    ({"metadata": [1]}, "metadata: found a list of 1; allowed: an object"),
    ({"metadata": {"a": "x" * 16_384}}, "metadata: 16392 bytes as JSON; allowed: 16384"),
    ({"metadata": {"a": "ü" * 8_190}}, "metadata: 16388 bytes as JSON; allowed: 16384"),
    ({"metadata": {"a": {"": 1}}}, "metadata: an empty name; allowed: names of at least one character"),
    ({"cc": "jane"}, "cc: found a text of 4 characters; allowed: a list of at most 49 email addresses"),
    ({"cc": [None]}, "cc[0]: found nothing; allowed: an email address"),
    ({"bcc": [1]}, "bcc[0]: found 1; allowed: an email address"),
    ({"cc": ["a@example.com"] * 50}, "cc: found a list of 50; allowed: a list of at most 49"),
    (
        {"cc": [f"c{i}@example.com" for i in range(25)], "bcc": [f"b{i}@example.com" for i in range(25)]},
        "to, cc and bcc: 51 recipients, at most 50",
    ),
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
        "attachments[0].filename: found a text of 3 characters; allowed: 1 to 255 characters without / and \\",
    ),
    (
        {"attachments": [{"filename": "a", "contentBase64": "", "contentType": "text/plain; charset"}]},
        "attachments[0].contentType: found a text of 19 characters; allowed: a media type",
    ),
    (
        {"attachments": [{"filename": "a", "contentBase64": 5}]},
        "attachments[0].contentBase64: found 5; allowed: a text in base64",
    ),
    (
        {"attachments": [{"filename": "a", "s3Uri": "https://bucket/a"}]},
        "attachments[0].s3Uri: found a text of 16 characters; allowed: s3://BUCKET/KEY",
    ),
    (
        {"attachments": [{"filename": "a", "contentBase64": "", "contentId": "<a>"}]},
        "attachments[0].contentId: found a text of 3 characters; allowed: letters, digits and ._@-",
    ),
    (
        {"attachments": [{"filename": "a", "contentBase64": "", "contenttype": "a/b"}]},
        "attachments[0]: unknown field 'contenttype': did you mean 'contentType'?",
    ),
    ({"headers": []}, "headers: found a list of 0; allowed: an object of at most 50 texts"),
    ({"headers": {"X-A": "a\r\nBcc: b"}}, "headers.X-A: found a text of 9 characters; allowed: a text of at most 998"),
    ({"headers": {"X-A": 5}}, "headers.X-A: found a number; allowed: a text of at most 998"),
    ({"headers": {"X-A": "x" * 999}}, "headers.X-A: found a text of 999 characters"),
    ({"headers": {"X-A": "a", "x-a": "b"}}, "headers: 'x-a' is there more than once; allowed: once"),
    ({"headers": {f"X-{i}": "" for i in range(51)}}, "headers: found an object; allowed: an object of at most 50"),
    ({"listUnsubscribe": {}}, "listUnsubscribe: needs url, mailto or both"),
    (
        {"listUnsubscribe": "x"},
        "listUnsubscribe: found a text of 1 character; allowed: true, or an object with url, mailto or both",
    ),
    (
        {"listUnsubscribe": {"url": "ftp://a"}},
        "listUnsubscribe.url: found a text of 7 characters; allowed: an http or https URL",
    ),
    ({"listUnsubscribe": {"url": "https://a>,<b"}}, "listUnsubscribe.url: found a text of 13 characters; allowed: "),
    ({"listUnsubscribe": {"mailto": "a\r\nb"}}, "listUnsubscribe.mailto: found a text of 4 characters; allowed: "),
    ({"priority": "urgent"}, "priority: found 'urgent'; allowed: 'transactional' or 'bulk'"),
    ({"priority": ["bulk"]}, "priority: found a list of 1; allowed: 'transactional' or 'bulk'"),
    ({"sendAt": "tomorrow"}, "sendAt: found 'tomorrow'; allowed: an RFC 3339 time"),
    ({"sendAt": "2026-11-24T10:31:00"}, "sendAt: found '2026-11-24T10:31:00'; allowed: an RFC 3339 time"),
    ({"sendAt": "2026-13-24T10:31:00Z"}, "sendAt: found a text of 20 characters; allowed: an RFC 3339 time"),
    ({"sendAt": "2026-11-24T10:31:00.000"}, "sendAt: found a text of 23 characters; allowed: an RFC 3339 time"),
    ({"sendAt": "2099-01-01T00:00:00Z"}, "sendAt: '2099-01-01T00:00:00Z' is more than 30 days ahead"),
    ({"expiresAt": 5}, "expiresAt: found 5; allowed: an RFC 3339 time"),
    (
        {"sendAt": "2026-11-24T10:31:00Z", "expiresAt": "2026-11-24T10:31:00Z"},
        "expiresAt: '2026-11-24T10:31:00Z' is not after sendAt '2026-11-24T10:31:00Z'",
    ),
    ({"locale": "fr+CA"}, "locale: found 'fr+CA'; allowed: a BCP 47 language tag such as fr-CA"),
    ({"locale": "../fr"}, "locale: found '../fr'; allowed: "),
    ({"locale": "fr\n"}, "locale: found a text of 3 characters; allowed: "),
    ({"sensitive": "yes"}, "sensitive: found 'yes'; allowed: true or false"),
    ({"tags": "eu"}, "tags: found a text of 2 characters; allowed: a list of at most 5 names"),
    ({"tags": list("abcdef")}, "tags: found a list of 6; allowed: a list of at most 5 names"),
    ({"tags": ["a b"]}, "tags[0]: found a text of 3 characters; allowed: letters, digits, _ and -, at most 64"),
    ({"tags": ["eu", "a" * 65]}, "tags[1]: found a text of 65 characters; allowed: letters, digits, _ and -"),
    ({"tags": ["eu\n"]}, "tags[0]: found a text of 3 characters; allowed: letters, digits, _ and -, at most 64"),
    ({"tags": [7]}, "tags[0]: found 7; allowed: letters, digits, _ and -, at most 64"),
    ({"topic": "-eu"}, "topic: found '-eu'; allowed: letters, digits, _ and -, at most 128, the first a letter"),
    ({"topic": ""}, "topic: found a text of 0 characters; allowed: letters, digits, _ and -, at most 128"),
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
        *("replyTo[]", "cc[]", "bcc[]", "attachments[]", "headers[]", "tags[]"),
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"to": "john.smith"}, "to 'j***'."),
        ({"to": "ab"}, "to 'a***'."),
        ({"to": "john.smith@example"}, "to 'j***@example'."),
        ({"to": "john.smith@example.com\n"}, "to 'j***@***'."),
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
def test_no_refusal_contains_an_address(given: dict[str, Any]) -> None:
    assert "smith" not in refusal(**given).message


def test_no_refusal_contains_content() -> None:
    for given in ({"templateData": "secret"}, {"metadata": "secret"}, {"listUnsubscribe": {"url": "secret"}}):
        assert "secret" not in refusal(**given).message


@pytest.mark.parametrize(
    ("field", "start"),
    [("url", "https://example.com/?q=?utf-8?q?YQ?="), ("mailto", "mailto:john@example.com?subject==?utf-8?q?YQ?=")],
)
def test_an_address_to_unsubscribe_is_limited_as_it_is_written_into_the_header(field: str, start: str) -> None:
    # Its first `=?` is written `=%3F`, so that no mail client decodes an encoded word there.
    longest = start + "x" * (900 - len(start) - 2)

    request, _ = parse_request({**DETAIL, "listUnsubscribe": {field: longest}}, now=NOW)
    assert request.list_unsubscribe is not None
    assert getattr(request.list_unsubscribe, field) == longest
    assert refusal(listUnsubscribe={field: f"{longest}x"}).message == (
        f"Validation error: listUnsubscribe.{field}: found 901 characters as encoded; allowed: 900"
    )
