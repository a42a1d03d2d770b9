"""Refusals as producers read them: the field, what was found, what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.request.email_request import EmailRequest, parse_request
from sesmail_layer.domain.request.refusals import Refusal, invalid_address, kind, listed, measured, near_miss, quoted

DETAIL = {"to": "ada@example.com", "templateName": "welcome"}
ADDRESS = "It is not a valid address."
LINE = "a text of at most 998 characters without line breaks and other control characters"
ID = "letters, digits and _.:-, at most 128"
ID_OF_TEMPLATE = "letters, digits, _ and -, at most 128, the first a letter or digit"


def refused(**fields: Any) -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        parse_request({**DETAIL, **fields}, now=1_795_516_260.0)
    assert caught.value.error_type == "validation_error"
    return caught.value.code, caught.value.message.removeprefix("Validation error: ")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"to": 5}, "to: found 5; allowed: one email address"),
        ({"cc": [5]}, "cc[0]: found 5; allowed: an email address"),
        ({"cc": "ada@example.com"}, "cc: found a text of 15 characters; allowed: a list of at most 49 email addresses"),
        ({"replyTo": {}}, "replyTo: found an object; allowed: an email address, or a list of at most 25"),
        ({"priority": "urgent"}, "priority: found 'urgent'; allowed: 'transactional' or 'bulk'"),
        ({"priority": 1.5}, "priority: found 1.5; allowed: 'transactional' or 'bulk'"),
        ({"priority": True}, "priority: found True; allowed: 'transactional' or 'bulk'"),
        ({"subject": ""}, f"subject: found a text of 0 characters; allowed: {LINE}, not empty"),
        ({"emailId": "a b"}, f"emailId: found a text of 3 characters; allowed: {ID}"),
        ({"emailId": "x" * 59 + "!"}, f"emailId: found a text of 60 characters; allowed: {ID}"),
        ({"templateName": "a/b"}, f"templateName: found 'a/b'; allowed: {ID_OF_TEMPLATE}"),
        ({"locale": "?"}, "locale: found a text of 1 character; allowed: a BCP 47 language tag such as fr-CA"),
        ({"sensitive": "yes"}, "sensitive: found 'yes'; allowed: true or false"),
        ({"sendAt": "soon"}, "sendAt: found 'soon'; allowed: an RFC 3339 time such as 2026-11-24T10:31:00Z"),
        ({"templateData": "secret"}, "templateData: found a text of 6 characters; allowed: an object"),
        ({"metadata": ["secret"]}, "metadata: found a list of 1; allowed: an object"),
        ({"headers": {"X-A": 5}}, f"headers.X-A: found a number; allowed: {LINE}"),
        ({"headers": {"X-A": "a\n"}}, f"headers.X-A: found a text of 2 characters; allowed: {LINE}"),
        ({"headers": []}, "headers: found a list of 0; allowed: an object of at most 50 texts"),
        (
            {"listUnsubscribe": {"url": "javascript:secret"}},
            "listUnsubscribe.url: found a text of 17 characters; allowed: an http or https URL of at most 900 ASCII "
            "characters",
        ),
        (
            {"attachments": [{"contentBase64": ""}]},
            "attachments[0]: found an object; allowed: an object with filename, contentBase64 or s3Uri, and perhaps "
            "contentType and contentId",
        ),
        (
            {"attachments": [{"filename": "a", "s3Uri": "x"}]},
            "attachments[0].s3Uri: found a text of 1 character; allowed: s3://BUCKET/KEY",
        ),
        (
            {"attachments": [{"filename": "a", "contentBase64": 5}]},
            "attachments[0].contentBase64: found 5; allowed: a text in base64",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_rejected(fields: dict[str, Any], message: str) -> None:
    assert refused(**fields) == ("VAL005", message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"to": "ab"}, f"Invalid email address format: to 'a***'. {ADDRESS}"),
        ({"cc": ["x"]}, f"Invalid email address format: cc[0] 'x***'. {ADDRESS}"),
        ({"replyTo": ["ab"]}, f"Invalid email address format: replyTo[0] 'a***'. {ADDRESS}"),
        ({"senderOverride": {"email": "x"}}, f"Invalid email address format: senderOverride.email 'x***'. {ADDRESS}"),
        (
            {"to": "a - at `$.cc`@example.com"},
            "Invalid email address format: to 'a***@example.com'. The email address contains invalid characters "
            "before the @-sign.",
        ),
    ],
)
def test_a_text_that_is_no_address_is_rejected(fields: dict[str, Any], message: str) -> None:
    assert refused(**fields) == ("VAL003", message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"TemplateData": {}}, "Unknown field 'TemplateData': did you mean 'templateData'?"),
        ({"template_data": {}}, "Unknown field 'template_data': did you mean 'templateData'?"),
        ({"tepmlateData": {}}, "Unknown field 'tepmlateData': did you mean 'templateData'?"),
        ({"senderOverride": {"nme": "x"}}, "senderOverride: unknown field 'nme': did you mean 'name'?"),
        ({"senderOverride": {"colour": "x"}}, "senderOverride: unknown field 'colour'; allowed: email, name"),
        (
            {"attachments": [{"filename": "a", "contentBase64": "", "mimeType": "x"}]},
            "attachments[0]: unknown field 'mimeType'; allowed: filename, contentType, contentBase64, s3Uri, contentId",
        ),
    ],
)
def test_an_unknown_field_inside_an_object_is_rejected(fields: dict[str, Any], message: str) -> None:
    assert refused(**fields) == ("VAL006", message)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({}, "an object"),
        ([], "a list"),
        ("", "a text"),
        (True, "a truth value"),
        (1, "a number"),
        (1.5, "a number"),
        (None, "nothing"),
        (b"", "bytes"),
    ],
)
def test_kinds_are_named_as_json_names_them(value: object, word: str) -> None:
    assert kind(value) == word


def test_a_near_miss_is_no_longer_than_24_letters() -> None:
    known = "abcdefghijklmnopqrstuvwx"

    assert near_miss(known.upper(), [known]) == known
    assert near_miss(known.upper() + "Y", [known + "y"]) is None
    assert near_miss("colour", [known]) is None


def test_a_name_that_is_only_part_of_another_is_no_near_miss() -> None:
    assert near_miss("template", ["templateName"]) is None
    assert near_miss("templatName", ["templateName"]) == "templateName"


def test_what_is_shown_is_short_printable_and_no_address() -> None:
    assert quoted("x" * 40) == f"'{'x' * 40}'"
    assert quoted("x" * 41) == "a name of 41 characters"
    assert quoted("a\r\nb") == "a name of 4 characters"
    assert quoted("ada@example.com") == "a name of 15 characters"
    assert measured("x") == "a text of 1 character"
    assert measured("") == "a text of 0 characters"
    assert invalid_address("to", "ada", "Why.").message == (
        "Validation error: Invalid email address format: to 'a***'. Why."
    )


def taken(**fields: Any) -> EmailRequest:
    return parse_request({**DETAIL, **fields}, now=1_795_516_260.0)[0]


def test_null_means_absent_but_in_what_is_the_producers_own() -> None:
    own = {"a": None, "b": [None, {"c": None}]}
    request = taken(
        metadata=own,
        templateData=own,
        attachments=[{"filename": "a", "contentBase64": "", "contentId": None}],
        senderOverride={"name": "Shop", "email": None},
    )

    assert (request.metadata, request.template_data) == (own, own)
    assert request.attachments[0].content_id is None
    assert request.sender_override is not None
    assert request.sender_override.email is None
    assert refused(cc=["ada@example.com", None])[0] == "VAL005"


def test_fifty_recipients_are_accepted_and_no_more() -> None:
    cc = [f"c{number}@example.com" for number in range(49)]

    assert len(taken(cc=cc).cc) == 49
    assert refused(cc=cc, bcc=["b@example.com"]) == (
        "VAL005",
        "to, cc and bcc: 51 recipients, at most 50 are allowed",
    )


@pytest.mark.parametrize("metadata", [{"": 1}, {"a": {"": 1}}, {"a": [1, {"": 1}]}, {"a": [[{"": 1}]]}])
def test_an_empty_name_is_found_wherever_it_stands(metadata: dict[str, Any]) -> None:
    assert refused(metadata=metadata) == (
        "VAL005",
        "metadata: an empty name; allowed: names of at least one character",
    )


def test_a_header_of_the_engine_is_rejected_with_what_is_allowed() -> None:
    assert refused(headers={"Sender": "x"}) == (
        "VAL005",
        "headers: 'Sender' is not allowed; allowed are X-* (not X-SES-*), In-Reply-To, References, Auto-Submitted, "
        "Precedence, Feedback-ID and List-* (List-Unsubscribe by the field listUnsubscribe)",
    )


def test_a_header_holds_998_characters() -> None:
    assert taken(headers={"X-A": "a" * 998}).headers == {"X-A": "a" * 998}
    assert refused(headers={"X-A": "a" * 999})[0] == "VAL005"


def test_an_invalid_time_is_rejected_without_the_other_one() -> None:
    assert refused(expiresAt="2026-13-45T99:99:99Z") == (
        "VAL005",
        "expiresAt: found a text of 20 characters; allowed: an RFC 3339 time such as 2026-11-24T10:31:00Z",
    )


def test_twenty_names_are_listed_and_of_more_their_number() -> None:
    names = [f"n{number}" for number in range(21)]

    assert listed(names[:20]) == names[:20]
    assert listed(names) == [*names[:20], "and 1 more"]


def test_a_name_that_looks_like_an_error_of_the_parser_is_one_name() -> None:
    assert refused(senderOverride={"x` - at `$.to": 1}) == (
        "VAL006",
        "senderOverride: unknown field a name of 13 characters; allowed: email, name",
    )


@pytest.mark.parametrize(("number", "found"), [(10**39, "1" + "0" * 39), (10**40, "a number")])
def test_a_number_is_shown_up_to_forty_digits(number: int, found: str) -> None:
    assert refused(to=number)[1].startswith(f"to: found {found}; allowed: ")
