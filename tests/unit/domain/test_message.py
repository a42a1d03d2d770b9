"""The MIME message, judged as a mail program reads it back."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.message import File, Identity, resolve_identity
from sesmail_layer.domain.request.email_request import parse_request
from sesmail_layer.domain.request.refusals import Refusal
from tests.unit.reading_mail import NOW, TO, body, header, names_of, raw, read, rendered

PLAIN = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "auto-submitted"}


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


SUBJECTS = [
    "Grüße",
    "Grüße aus dem schönen Süden, wo die Bäume blühen; bis bald! " * 4,
    "plain text that is much longer than one line of a header may be, and has to be folded somewhere; " * 3,
    "x" * 998,
    "ü" * 998,
    "😀" * 300,
    "a  b   c",
    "=?utf-8?q?a=0D=0ABcc:_victim@example.com?=",
    "a=?utf-8?b?DQpCY2M6?= b",
    "50% =? off ?=",
    '"quoted" <b@example.com>, c',
    "Subject: Bcc: x",
    "tab\u00a0nbsp",
    "x" * 80 + " " + "y" * 900,
]


@pytest.mark.parametrize("subject", SUBJECTS, ids=[subject[:20] for subject in SUBJECTS])
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    message = raw(rendered(subject=subject))
    assert header(message, "Subject") == subject.strip()
    assert read(message)["Subject"] == subject.strip()
    assert names_of(message) == PLAIN


NAMES = [
    "Acme, Inc.",
    "Jörg Müller",
    'The "Shop"',
    "back\\slash",
    "a@b",
    "John <evil@example.com>",
    "=?utf-8?q?a=0D=0ABcc:_victim@example.com?=",
    "a very long plain name that has to be folded somewhere, because it is far longer than one line <x@example.com>, y",
    "Jörg Müller und seine Frau Änne, Abteilung für Öffentlichkeitsarbeit; im schönen Österreich und anderswo",
    "n" * 320,
    "O'Neil (Sales) [Team]: a; b",
    "😀",
    "株式会社" * 40,
]


@pytest.mark.parametrize("name", NAMES, ids=[name[:20] for name in NAMES])
def test_a_sender_s_name_is_one_name_whatever_is_in_it(name: str) -> None:
    message = raw(name=name)
    value = cast(str, message_from_bytes(message, policy=compat32)["From"])
    [(written, address)] = getaddresses([re.sub(r"\r\n(?=[ \t])", "", value)])
    assert address == "shop@example.com"
    assert str(make_header(decode_header(written))) == name
    assert [item.addr_spec for item in read(message)["From"].addresses] == ["shop@example.com"]
    assert names_of(message) == PLAIN


@pytest.mark.parametrize("name", ["", " ", "\n"])
def test_without_a_name_there_is_the_address_alone(name: str) -> None:
    assert header(raw(name=name), "From") == "shop@example.com"


_PIECES = [*"ab ,;:<>\"'()[]@\\=?_-.", "=?", "?=", "utf-8", "?q?", "=0D=0A", "ü", "😀", "Bcc:"]

tricky = st.lists(st.sampled_from(_PIECES), max_size=40).map("".join) | st.text(max_size=120)


@given(subject=tricky, name=tricky, value=tricky, url=tricky)
@example(subject="=?utf-8?q?=0D=0ABcc:_x?=", name="=?utf-8?q?=0A?=", value="=?utf-8?b?Cg==?=", url="=?utf-8?q?=0A?=")
@example(subject="a", name=", ".join(["x@example.com"] * 9), value="b", url="c")
def test_no_value_adds_a_header_or_a_recipient(subject: str, name: str, value: str, url: str) -> None:
    detail: dict[str, Any] = {
        "subject": subject,
        "senderOverride": {"name": name},
        "headers": {"X-Value": value},
        "listUnsubscribe": {"url": f"https://example.com/{url}"},
    }
    kept: dict[str, Any] = {}
    for field, content in detail.items():
        try:
            parse_request({"to": TO, "templateName": "t", field: content}, now=NOW)
        except Refusal:
            continue
        kept[field] = content
    shown = subject if "subject" in kept else "Hello"
    message = raw(rendered(subject=shown), **kept)
    extra = {"x-value"} if "headers" in kept else set()
    extra |= {"list-unsubscribe", "list-unsubscribe-post"} if "listUnsubscribe" in kept else set()
    assert names_of(message) == PLAIN | extra
    parsed = read(message)
    for _, content in parsed.items():
        assert len(content.splitlines()) <= 1
    assert [item.addr_spec for item in parsed["From"].addresses] == ["shop@example.com"]
    assert [item.addr_spec for item in parsed["To"].addresses] == [TO]
    assert header(message, "Subject") == shown.strip()
    if "headers" in kept:
        assert header(message, "X-Value") == value.strip()


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


FILES = [
    File("terms.pdf", b"%PDF-1.7\x00\xff" * 2000),
    File("Résumé – 履歴書 😀.docx", b"\x00\x01"),
    File('quo"te; a=b.txt', b"text\r\nwith\nlines\r\xff"),
    File("a" * 250 + ".csv", b""),
    File("no extension", b"x"),
    File("mail.eml", b"From: a\n\nb"),
    File("archive.tar.gz", b"x" * 100_000),
    File("=?utf-8?q?a=0D=0Ab?=.pdf", b"x", "application/pdf"),
    File("typed.bin", b"x", "text/plain"),
    File("parts.bin", b"x", "multipart/mixed"),
]


def test_attachments_arrive_byte_for_byte_under_their_names() -> None:
    message = raw(files=FILES)
    parsed = read(message)
    assert parsed.get_content_type() == "multipart/mixed"
    parts = list(parsed.iter_attachments())
    assert [part.get_filename() for part in parts] == [file.filename.replace("=?utf", "=_utf") for file in FILES]
    assert [cast(bytes, part.get_payload(decode=True)) for part in parts] == [file.content for file in FILES]
    assert {part.get_content_disposition() for part in parts} == {"attachment"}
    assert {part["Content-Transfer-Encoding"] for part in parts} == {"base64"}
    assert [part.get_content_type() for part in parts][:2] == [
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ]
    assert {part.get_content_type() for part in parts} >= {"application/octet-stream", "text/plain"}
    assert not {part.get_content_maintype() for part in parts} & {"multipart", "message"}
    assert (body(message, "plain"), body(message, "html")) == ("Hello", "<p>Hello</p>")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1, max_size=100))
def test_any_filename_that_is_taken_arrives(filename: str) -> None:
    message = raw(files=[File(filename, b"content")])
    [part] = read(message).iter_attachments()
    assert part.get_payload(decode=True) == b"content"
    given = part.get_filename()
    assert given is not None
    assert given.strip() == re.sub(r"=\?(?=[^?]*\?[bBqQ]\?)", "=_", filename).strip()


def test_inline_images_belong_to_the_html() -> None:
    logo = File("logo.png", b"\x89PNG", None, "logo@shop")
    message = raw(
        rendered(html='<img src="cid:logo@shop">'), files=[logo, File("b.png", b"b", None, "b"), File("a.pdf", b"a")]
    )
    parsed = read(message)

    def shape(part: EmailMessage) -> Any:
        kind = part.get_content_type()
        return (
            (kind, [shape(cast(EmailMessage, inner)) for inner in part.iter_parts()]) if part.is_multipart() else kind
        )

    assert shape(parsed) == (
        "multipart/mixed",
        [
            (
                "multipart/alternative",
                ["text/plain", ("multipart/related", ["text/html", "image/png", "image/png"])],
            ),
            "application/pdf",
        ],
    )
    images = [part for part in parsed.walk() if part.get_content_maintype() == "image"]
    assert [part["Content-ID"] for part in images] == ["<logo@shop>", "<b>"]
    assert {part.get_content_disposition() for part in images} == {"inline"}


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
    assert resolve_identity(request, parts, *fallback) == Identity(email, name, [])


@pytest.mark.parametrize(
    ("event", "template", "fallback", "found"),
    [
        (None, "", "", []),
        (None, "t@example.com", "d@example.com", ["t@example.com"]),
        (None, "", "d@example.com", ["d@example.com"]),
        ("e@example.com", "t@example.com", "d@example.com", ["e@example.com"]),
        (["e@example.com", "f@example.com"], "t@example.com", "", ["e@example.com", "f@example.com"]),
    ],
)
def test_replies_go_where_the_event_says_then_the_template(
    event: str | list[str] | None, template: str, fallback: str, found: list[str]
) -> None:
    request, _ = parse_request({"to": TO, "templateName": "t", "replyTo": event}, now=NOW)
    identity = resolve_identity(request, rendered(reply_to=template), "shop@example.com", "Shop", fallback)
    assert identity.reply_to == found


def test_no_sender_anywhere_says_where_to_set_one() -> None:
    request, _ = parse_request({"to": TO, "templateName": "t", "senderOverride": {"name": "Shop"}}, now=NOW)
    with pytest.raises(PermanentError) as caught:
        resolve_identity(request, rendered(), "", "Shop")
    assert (caught.value.error_type, caught.value.code) == ("validation_error", "SNDR001")
    assert caught.value.message.startswith("No sender email configured. ")


@pytest.mark.parametrize(
    ("file", "content_type"),
    [
        (File("a.pdf", b"x"), "application/pdf"),
        (File("no extension", b"x"), "application/octet-stream"),
        (File("mail.eml", b"x"), "application/octet-stream"),
        (File("parts.bin", b"x", "multipart/mixed"), "application/octet-stream"),
        (File("typed.bin", b"x", "text/plain"), "text/plain"),
        (File("odd.bin", b"x", "a/b+c"), "a/b+c"),
    ],
)
def test_an_attachment_has_its_type_and_no_id(file: File, content_type: str) -> None:
    [part] = list(read(raw(files=[file])).iter_attachments())

    assert part.get_content_type() == content_type
    assert part.get_content_disposition() == "attachment"
    assert part["Content-ID"] is None


def test_where_no_sender_is_configured_the_message_says_where_to_configure_one() -> None:
    request, _ = parse_request({"to": TO, "templateName": "t"}, now=NOW)
    with pytest.raises(PermanentError) as caught:
        resolve_identity(request, rendered(), "", "")

    assert (caught.value.error_type, caught.value.code) == ("validation_error", "SNDR001")
    assert caught.value.message == (
        "No sender email configured. Set senderOverride.email in the event, senderEmail in the template's "
        "metadata.json, or default_sender_email in Terraform."
    )
