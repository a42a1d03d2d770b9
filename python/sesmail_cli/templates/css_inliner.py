"""Write the rules of a template's `<style>` elements into the `style` attributes of its elements.

The library css-inline reads a copy of the HTML without its Jinja2, in which each start tag has a number; only the
styles that it finds are taken over. All else in the file stays as it is written: conditions, comments for Outlook,
entities. Expressions in a style sheet (`color: {{ brandColor }}`) go with their rule.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import css_inline
import msgspec
import tinycss2  # type: ignore[import-untyped]

_OPENING = re.compile(r"\{[{%#]")
# From after the opening; a quote in an expression begins a text, in which closing marks are text.
_CLOSING = {
    "{{": re.compile(r"(?:\"[^\"]*\"|'[^']*'|(?!\}\})[^\"'])*\}\}"),
    "{%": re.compile(r"(?:\"[^\"]*\"|'[^']*'|(?!%\})[^\"'])*%\}"),
    "{#": re.compile(r".*?#\}", re.DOTALL),
}
_STYLE_END = re.compile(r"</style", re.IGNORECASE)
_BLOCK = re.compile(r"\{%[-+]?\s*(end)?(\w+)")
_PAIRED = {"if", "for", "with", "filter", "macro", "call", "raw"}
_STYLE_ATTRIBUTE = re.compile(r"\sstyle\s*=\s*([\"'])", re.IGNORECASE)
_NUMBER = "data-sesmail-tag"
_OUTSIDE_BODY = {"html", "head", "meta", "title", "style", "link", "base", "script"}
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)


class InlineError(ValueError):
    """A style cannot be inlined; the message says where and what to write instead."""


class _Tag(msgspec.Struct, frozen=True):
    """A start tag and its place in the source; `content` is the style sheet after a `<style>`."""

    name: str
    start: int
    end: int


def inline_styles(source: str) -> str:
    """Return the HTML with its styles inlined. Raises InlineError.

    Rules that no attribute can have (`@media`, `:hover`) stay in their `<style>`; so does all of a `<style>` with
    `data-css-inline="ignore"`, or with conditions in it, and all of them where a class depends on a condition.
    """
    if "<style" not in source.lower():
        return source
    tags = _tags(source)
    expressions: list[str] = []
    styles = _styles(_INLINER.inline(_document(source, tags, expressions)))
    pieces, position = [], 0
    for number, tag in enumerate(tags):
        pieces.append(source[position : tag.start])
        text = source[tag.start : tag.end]
        style = "" if tag.name in _OUTSIDE_BODY else _restored(styles.get(number, ""), expressions)
        pieces.append(_with_style(text, style, source, tag) if style else text)
        position = tag.end
    return _without_inlined_rules("".join([*pieces, source[position:]]))


def _tags(source: str) -> list[_Tag]:
    return _TagReader(_blank(source)).tags


def _document(source: str, tags: list[_Tag], expressions: list[str]) -> str:
    """Return the HTML for the library: numbered tags, no Jinja2, no styles of their own, nothing to load."""
    pieces, position = [], 0
    for number, tag in enumerate(tags):
        pieces.append(_between(source[position : tag.start], tags[number - 1] if number else None, expressions))
        pieces.append(_numbered(source[tag.start : tag.end], tag, number))
        position = tag.end
    pieces.append(_between(source[position:], tags[-1] if tags else None, expressions))
    return "".join(pieces)


def _between(text: str, before: _Tag | None, expressions: list[str]) -> str:
    """Return what follows a tag; in a style sheet, expressions become names that the library takes for values."""
    if before is None or before.name != "style":
        return _blank(text)

    return _named(_unconditional(text), expressions)


def _numbered(text: str, tag: _Tag, number: int) -> str:
    if tag.name in ("link", "base"):
        return ""
    reader = _TagReader(_blank(_unconditional(text)))
    attributes = reader.attributes[0] if reader.attributes else {}
    written = (f' {name}="{html.escape(value)}"' for name, value in attributes.items() if name != "style")
    return f'<{tag.name}{"".join(written)} {_NUMBER}="{number}">'


def _styles(inlined: str) -> dict[int, str]:
    """Return each numbered tag's style, with double quotes replaced."""
    found: dict[int, str] = {}
    for attributes in _TagReader(inlined).attributes:
        if _NUMBER in attributes and attributes.get("style"):
            found.setdefault(int(attributes[_NUMBER]), attributes["style"].replace('"', "'"))
    return found


def _with_style(text: str, style: str, source: str, tag: _Tag) -> str:
    """Put a style before the tag's own, which overrides it."""
    own = _STYLE_ATTRIBUTE.search(_blank(text))
    if own is None:
        end = len(re.match(r"<[^\s/>]+", text)[0])  # type: ignore[index]
        return f'{text[:end]} style="{style}"{text[end:]}'
    if _STYLE_ATTRIBUTE.search(_blank(_unconditional(text))) is None:
        line = source.count("\n", 0, tag.start) + 1
        raise InlineError(f"line {line}: <{tag.name}> has a style on a condition: write the condition inside of style")
    if own[1] == "'":
        style = style.replace("'", '"')
    return f"{text[: own.end()]}{style};{text[own.end() :]}"


def _restored(style: str, expressions: list[str]) -> str:
    return re.sub(r"jinja-(\d+)-x", lambda match: expressions[int(match[1])], style)


def _without_inlined_rules(source: str) -> str:
    """Remove the rules that are inlined now, unless a tag's class may still need them."""
    tags = _tags(source)
    if any("class" in _attributes(source, tag) and _is_conditional(source[tag.start : tag.end]) for tag in tags):
        return source
    for tag in reversed([tag for tag in tags if tag.name == "style"]):
        closing = _STYLE_END.search(source, tag.end)
        end = closing.start() if closing else len(source)
        css = source[tag.end : end]
        if closing is None or _attributes(source, tag).get("data-css-inline") or "{%" in css:
            continue
        left = _left(css)
        if left is not None:
            after = source.index(">", end) + 1
            element = f"{source[tag.start : tag.end]}\n{left}\n{source[end:after]}" if left else ""
            source = source[: tag.start] + element + source[after:]
    return source


def _left(css: str) -> str | None:
    """Return the rules that cannot be inlined; None: that is all of them."""
    expressions: list[str] = []
    rules = tinycss2.parse_stylesheet(_named(css, expressions), skip_comments=True, skip_whitespace=True)
    kept = [rule for rule in rules if rule.type != "qualified-rule" or ":" in tinycss2.serialize(rule.prelude)]
    return None if len(kept) == len(rules) else _restored("\n".join(rule.serialize() for rule in kept), expressions)


def _attributes(source: str, tag: _Tag) -> dict[str, str]:
    found = _TagReader(_blank(source[tag.start : tag.end])).attributes
    return found[0] if found else {}


def _is_conditional(text: str) -> bool:
    return "{%" in text or re.search(r"\sclass\s*=\s*([\"']?)[^\"'>]*\{\{", text, re.IGNORECASE) is not None


def _unconditional(text: str) -> str:
    """Remove what stands in a block, such as `{% if %}…{% endif %}`."""
    pieces: list[str] = []
    depth = position = 0
    for (start, end), opens in _blocks(text):
        if depth == 0:
            pieces.append(text[position:start])
        depth = max(0, depth + (1 if opens else -1))
        position = end
    return "".join([*pieces, "" if depth else text[position:]])


def _blocks(text: str) -> Iterator[tuple[tuple[int, int], bool]]:
    """Yield the places of Jinja2 tags that open or close a block."""
    for start, end in _jinja(text):
        block = _BLOCK.match(text, start)
        if block and block[2] in _PAIRED:
            yield (start, end), block[1] is None


def _named(css: str, expressions: list[str]) -> str:
    """Replace expressions by names, which are values in CSS too, and add them to the list; remove other Jinja2."""

    def name(jinja: str) -> str:
        if not jinja.startswith("{{"):
            return ""
        expressions.append(jinja)
        return f"jinja-{len(expressions) - 1}-x"

    return _replaced(css, name)


def _blank(text: str) -> str:
    """Replace Jinja2 by blanks; lines and columns stay."""
    return _replaced(text, lambda jinja: re.sub(r"[^\n]", " ", jinja))


def _replaced(text: str, replace: Callable[[str], str]) -> str:
    pieces, position = [], 0
    for start, end in _jinja(text):
        pieces += [text[position:start], replace(text[start:end])]
        position = end
    return "".join([*pieces, text[position:]])


def _jinja(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of expressions, tags and comments, up to one that is not closed."""
    position = 0
    while opening := _OPENING.search(text, position):
        closing = _CLOSING[opening[0]].match(text, opening.end())
        if closing is None:
            return
        yield opening.start(), closing.end()
        position = closing.end()


class _TagReader(HTMLParser):
    """Finds the start tags of HTML, with their places and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[_Tag] = []
        self.attributes: list[dict[str, str]] = []
        self._lines = [0]
        for line in text.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line, column = self.getpos()
        start = self._lines[line - 1] + column
        self.tags.append(_Tag(tag, start, start + len(self.get_starttag_text() or "")))
        self.attributes.append({name: value or "" for name, value in attrs})
