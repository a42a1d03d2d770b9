"""Header lines as they go out (RFC 5322, 2047).

Python's `email` package parses what it is given and writes it anew, and is wrong in doing so: it decodes encoded words
in a value, line breaks and all; it takes the quotes off a long name that has a comma in it, which makes two senders of
one; it encodes a long `<https://…>`, so that nobody can unsubscribe by it. Hence these lines, which it writes as they
are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.header import Header
from email.policy import Policy

_WIDTH = 76
"""Of a line with encoded words: https://www.rfc-editor.org/rfc/rfc2047#section-2"""
_LONGEST_WORD = 900
_CHUNK = re.compile(r" *[^ ]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_ENCODED_WORD = re.compile(r"=\?(?=[^?]*\?[bq]\?)", re.IGNORECASE)


class HeaderLine(str):
    """A header's value in ASCII, folded at its spaces and nowhere else. Raises ValueError for anything but text."""

    name: str

    def __new__(cls, name: str, value: str) -> HeaderLine:
        value = value.strip()
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"{name}: not printable ASCII")
        line = super().__new__(cls, value)
        line.name = name
        return line

    def fold(self, *, policy: Policy) -> str:
        """What the `email` package asks a header for when it writes a message."""
        lines = [f"{self.name}:"]
        for number, chunk in enumerate(_CHUNK.findall(f" {self}")):
            # Nothing is folded right after the name: some readers take such a header for an empty one.
            if number and len(lines[-1]) + len(chunk) > _WIDTH:
                lines.append("")
            lines[-1] += chunk
        return policy.linesep.join(lines) + policy.linesep


def text_line(name: str, text: str) -> HeaderLine:
    """A header that people read, such as Subject."""
    text = text.strip()
    return HeaderLine(name, _encoded(name, text) if _needs_encoding(text) else text)


def address_line(name: str, addresses: Iterable[str], display_name: str = "") -> HeaderLine:
    """A header of addresses in ASCII; with a name, of one."""
    listed = ", ".join(addresses)
    return HeaderLine(name, f"{_phrase(name, display_name)} <{listed}>" if display_name.strip() else listed)


def link_line(name: str, links: Iterable[str]) -> HeaderLine:
    """A header of URLs in angle brackets, such as List-Unsubscribe."""
    return HeaderLine(name, ", ".join(f"<{_ENCODED_WORD.sub('=%3F', link)}>" for link in links))


def harmless_filename(name: str) -> str:
    """Gives a name in which no reader finds an encoded word."""
    return _ENCODED_WORD.sub("=_", name)


def _needs_encoding(text: str) -> bool:
    plain = text.isascii() and text.isprintable()
    return not plain or "=?" in text or any(len(word) > _LONGEST_WORD for word in text.split(" "))


def _encoded(name: str, text: str) -> str:
    """Encoded words, one a line; they are read without the spaces between them."""
    return " ".join(Header(text, "utf-8", header_name=name, maxlinelen=_WIDTH).encode(linesep="\n").split("\n "))


def _phrase(name: str, display_name: str) -> str:
    display_name = " ".join(display_name.split())
    if _needs_encoding(display_name):
        return _encoded(name, display_name)
    if _ATOMS.fullmatch(display_name):
        return display_name
    return '"' + re.sub(r'(["\\])', r"\\\1", display_name) + '"'
