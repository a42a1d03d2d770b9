"""Show text of strangers so that it can neither hide nor change what is around it."""

from __future__ import annotations

import re

# Unicode's directional overrides, embeddings and isolates, which reorder the text that follows them.
# https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
_UNSAFE = re.compile(f"[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f{_DIRECTIONS}\\ufffe\\uffff\\ud800-\\udfff]")
_FIRST_PICTURE = 0x2400
_DELETE = 0x7F


def visible(text: str) -> str:
    """Replace control characters by their pictures (␛), and characters that reorder text by their numbers.

    Tabs and line ends stay.
    """
    return _UNSAFE.sub(_picture, text.replace("\r\n", "\n"))


def _picture(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number < 0x20:
        return chr(_FIRST_PICTURE + number)
    if number == _DELETE:
        return "␡"
    return f"[U+{number:04X}]"


def shorten(text: str, most: int) -> str:
    """Cut a text to at most so many characters; the last one is `…` then."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
