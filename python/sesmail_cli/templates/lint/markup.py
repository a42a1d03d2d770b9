"""A template's HTML without its Jinja2, on the same lines, for the rules about markup."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import msgspec
from jinja2 import Environment

# Replaces an expression; no rule looks for this character.
DATA = "\N{BLACK SQUARE}"
_ENVIRONMENT = Environment(autoescape=True)


class Element(msgspec.Struct, frozen=True):
    tag: str
    attributes: dict[str, str]
    line: int
    raw: str
    """The tag as written."""


class Style(msgspec.Struct, frozen=True):
    """A style sheet (`<style>`) or a style attribute."""

    css: str
    line: int
    inline: bool


class Markup(msgspec.Struct, frozen=True):
    elements: list[Element]
    styles: list[Style]
    text: str
    """What a reader sees, with DATA for each expression."""


def without_jinja(source: str, *, one_branch: bool = False) -> str:
    """Replace expressions by DATA and remove blocks and comments, without changing line numbers.

    `one_branch`: also without what follows `{% else %}` and `{% elif %}`.
    """
    pieces: list[str] = []
    line = 1
    in_expression = False
    skipped: list[bool] = []
    before = ""
    for lineno, kind, value in _ENVIRONMENT.lexer.tokeniter(source, None):
        pieces.append("\n" * (lineno - line))
        line = max(line, lineno)
        if one_branch and before == "block_begin" and kind == "name":
            _follow(value, skipped)
        before = before if kind == "whitespace" else kind
        if any(skipped):
            in_expression = False
        elif kind == "variable_begin":
            in_expression = True
            pieces.append(DATA)
        elif kind == "variable_end":
            in_expression = False
        elif kind == "data" and not in_expression:
            pieces.append(value)
            line += value.count("\n")
    return "".join(pieces)


def _follow(tag: str, skipped: list[bool]) -> None:
    """Note for each open `if` and `for` whether its first branch has ended."""
    if tag in ("if", "for"):
        skipped.append(False)
    elif tag in ("elif", "else") and skipped:
        skipped[-1] = True
    elif tag in ("endif", "endfor") and skipped:
        skipped.pop()


def read_markup(source: str) -> Markup:
    reader = _Reader()
    reader.feed(without_jinja(source))
    reader.close()
    return Markup(reader.elements, reader.styles, " ".join(reader.texts))


def elements(markup: Markup, *tags: str) -> Iterator[Element]:
    return (element for element in markup.elements if element.tag in tags)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.styles: list[Style] = []
        self.texts: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        line = self.getpos()[0]
        self.elements.append(Element(tag, attributes, line, self.get_starttag_text() or ""))
        if "style" in attributes:
            self.styles.append(Style(attributes["style"], line, inline=True))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles.append(Style(data, self.getpos()[0], inline=False))
        else:
            self.texts.append(data)
