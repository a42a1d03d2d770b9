"""Text of others, fit for a terminal, a log or a record: no controls, and none that reverse or hide other characters.

https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters and https://www.unicode.org/reports/tr36/
"""

from __future__ import annotations

import re

LINE_ENDS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# C0, DEL, C1, and the format characters that nobody sees, but for the joiners, which emoji and Persian need.
_CONTROLS = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    r"\ufff0-\ufffb\U000e0000-\U000e0fff"
)
CONTROLS = re.compile(f"[{_CONTROLS}]")
# Also half surrogate pairs, which cannot be encoded; not line feeds.
_UNPRINTABLE = re.compile(rf"(?!\n)[{_CONTROLS}\ud800-\udfff]")
_PART = r"[^\s\"'<>(),;:=]+"
# A domain has a letter or digit: `._@-` is no address.
_ADDRESS = re.compile(rf"(?:\"[^\"\n]{{0,100}}\"|{_PART})@(?=[^\s\"'<>(),;:=]*[^\W_]){_PART}")


def printable(text: str) -> str:
    """Remove controls; line feeds stay."""
    return _UNPRINTABLE.sub("", text)


def escaped(json_text: str) -> str:
    """Write the controls that JSON allows in its texts as `\\u….`; line feeds between its values stay."""
    return _UNPRINTABLE.sub(lambda control: _escape(control[0]), json_text)


def redacted(text: str) -> str:
    """Replace everything that looks like an address; SES puts addresses into its error messages."""
    return _ADDRESS.sub("[address]", text)


def without_addresses(text: str) -> str:
    """Replace addresses, but not those that are masked (`j***@example.com`), and no pattern for a whole domain."""
    return _ADDRESS.sub(lambda found: found[0] if _is_shown(found[0]) else "[address]", text)


def _is_shown(found: str) -> bool:
    return "***@" in found or found.startswith("*@")


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
