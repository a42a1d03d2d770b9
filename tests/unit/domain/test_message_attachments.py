"""Attachments arrive byte for byte under their names; inline images belong to the HTML."""

from __future__ import annotations

import re
from email.message import EmailMessage
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.message import File
from tests.unit.reading_mail import body, raw, read, rendered

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
def test_any_accepted_filename_arrives(filename: str) -> None:
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


@pytest.mark.parametrize("content_type", ["message/rfc822", "Message/partial", "multipart/digest"])
def test_a_file_is_never_a_message_in_the_message(content_type: str) -> None:
    message = raw(files=[File("mail.eml", b"Subject: x", content_type)])

    assert b"\r\nContent-Type: application/octet-stream\r\n" in message
    assert content_type.encode() not in message
