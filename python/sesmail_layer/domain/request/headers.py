"""Headers that a producer may set: their names, and their values as they are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sesmail_layer.domain.mime import ENCODED_WORD, EOL, custom_line, in_brackets, is_structured
from sesmail_layer.domain.request.refusals import ALLOWED, Refusal, kind, measured, quoted

MAX_LINE = 998
"""Characters of one header line: https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1"""

# `(?!\n)`: in Python a lone $ would let a trailing line break through.
# No control characters: these values reach headers. \u2028 and \u2029 end lines for some clients.
HEADER_TEXT = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$(?!\n)"
_HEADER_NAME = re.compile(
    r"^(?:X-(?!SES-)[A-Za-z0-9-]{1,70}|In-Reply-To|References|Auto-Submitted|Precedence|Feedback-ID|List-[A-Za-z0-9-]{1,70})$",
    re.IGNORECASE,
)
# Ids and URLs without the brackets that they should have.
_BARE = re.compile(r"[^\s<>()\",]*(?:://|@|\bmailto:)[^\s<>()\",]*", re.IGNORECASE)
# Written by the engine; a producer cannot set them, not even as a List-* header.
_ENGINE_HEADERS = frozenset({"list-unsubscribe", "list-unsubscribe-post"})


def check_headers(headers: object) -> None:
    """Check each header here: msgspec's errors do not name it."""
    seen: set[str] = set()
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        if not _HEADER_NAME.fullmatch(name) or name.casefold() in _ENGINE_HEADERS:
            raise Refusal(
                f"headers: {quoted(name)} is not allowed; allowed are X-* (not X-SES-*), In-Reply-To, References, "
                "Auto-Submitted, Precedence, Feedback-ID and List-* (List-Unsubscribe by the field listUnsubscribe)"
            )
        if name.casefold() in seen:
            raise Refusal(f"headers: {quoted(name)} is there more than once; allowed: once, in any case")
        if not isinstance(value, str) or len(value) > MAX_LINE or not re.search(HEADER_TEXT, value):
            found = measured(value) if isinstance(value, str) else kind(value)
            raise Refusal(f"headers.{name}: found {found}; allowed: {ALLOWED['headers[]']}")
        _check_line(name, value)
        seen.add(name.casefold())


def _check_line(name: str, value: str) -> None:
    exact = [*in_brackets(value), *_BARE.findall(value)] if is_structured(name) else []
    if any(not part.isascii() or ENCODED_WORD.search(part) for part in exact):
        raise Refusal(
            f"headers.{name}: found characters outside ASCII or an encoded word in an id or URL; allowed: plain ASCII, "
            "with anything else percent-encoded"
        )
    longest = max(map(len, custom_line(name, value).split(EOL)))
    if longest > MAX_LINE:
        raise Refusal(
            f"headers.{name}: found a line of {longest} characters as encoded; allowed: {MAX_LINE}; add spaces, where "
            "lines are folded"
        )
