"""Header lines as they go out (RFC 5322, 2047).

Written by hand: Python's `email` package parses what it is given and writes it anew, and is wrong in doing so. It
decodes encoded words in a value, line breaks and all; it takes the quotes off a long name that has a comma in it, which
makes two senders of one; it encodes a long `<https://…>`, so that nobody can unsubscribe by it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable

# https://www.rfc-editor.org/rfc/rfc2047#section-2
_WIDTH = 76
"""Of a line with encoded words."""
_WORD = "=?utf-8?b?{}?="
_WORD_BYTES = (75 - len(_WORD.format(""))) // 4 * 3
"""Of the text in one encoded word, which may be 75 characters long."""
_LONGEST_WORD = 900
_CHUNK = re.compile(r" *[^ ]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_ENCODED_WORD = re.compile(r"=\?(?=[^?]*\?[bq]\?)", re.IGNORECASE)


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


def address_line(name: str, addresses: Iterable[str], display_name: str = "") -> str:
    """A header of addresses in ASCII; with a name, of one."""
    listed = ", ".join(addresses)
    return header_line(name, f"{_phrase(name, display_name)} <{listed}>" if display_name.strip() else listed)


def link_line(name: str, links: Iterable[str]) -> str:
    """A header of URLs in angle brackets, such as List-Unsubscribe."""
    return header_line(name, ", ".join(f"<{_ENCODED_WORD.sub('=%3F', link)}>" for link in links))


def harmless_filename(name: str) -> str:
    """Gives a name in which no reader finds an encoded word."""
    return _ENCODED_WORD.sub("=_", name)


def _needs_encoding(text: str) -> bool:
    plain = text.isascii() and text.isprintable()
    return not plain or "=?" in text or any(len(word) > _LONGEST_WORD for word in text.split(" "))


def _encoded(name: str, text: str) -> str:
    """Encoded words, one a line; they are read without the spaces between them. No character is divided."""
    words = []
    chunk = b""
    room = max(12, (_WIDTH - len(f"{name}: ") - len(_WORD.format(""))) // 4 * 3)
    for character in text:
        more = character.encode("utf-8", "replace")
        if len(chunk) + len(more) > room:
            words.append(chunk)
            chunk, room = b"", _WORD_BYTES
        chunk += more
    return " ".join(_WORD.format(b64encode(word).decode()) for word in (*words, chunk))


def _phrase(name: str, display_name: str) -> str:
    display_name = " ".join(display_name.split())
    if _needs_encoding(display_name):
        return _encoded(name, display_name)
    if _ATOMS.fullmatch(display_name):
        return display_name
    return '"' + re.sub(r'(["\\])', r"\\\1", display_name) + '"'
