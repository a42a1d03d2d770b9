"""How hard a page's sentences are: Flesch reading ease and words a sentence, without tables, code and headings.

Flesch: 60 to 70 is plain English, 50 to 60 fairly difficult (Flesch, "How to Write Plain English", 1979).

`python -m tests.docs.readability [PAGE …]` lists them, hardest first.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.pages import ROOT, pages

with warnings.catch_warnings():
    # It reads its word lists by pkg_resources, which warns.
    warnings.simplefilter("ignore")
    import textstat

_PARSER = MarkdownIt("commonmark").enable("table")
_OPEN = ("table_open", "heading_open")
_CLOSE = ("table_close", "heading_close")
# What stands for a name in code font: a word of one syllable.
_NAME = "it"


@dataclass(frozen=True)
class Readability:
    """A page's Flesch reading ease, its words a sentence, and how many words were counted."""

    flesch: float
    words_a_sentence: float
    words: int


def readability(page: Path) -> Readability:
    text = sentences(page.read_text())
    words = len(text.split())
    return Readability(
        flesch=textstat.flesch_reading_ease(text),
        words_a_sentence=words / max(1, textstat.sentence_count(text)),
        words=words,
    )


def sentences(markdown: str) -> str:
    """Return a page's sentences; an entry of a list without a full stop becomes a sentence."""
    found, left_out = [], 0
    for token in _PARSER.parse(markdown):
        left_out += (token.type in _OPEN) - (token.type in _CLOSE)
        if token.type == "inline" and not left_out and (text := _text(token).strip()):
            found.append(text if text[-1] in ".!?" else f"{text}.")
    return " ".join(found)


def _text(token: Token) -> str:
    return "".join(_word(child) for child in token.children or ())


def _word(token: Token) -> str:
    match token.type:
        case "text":
            return token.content
        case "code_inline":
            return _NAME
        case "softbreak":
            return " "
        case _:
            return ""


if __name__ == "__main__":
    chosen = [Path(name).resolve() for name in sys.argv[1:]] or pages()
    measured = sorted(((readability(page), page) for page in chosen), key=lambda each: each[0].flesch)
    for found, page in measured:
        print(f"{found.flesch:6.1f} {found.words_a_sentence:6.1f} {found.words:6}  {page.relative_to(ROOT)}")
