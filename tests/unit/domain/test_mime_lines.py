"""Headers and bodies as lines: what is encoded, where it is folded, what no line may hold."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest

from sesmail_layer.domain.message import File
from sesmail_layer.domain.mime import address_line, custom_line, file_part, header_line, text_line, text_part
from tests.unit.reading_mail import body, header, raw, rendered


def test_an_encoded_word_in_a_link_is_escaped_and_the_link_stays_the_same() -> None:
    message = raw(listUnsubscribe={"url": "https://example.com/u?a=?utf-8?q?x"})

    assert header(message, "List-Unsubscribe") == "<https://example.com/u?a=%3Futf-8?q?x>"
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in message


def test_mime_keywords_are_written_in_their_usual_case() -> None:
    message = raw(files=[File("a.bin", b"x"), File("mail.eml", b"x"), File("b.png", b"x", "image/png", "logo")])

    assert message.count(b"\r\nContent-Type: application/octet-stream\r\n") == 2
    assert message.count(b"\r\nContent-Disposition: attachment; filename=") == 2
    assert message.count(b'\r\nContent-Disposition: inline; filename="b.png"\r\n') == 1
    assert message.count(b"\r\nContent-ID: <logo>\r\n") == 1
    assert message.count(b"\r\nContent-Transfer-Encoding: base64\r\n") == 3


def words(line: str) -> list[bytes]:
    """The texts of a header's encoded words."""
    return [b64decode(word) for word in re.findall(r"=\?utf-8\?b\?([^?]*)\?=", line)]


def test_encoded_lines_are_as_long_as_they_may_be() -> None:
    line = text_line("Subject", "=?" + "a" * 200)

    assert [len(word) for word in words(line)] == [39, 45, 45, 45, 28]
    assert [len(one) for one in line.splitlines()] == [73, 73, 73, 73, 53]
    assert b"".join(words(line)) == b"=?" + b"a" * 200


def test_after_a_long_name_the_first_word_has_twelve_bytes_at_least() -> None:
    assert [len(word) for word in words(text_line("X-" + "n" * 70, "=?" + "a" * 60))] == [12, 45, 5]


def test_no_character_is_split_between_two_encoded_words() -> None:
    found = words(text_line("Subject", "ü" * 45))

    assert [len(word) for word in found] == [38, 44, 8]
    assert [word.decode() for word in found] == ["ü" * 19, "ü" * 22, "ü" * 4]


def test_half_a_surrogate_pair_is_written_as_a_question_mark() -> None:
    assert words(text_line("Subject", "a\ud83d")) == [b"a?"]


def test_headers_and_types_are_written_in_their_usual_case() -> None:
    """Any case is right; some filters take an unusual one for a sign of spam."""
    message = raw(
        cc=["cc@example.com"],
        replyTo="help@example.com",
        files=[File("a.bin", b"x"), File("b.png", b"x", "image/png", "logo")],
    )

    names = [line.partition(b":")[0] for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n") if line[:1] != b" "]
    assert names == [
        b"From", b"To", b"Cc", b"Reply-To", b"Subject", b"Auto-Submitted", b"Date", b"Message-ID", b"MIME-Version",
        b"Content-Type",
    ]  # fmt: skip
    types = re.findall(rb"\r\n(?:)Content-Type: ([^;\r]+)", message)
    assert types == [
        b"multipart/mixed", b"multipart/alternative", b"text/plain", b"multipart/related", b"text/html", b"image/png",
        b"application/octet-stream",
    ]  # fmt: skip
    unique = re.findall(rb'boundary="=_([0-9a-f]{40})_\w+"', message)
    assert (len(unique), len(set(unique))) == (3, 1)


@pytest.mark.parametrize("text", ["a\r\nb\rc\nd", "ä\r\nö\rü\nß"])
def test_every_kind_of_line_break_arrives_as_one(text: str) -> None:
    arrived = body(raw(rendered(text=text)), "plain")

    assert arrived.replace("\r\n", "\n").rstrip("\n").split("\n") == re.split(r"\r\n|\r|\n", text)


def test_half_a_surrogate_pair_in_a_body_is_a_question_mark() -> None:
    assert body(raw(rendered(text="a\ud83d")), "plain").strip() == "a?"


def test_a_line_is_folded_where_it_would_be_longer_than_76() -> None:
    assert header_line("X-A", "a" * 71) == f"X-A: {'a' * 71}\r\n"
    assert header_line("X-A", f"{'a' * 30} {'b' * 41}") == f"X-A: {'a' * 30}\r\n {'b' * 41}\r\n"
    assert header_line("X-A", f"{'a' * 30} {'b' * 40}") == f"X-A: {'a' * 30} {'b' * 40}\r\n"


@pytest.mark.parametrize("value", ["ü", "a\x00b", "a\x7f"])
def test_a_header_is_printable_ascii_or_an_error(value: str) -> None:
    with pytest.raises(ValueError, match=r"^X-A: not printable ASCII$"):
        header_line("X-A", value)


def test_a_folded_line_is_as_long_as_it_may_be() -> None:
    value = f"{'a' * 30} {'b' * 40} {'c' * 10}"
    assert header_line("X-A", value) == f"X-A: {'a' * 30} {'b' * 40}\r\n {'c' * 10}\r\n"


def test_a_word_of_over_900_characters_is_encoded_since_no_line_may_hold_it() -> None:
    assert words(text_line("Subject", "a" * 900)) == []
    assert b"".join(words(text_line("Subject", "a" * 901))) == b"a" * 901


def test_the_name_of_a_header_leaves_the_rest_of_the_line_to_a_display_name() -> None:
    line = address_line("Resent-Reply-To", ["a@example.com"], "ü" * 60)
    assert words(line)[0] == words(text_line("Resent-Reply-To", "ü" * 60))[0]


@pytest.mark.parametrize(
    ("text", "encoding", "written"),
    [
        ("a", "quoted-printable", "a\r\n"),
        ("a\n", "quoted-printable", "a\r\n"),
        ("aaü", "quoted-printable", "aa=C3=BC\r\n"),
        ("aü", "base64", "YcO8\r\n"),
        ("ü\nü\n", "base64", "w7wNCsO8DQo=\r\n"),
    ],
)
def test_a_text_is_base64_where_most_of_its_bytes_are_beyond_ascii(text: str, encoding: str, written: str) -> None:
    head, body = text_part("plain", text).decode().split("\r\n\r\n")
    assert head == f'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}'
    assert body == written


def test_words_outside_ascii_fill_the_line_of_a_structured_header() -> None:
    line = custom_line("List-Help-Of-The-Shop", "ü" * 60)
    assert words(line) == words(text_line("List-Help-Of-The-Shop", "ü" * 60))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Shop", "Shop"),
        ("Shop & Co", "Shop & Co"),
        ("Shop, Inc.", '"Shop, Inc."'),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
        ("  Shop \t Co ", "Shop Co"),
    ],
)
def test_a_display_name_is_quoted_where_it_has_to_be(name: str, written: str) -> None:
    assert address_line("From", ["a@example.com"], name) == f"From: {written} <a@example.com>\r\n"


@pytest.mark.parametrize("phrase", ["Läden", "Xü X"])
def test_a_quoted_phrase_of_a_structured_header_is_encoded_without_its_quotes(phrase: str) -> None:
    line = custom_line("List-Id", f'"{phrase}" <shop.example.com>')
    assert [word.decode() for word in words(line)] == [phrase]
    assert line.endswith("?= <shop.example.com>\r\n")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("application/pdf", "application/pdf"),
        ("text/calendar;method=REQUEST", 'text/calendar; method="REQUEST"'),
        ('text/calendar; METHOD="X-NEW"; charset=utf-8', 'text/calendar; method="X-NEW"; charset="utf-8"'),
    ],
)
def test_a_media_type_is_written_with_its_parameters(given: str, written: str) -> None:
    head = file_part(b"x", given, "a.bin", None).decode().partition("\r\n\r\n")[0]
    assert f"Content-Type: {written}" in head.split("\r\n")
