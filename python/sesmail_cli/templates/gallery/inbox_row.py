"""What an inbox shows of an email: its sender, subject, and the text that follows the subject."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple

LONGEST_PREVIEW = 250
"""More than any client shows."""
_UNSEEN = {"head", "style", "script", "title"}
# Space, and what senders put after a preheader so that no other text follows it: joiners, soft hyphens, non-joiners.
_GAP = re.compile("[\\s\u00a0\u00ad\u034f\u200b-\u200f\u2007\u2060\ufeff]+")
_PADDING = 12
"""A gap of so many characters is meant to be one: the client shows nothing behind it."""


class InboxRow(NamedTuple):
    sender: str
    subject: str
    preview: str
    initial: str
    """A letter, for the place where clients show a picture."""


def inbox_row(headers: list[tuple[str, str]], html: str, text: str) -> InboxRow:
    """Return the row of a rendered email."""
    named = {name.lower(): value for name, value in headers}
    sender = re.sub(r"\s*<[^>]*>\s*$", "", named.get("from", "")).strip(' "') or named.get("from", "")
    initial = next((character.upper() for character in sender if character.isalnum()), "?")
    return InboxRow(sender, named.get("subject", ""), preview_of(html) or _until_padding(text), initial)


def preview_of(html: str) -> str:
    """Return the beginning of the body's text, in the order of the source: clients read hidden preheaders, too."""
    reader = _Reader()
    reader.feed(html)
    return _until_padding("".join(reader.parts))


def _until_padding(text: str) -> str:
    text = text.strip()
    padding = next((found for found in _GAP.finditer(text) if _is_padding(found[0])), None)
    return _GAP.sub(" ", text[: padding.start()] if padding else text)[:LONGEST_PREVIEW].strip()


def _is_padding(gap: str) -> bool:
    return sum(character not in " \t\r\n" for character in gap) >= _PADDING


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _UNSEEN
        if tag in ("br", "p", "div", "td", "h1", "h2", "h3", "li"):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _UNSEEN and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
