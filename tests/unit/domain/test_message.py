"""The MIME message, judged as a mail program reads it back."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.message import Identity, resolve_identity
from sesmail_layer.domain.request.email_request import parse_request
from tests.unit.reading_mail import NOW, PLAIN, TO, body, header, names_of, raw, read, rendered


def test_a_plain_email_has_text_and_html_and_the_headers_it_needs() -> None:
    message = raw()
    assert names_of(message) == PLAIN
    parsed = read(message)
    assert parsed["From"] == "Shop <shop@example.com>"
    assert parsed["To"] == "john@example.com"
    assert parsed["Subject"] == "Hello"
    assert parsedate_to_datetime(parsed["Date"]).timestamp() == int(NOW)
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[0-9a-f]{40}@example\.com>", parsed["Message-ID"])
    assert parsed.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert (body(message, "plain"), body(message, "html")) == ("Hello", "<p>Hello</p>")


def test_every_attempt_has_a_message_id_of_its_own_and_a_repeat_the_same() -> None:
    ids = [read(raw(attempt=attempt))["Message-ID"] for attempt in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    "text",
    [
        "Grüße aus Köln",
        "こんにちは世界" * 50,
        "👨‍👩‍👧 😀" * 40,
        "x" * 100_000,
        "line\n" * 5_000,
        "trailing  \n  leading\n\n\nblank",
        ".\n..\nFrom me\n>From you",
        "=3D =?utf-8?q?no?= ==",
        "nul\x00 bell\x07 form\x0c",
        "\ufeffbom",
        "ü",
        "",
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_a_body_arrives_as_it_was_written(text: str) -> None:
    message = raw(rendered(text=text, html=f"<p>{text}</p>"))
    assert body(message, "plain") == text.removesuffix("\n")
    assert body(message, "html") == f"<p>{text}</p>"
    for part in read(message).iter_parts():
        assert part["Content-Transfer-Encoding"] in ("quoted-printable", "base64")
        assert part.get_content_charset() == "utf-8"


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_body_arrives(text: str, html: str) -> None:
    message = raw(rendered(text=text, html=html))

    def lines(content: str) -> list[str]:
        return re.split(r"\r\n|\r|\n", content.removesuffix("\n").removesuffix("\r"))

    assert lines(body(message, "plain")) == lines(text)
    assert lines(body(message, "html")) == lines(html)


def test_cc_is_shown_and_bcc_never() -> None:
    message = raw(cc=[f"cc{number}@example.com" for number in range(30)], bcc=["hidden@example.com"])
    assert header(message, "Cc").count("@") == 30
    assert b"hidden" not in message
    assert len(read(message)["Cc"].addresses) == 30


@pytest.mark.parametrize("reply_to", ["help@example.com", ["help@example.com", "sales@example.com"]])
def test_reply_to_is_one_header_however_many(reply_to: str | list[str]) -> None:
    message = raw(replyTo=reply_to)
    expected = [reply_to] if isinstance(reply_to, str) else reply_to
    assert [item.addr_spec for item in read(message)["Reply-To"].addresses] == expected


def test_links_and_message_ids_are_never_encoded_however_long() -> None:
    url = "https://example.com/unsubscribe?token=" + "a" * 800
    mailto = "unsubscribe@example.com?subject=" + "b" * 800
    reference = f"<{'c' * 120}@example.com>"
    message = raw(
        listUnsubscribe={"url": url, "mailto": mailto},
        headers={"References": f"{reference} " * 6, "In-Reply-To": reference, "List-Id": f"<{'d' * 90}.example.com>"},
    )
    assert f"List-Unsubscribe: <{url}>,\r\n <mailto:{mailto}>\r\n".encode() in message
    assert f"In-Reply-To: {reference}\r\n".encode() in message
    assert f"References: {reference}\r\n {reference}\r\n".encode() in message
    assert b"=?utf-8" not in message


@pytest.mark.parametrize(
    ("given", "places", "one_click"),
    [
        ({"url": "https://example.com/u"}, "<https://example.com/u>", True),
        ({"url": "http://example.com/u"}, "<http://example.com/u>", False),
        ({"mailto": "u@example.com"}, "<mailto:u@example.com>", False),
        ({"mailto": "mailto:u@example.com"}, "<mailto:u@example.com>", False),
        (
            {"url": "https://example.com/u?a=b", "mailto": "u@example.com"},
            "<https://example.com/u?a=b>, <mailto:u@example.com>",
            True,
        ),
    ],
)
def test_one_click_unsubscribe_is_offered_for_https_only(given: dict[str, str], places: str, one_click: bool) -> None:
    message = raw(listUnsubscribe=given)
    assert header(message, "List-Unsubscribe") == places
    assert ("list-unsubscribe-post" in names_of(message)) is one_click
    if one_click:
        assert header(message, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"


def test_transactional_mail_says_that_a_machine_wrote_it_unless_the_producer_knows_better() -> None:
    assert header(raw(), "Auto-Submitted") == "auto-generated"
    assert "auto-submitted" not in names_of(raw(priority="bulk"))
    assert read(raw(headers={"auto-submitted": "no"})).get_all("Auto-Submitted") == ["no"]


@pytest.mark.parametrize(
    ("override", "template", "fallback", "email", "name"),
    [
        (None, ("", ""), ("default@example.com", "Default"), "default@example.com", "Default"),
        (None, ("t@example.com", "T"), ("default@example.com", "Default"), "t@example.com", "T"),
        (None, ("", "T"), ("default@example.com", "Default"), "default@example.com", "T"),
        (None, ("t@example.com", ""), ("default@example.com", "Default"), "t@example.com", "Default"),
        ({"name": "E"}, ("t@example.com", "T"), ("default@example.com", "Default"), "t@example.com", "E"),
        ({"email": "e@example.com"}, ("t@example.com", "T"), ("d@example.com", "Default"), "e@example.com", "T"),
        ({"email": "e@example.com", "name": "E"}, ("t@example.com", "T"), ("", ""), "e@example.com", "E"),
        ({"email": "e@example.com", "name": ""}, ("", "T"), ("", ""), "e@example.com", "T"),
        (None, ("t@example.com", ""), ("", ""), "t@example.com", ""),
    ],
)
def test_sender_and_name_are_found_independently(
    override: dict[str, str] | None, template: tuple[str, str], fallback: tuple[str, str], email: str, name: str
) -> None:
    request, _ = parse_request({"to": TO, "templateName": "t", "senderOverride": override}, now=NOW)
    parts = rendered(sender_email=template[0], sender_name=template[1])
    origins = {"e": "senderOverride.email", "t": "the template's senderEmail", "d": "default_sender_email in Terraform"}
    assert resolve_identity(request, parts, *fallback) == Identity(email, name, [], origins[email[0]])


@pytest.mark.parametrize(
    ("event", "template", "found"),
    [
        (None, "", []),
        (None, "t@example.com", ["t@example.com"]),
        ("e@example.com", "t@example.com", ["e@example.com"]),
        (["e@example.com", "f@example.com"], "t@example.com", ["e@example.com", "f@example.com"]),
    ],
)
def test_replies_go_where_the_event_says_then_the_template(
    event: str | list[str] | None, template: str, found: list[str]
) -> None:
    request, _ = parse_request({"to": TO, "templateName": "t", "replyTo": event}, now=NOW)
    identity = resolve_identity(request, rendered(reply_to=template), "shop@example.com", "Shop")
    assert identity.reply_to == found


@pytest.mark.parametrize("override", [None, {"name": "Shop"}])
def test_where_no_sender_is_configured_the_message_says_where_to_configure_one(override: dict[str, str] | None) -> None:
    request, _ = parse_request({"to": TO, "templateName": "t", "senderOverride": override}, now=NOW)
    with pytest.raises(PermanentError) as caught:
        resolve_identity(request, rendered(), "", "")

    assert (caught.value.error_type, caught.value.code) == ("validation_error", "SNDR001")
    assert caught.value.message == (
        "No sender email configured. Set senderOverride.email in the event, senderEmail in the template's "
        "metadata.json, or default_sender_email in Terraform."
    )


def test_mail_that_passes_on_what_a_person_wrote_is_not_called_automatic() -> None:
    """RFC 3834: an out-of-office reply to it goes to that person."""
    assert read(raw(msgspec.structs.replace(rendered(), auto_submitted=False)))["Auto-Submitted"] is None


@pytest.mark.parametrize(
    ("detail", "sender_name", "default", "named"),
    [
        ({"senderOverride": {"name": "ü" * 110}}, "", "Shop", "senderOverride.name"),
        ({}, "ü" * 110, "Shop", "the template's senderName"),
        ({}, "", "ü" * 110, "default_sender_name in Terraform"),
    ],
)
def test_a_from_line_of_over_320_characters_is_rejected_by_name(
    detail: dict[str, Any], sender_name: str, default: str, named: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        raw(rendered(sender_name=sender_name), name=default, **detail)
    assert caught.value.error_type == "validation_error"
    assert caught.value.message.startswith(f"Validation error: {named}: found a From line of ")


def test_a_from_line_of_320_characters_is_sent() -> None:
    assert len(raw(name="n" * 295).split(b"\r\nTo:")[0].replace(b"\r\n", b"")) == 320
    with pytest.raises(PermanentError, match="321 characters"):
        raw(name="n" * 296)
