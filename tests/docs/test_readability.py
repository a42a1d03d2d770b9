"""Every page is in plain English by Flesch's measure, and without the words of the old dialect."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, pages
from tests.docs.readability import readability, sentences

PLAIN_ENGLISH = 60
LONGEST_AVERAGE = 20
# A handful of words has no measure.
FEWEST_WORDS = 30
_DIALECT = re.compile(r"\b(told|tells|nobody|mend|rings|standing|for the sake of|beside|whose)\b", re.IGNORECASE)

each_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_its_sentences_are_plain_english(page: Path) -> None:
    found = readability(page)
    if found.words >= FEWEST_WORDS:
        assert found.flesch >= PLAIN_ENGLISH
        assert found.words_a_sentence <= LONGEST_AVERAGE


@each_page
def test_it_uses_the_words_of_the_field(page: Path) -> None:
    assert _DIALECT.findall(page.read_text()) == []


def test_tables_code_and_headings_do_not_count() -> None:
    page = "# Heading\n\nSet `rate` to 3.\n\n| a | b |\n| - | - |\n| c | d |\n\n```bash\nls\n```\n\n* An entry\n"
    assert sentences(page) == "Set it to 3. An entry."


def test_a_long_sentence_of_long_words_is_red(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "The internationalisation of organisational responsibilities necessitates considerable deliberation."
    )
    assert readability(page).flesch < PLAIN_ENGLISH
