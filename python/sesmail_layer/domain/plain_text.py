"""Text of others, fit for a terminal, a log or a record: no controls, and none that reverse or hide other characters.

https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters and https://www.unicode.org/reports/tr36/
"""

from __future__ import annotations

import re

LINE_ENDS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# C0, DEL, C1, and the invisible format characters, but for the joiners, which emoji and Persian need.
_CONTROLS = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    r"\ufff0-\ufffb\U000e0000-\U000e0fff"
)
CONTROLS = re.compile(f"[{_CONTROLS}]")
# Also half surrogate pairs, which cannot be encoded; not line feeds.
_UNPRINTABLE = re.compile(rf"(?!\n)[{_CONTROLS}\ud800-\udfff]")
# Whole words, so that a text of any length is read once: a search for the `@` would start again at each character.
_WORD = re.compile(r"(?:\"[^\"\n]{0,100}\"(?=@))?[^\s\"'<>(),;:=]+")


def printable(text: str) -> str:
    """Remove controls; line feeds stay."""
    return _UNPRINTABLE.sub("", text)


def escaped(json_text: str) -> str:
    """Write the controls that JSON allows in its texts as `\\u….`; line feeds between its values stay."""
    return _UNPRINTABLE.sub(lambda control: _escape(control[0]), json_text)


def redacted(text: str) -> str:
    """Replace everything that looks like an address; SES puts addresses into its error messages."""
    return _WORD.sub(lambda word: "[address]" if _is_address(word[0]) else word[0], text)


def without_addresses(text: str) -> str:
    """Replace addresses, but not those that are masked (`j***@example.com`), and no pattern for a whole domain."""
    return _WORD.sub(lambda word: "[address]" if _is_address(word[0]) and not _is_shown(word[0]) else word[0], text)


def _is_address(word: str) -> bool:
    """Return True for a word with an `@` before a domain, which has a letter or digit: `._@-` is none."""
    local, at, domain = word.partition("@")
    return bool(local and at) and any(character.isalnum() for character in domain)


def _is_shown(word: str) -> bool:
    return "***@" in word or word.startswith("*@")


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
