"""MIME as it goes out: header lines (RFC 5322, 2047) and parts (RFC 2045, 2046, 2387), in 7-bit lines.

Written by hand. Python's `email` package parses a header's value and writes it again, with three errors: it decodes
encoded words, line breaks included; it removes the quotes of a long name with a comma, which makes two senders of one;
it encodes a long `<https://…>`, so that no client can unsubscribe by it. Building its tree of parts for every message
also costs more CPU than all else that the sender does between its AWS calls; it still writes attachments.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence

EOL = "\r\n"

# https://www.rfc-editor.org/rfc/rfc2047#section-2
_WIDTH = 76
"""Of a line with encoded words."""
_WORD = "=?utf-8?b?{}?="
_WORD_BYTES = (75 - len(_WORD.format(""))) // 4 * 3
"""Of the text in one encoded word, which may be 75 characters long."""
_LONGEST_WORD = 900
_CHUNK = re.compile(r" *[^ ]+")
_STRUCTURED = re.compile(r"References|In-Reply-To|List-.*", re.IGNORECASE)
_BRACKETS = re.compile(r"(<[^<>]*>)")
# A run of words outside brackets, or a quoted text, with something that a header cannot have as it is.
_ODD = r"(?=[^ ()<>\",]*(?:[^\x00-\x7f]|=\?))[^ ()<>\",]+"
_ODD_WORDS = re.compile(rf'"[^"]*(?:[^\x00-\x7f"]|=\?)[^"]*"|{_ODD}(?: +{_ODD})*')
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
ENCODED_WORD = re.compile(r"=\?(?=[^?]*\?[bq]\?)", re.IGNORECASE)


def header_line(name: str, value: str) -> str:
    """A header in ASCII, folded at its spaces and nowhere else. Raises ValueError for anything but text."""
    value = value.strip()
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"{name}: not printable ASCII")
    whole = f"{name}: {value}"
    if len(whole) <= _WIDTH:
        return whole + "\r\n"
    lines = [f"{name}:"]
    for number, chunk in enumerate(_CHUNK.findall(f" {value}")):
        # Nothing is folded right after the name: some readers take such a header for an empty one.
        if number and len(lines[-1]) + len(chunk) > _WIDTH:
            lines.append("")
        lines[-1] += chunk
    return "\r\n".join(lines) + "\r\n"


def text_line(name: str, text: str) -> str:
    """A header that people read, such as Subject."""
    text = text.strip()
    return header_line(name, _encoded(name, text) if _needs_encoding(text) else text)


def is_structured(name: str) -> bool:
    """True for headers of ids or URLs in angle brackets, where RFC 2047 (section 5) allows no encoded words."""
    return _STRUCTURED.fullmatch(name) is not None


def in_brackets(value: str) -> list[str]:
    """Return the ids or URLs of a structured header."""
    return _BRACKETS.findall(value)


def custom_line(name: str, value: str) -> str:
    """A header that a producer sets. Raises ValueError where brackets hold what a header cannot have."""
    if not is_structured(name):
        return text_line(name, value)
    parts = _BRACKETS.split(value)
    parts[::2] = [_ODD_WORDS.sub(lambda words: _encoded(name, words[0].strip('"')), part) for part in parts[::2]]
    return header_line(name, "".join(parts))


def address_line(name: str, addresses: Iterable[str], display_name: str = "") -> str:
    """A header of addresses in ASCII; with a name, of one."""
    listed = ", ".join(addresses)
    return header_line(name, f"{_phrase(name, display_name)} <{listed}>" if display_name.strip() else listed)


def link_line(name: str, links: Iterable[str]) -> str:
    """A header of URLs in angle brackets, such as List-Unsubscribe."""
    return header_line(name, ", ".join(f"<{harmless_url(link)}>" for link in links))


def harmless_url(url: str) -> str:
    """Return a URL that no mail client decodes as an encoded word."""
    return ENCODED_WORD.sub("=%3F", url)


def harmless_filename(name: str) -> str:
    """Return a file name that no mail client decodes as an encoded word."""
    return ENCODED_WORD.sub("=_", name)


def _needs_encoding(text: str) -> bool:
    plain = text.isascii() and text.isprintable()
    return not plain or "=?" in text or any(len(word) > _LONGEST_WORD for word in text.split(" "))


def _encoded(name: str, text: str) -> str:
    """Encoded words, one a line; they are read without the spaces between them. No character is split."""
    words = []
    chunk = b""
    room = max(12, (_WIDTH - len(f"{name}: ") - len(_WORD.format(""))) // 4 * 3)
    for character in text:
        more = character.encode("utf-8", "replace")
        if len(chunk) + len(more) > room:
            words.append(chunk)
            chunk, room = b"", _WORD_BYTES
        chunk += more
    return " ".join(_WORD.format(base64.b64encode(word).decode()) for word in (*words, chunk))


def _phrase(name: str, display_name: str) -> str:
    display_name = " ".join(display_name.split())
    if _needs_encoding(display_name):
        return _encoded(name, display_name)
    if _ATOMS.fullmatch(display_name):
        return display_name
    return '"' + re.sub(r'(["\\])', r"\\\1", display_name) + '"'


# --- parts ------------------------------------------------------------------------------------------------------------


def text_part(subtype: str, text: str) -> bytes:
    """A text in UTF-8: quoted-printable, or base64 where most characters are not ASCII."""
    content = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    # A character beyond ASCII has two bytes or more.
    beyond_ascii = len(content) - len(content.translate(None, _BEYOND_ASCII))
    if beyond_ascii * 2 > len(content):
        encoding, body = "base64", base64.encodebytes(content.replace(b"\n", b"\r\n"))
    else:
        encoding, body = "quoted-printable", binascii.b2a_qp(content)
        body += b"" if body.endswith(b"\n") else b"\n"
    head = f'Content-Type: text/{subtype}; charset="utf-8"{EOL}Content-Transfer-Encoding: {encoding}{EOL}{EOL}'
    return head.encode() + body.replace(b"\n", b"\r\n")


_BEYOND_ASCII = bytes(range(0x80, 0x100))


_PARAMETER = re.compile(r'; *([^=; ]+)=("[^"]*"|[^; ]*)')


def file_part(content: bytes, content_type: str, filename: str, content_id: str | None) -> bytes:
    """Return a base64 MIME part: an inline image if the file has a content id, else an attachment."""
    # Imported here, because most messages have no file and these imports would lengthen every cold start.
    from email.message import MIMEPart
    from email.policy import SMTP

    maintype, _, subtype = content_type.partition(";")[0].strip().partition("/")
    part = MIMEPart(policy=SMTP)
    part.set_content(
        content,
        maintype=maintype,
        subtype=subtype,
        params={name.lower(): value.strip('"') for name, value in _PARAMETER.findall(content_type)},
        cid=f"<{content_id}>" if content_id else None,
        disposition="inline" if content_id else "attachment",
        filename=filename,
    )
    return part.as_bytes()


def multipart(subtype: str, unique: str, parts: Sequence[bytes]) -> bytes:
    """Parts as one. The boundary cannot occur in any of them: neither encoding ever writes `=_`."""
    boundary = f"=_{unique}_{subtype}"
    head = f'Content-Type: multipart/{subtype};{EOL} boundary="{boundary}"{EOL}{EOL}'
    between = f"--{boundary}{EOL}".encode()
    end = f"--{boundary}--{EOL}".encode()
    return head.encode() + b"".join(between + part + EOL.encode() for part in parts) + end
