"""docs/glossary.md explains every term in one sentence, with a link."""

from __future__ import annotations

from tests.docs.pages import DOCS, rows

TERMS = (
    "attempt breaker cancel_rule cap claim cool-down dead_letter engine entry first_contact fold hop lane lease "
    "operator outbox pacing probe probe_message producer recipient redeliver redrive requeue reservation settle "
    "suppression tombstone topic transition trip watermark"
)


def glossary() -> dict[str, tuple[str, str]]:
    """Return sentence and link by term."""
    found = [cells for cells in rows(DOCS / "glossary.md") if cells[0].startswith("**")]
    return {term.strip("*"): (sentence, link) for term, sentence, link in found}


def test_every_term_is_explained_in_alphabetical_order() -> None:
    assert list(glossary()) == [term.replace("_", " ") for term in TERMS.split()]


def test_an_explanation_is_one_sentence_with_a_link() -> None:
    for term, (sentence, link) in glossary().items():
        assert sentence.endswith("."), term
        assert ". " not in sentence, term
        assert link.startswith("["), term
