"""A mail, taken apart for the inbox, and its first words in the list."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from localcloud.inbox.message import OpenedMail, Recipient
from localcloud.inbox.store import preheader
from localcloud.mailbox import Mail
from sesmail_layer.domain.ses.tags import encode_tags


def opened(message: EmailMessage | bytes, *recipients: str, **tags: str) -> OpenedMail:
    raw = message if isinstance(message, bytes) else message.as_bytes()
    return OpenedMail(Mail("id-1", "shop@example.com", recipients, raw, tuple(tags.items())))


def html_mail(html: str) -> OpenedMail:
    message = EmailMessage()
    message.set_content("text")
    message.add_alternative(html, subtype="html")
    return opened(message)


def test_headers_are_decoded_and_folded_lines_are_one() -> None:
    mail = opened(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?_aus_K=C3=B6ln?=\r\nX-A: b\r\n c\r\n\r\n")
    assert mail.headers == [("Subject", "Grüße aus Köln"), ("X-A", "b c")]
    assert mail.header("subject") == "Grüße aus Köln"
    assert mail.header("Nothing") == ""


def test_a_recipient_that_no_header_names_is_a_bcc() -> None:
    mail = opened(b"To: Ada <ADA@example.org>\r\nCc: grace@example.org\r\n\r\n", "ada@example.org", "x@example.org")
    assert mail.recipients == [Recipient("ada@example.org", "to"), Recipient("x@example.org", "bcc")]


def test_the_engine_s_tags_are_decoded_and_others_stay_as_they_are() -> None:
    mail = opened(b"\r\n", campaign="c3ByaW5n", **encode_tags("order-1", 2, "welcome", "shop.orders"))
    assert dict(mail.tags) == {
        "campaign": "c3ByaW5n",
        "emailId": "order-1",
        "attempt": "2",
        "templateName": "welcome",
        "source": "shop.orders",
    }
    assert opened(b"\r\n", source="not~base64").tag("source") == "not~base64"


def test_bodies_are_no_attachments_and_an_attached_message_is_one() -> None:
    message = EmailMessage()
    message.set_content("text")
    message.add_alternative("<p>html", subtype="html")
    attached = EmailMessage()
    attached["Subject"] = "Inside"
    attached.set_content("inner")
    message.add_attachment(attached)
    message.add_attachment(b"a,b", "text", "csv", filename="list.csv")
    mail = opened(message)
    assert (mail.text.strip(), mail.html.strip()) == ("text", "<p>html")
    assert [(one.content_type, one.name) for one in mail.attachments] == [
        ("message/rfc822", "part-1"),
        ("text/csv", "list.csv"),
    ]
    assert b"Subject: Inside" in mail.attachments[0].content


@pytest.mark.parametrize(
    ("html", "start"),
    [
        ("<!doctype html><html><head><title>x", '<!doctype html><html><head><base target="_blank"><title>x'),
        ("<!DOCTYPE html>\n<p>x", '<!DOCTYPE html><base target="_blank">\n<p>x'),
        ("<p>x", '<base target="_blank"><p>x'),
    ],
)
def test_links_open_in_a_tab_and_the_doctype_stays_first(html: str, start: str) -> None:
    assert html_mail(html).framed_html("light").startswith(start)


@pytest.mark.parametrize(("mode", "width"), [("dark", "min"), ("light", "max")])
def test_a_mode_answers_the_mail_s_queries_for_a_colour_scheme(mode: str, width: str) -> None:
    mail = html_mail("<style>@media ( prefers-color-scheme: dark ) { p { color: red } }</style>")
    assert f"@media ({width}-width: 0px) {{" in mail.framed_html(mode)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<img src="https://x.example/a.png">', True),
        ("<td background=//x.example/a.png>", True),
        ("<p style=\"background: url('http://x.example/a')\">", True),
        ('<img src="cid:a"><a href="https://x.example">', False),
    ],
)
def test_remote_images_are_found(html: str, found: bool) -> None:
    assert html_mail(html).has_remote_images is found


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "<head><title>T</title><style>p{}</style></head><div hidden>Your  code\n is 1\u200c\u00a0\u200c</div>",
            "Your code is 1",
        ),
        ("<script>x()</script><p>Hello &amp; goodbye", "Hello & goodbye"),
        ("<p>" + "word " * 200, ("word " * 28).strip()),
        ("", ""),
    ],
)
def test_the_first_words_are_those_that_a_mail_program_shows(body: str, words: str) -> None:
    assert preheader(body) == words
