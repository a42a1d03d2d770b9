"""The names that a day's figures are counted by: each gets a number on the day on which it is first counted.

A day's numbers are in pages, each of which lists its names in order, so that an item is small whenever one is added.
"""

from __future__ import annotations

from collections.abc import Sequence

from sesmail_layer.domain.figures import MOST_NAMES, OTHER, Kind, Name

TOTAL = 0
"""The number of all emails together."""
PAGE_NUMBERS = 40
PAGES = 24
_LONGEST = 258
"""Bytes of a name with its kind; what is longer is counted as `*other*`. An event's source has at most 256."""
_PAGE_BYTES = 1_800
"""Of names, in one page: a write of it costs two units."""
_KINDS = {"p": Kind.PRODUCER, "t": Kind.TEMPLATE, "g": Kind.TAG, "o": Kind.TOPIC}
_PREFIXES = {kind: prefix for prefix, kind in _KINDS.items()}
_RESERVED = {Name(kind, OTHER): 1 + position for position, kind in enumerate(Kind)}
_FIRST = 1 + len(_RESERVED)


class DayNames:
    """What is known of a day's names."""

    def __init__(self, date: str) -> None:
        self.date = date
        self.pages: list[list[str]] = [[]]
        """The texts of each page's names."""
        self.numbers: dict[Name, int] = dict(_RESERVED)
        self._left = dict.fromkeys(Kind, MOST_NAMES)

    @property
    def last_page(self) -> int:
        return len(self.pages) - 1

    def learn(self, page: int, texts: Sequence[str]) -> None:
        """Take over what a page lists; a full page opens the next one."""
        first = page * PAGE_NUMBERS + (_FIRST if page == 0 else 0)
        for position, text in enumerate(texts):
            name = name_of(text)
            if name is not None and name not in self.numbers:
                self.numbers[name] = first + position
                self._left[name.kind] -= 1
        self.pages[page] = list(texts)
        if page == self.last_page and _is_full(page, texts):
            self.pages.append([])

    def texts_that_fit(self, names: Sequence[Name]) -> list[str]:
        """Return the texts of the first names for which the last page has room: at least one, as it is not full."""
        before, texts, room = self.pages[self.last_page], list[str](), dict(self._left)
        left = _PAGE_BYTES - _size(before)
        for name in names:
            text = text_of(name)
            left -= _size([text])
            if left < 0 or len(before) + len(texts) >= _capacity(self.last_page) or not room[name.kind]:
                break
            room[name.kind] -= 1
            texts.append(text)
        return texts

    def takes(self, name: Name) -> bool:
        """True for a name without a number that may get one."""
        has_room = self._left[name.kind] > 0 and self.last_page < PAGES
        return has_room and name not in self.numbers and _size([text_of(name)]) <= _LONGEST

    def number_of(self, name: Name | None) -> int:
        """Return the number by which a name is counted; None is all emails."""
        if name is None:
            return TOTAL
        return self.numbers.get(name, _RESERVED[Name(name.kind, OTHER)])


def _is_full(page: int, texts: Sequence[str]) -> bool:
    """True where a page cannot take another name, however short: all containers must find the same."""
    return len(texts) >= _capacity(page) or _size(texts) > _PAGE_BYTES - _LONGEST


def _capacity(page: int) -> int:
    return PAGE_NUMBERS - (_FIRST if page == 0 else 0)


def _size(texts: Sequence[str]) -> int:
    return sum(len(text.encode()) for text in texts)


def text_of(name: Name) -> str:
    return f"{_PREFIXES[name.kind]}:{name.name}"


def name_of(text: str) -> Name | None:
    """Read a name; None for what somebody else wrote."""
    kind, _, name = text.partition(":")
    return Name(_KINDS[kind], name) if kind in _KINDS else None
