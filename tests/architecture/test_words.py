"""The code uses the field's words (docs/glossary.md), not words of our own for them."""

from __future__ import annotations

import re

from tests.architecture.sources import tracked_texts

FOLDERS = ("python/", "functions/", "localcloud/", "tools/", "modules/")
# publish, update, no one, fix, existing, next to, again, handle, of which
DIALECT = re.compile(r"\b(told|tells|news|nobody|mend|mended|standing|beside|anew|heed|whose)\b", re.IGNORECASE)
MOST_LINES = 39


def test_there_is_hardly_any_dialect() -> None:
    found = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in tracked_texts().items()
        if name.startswith(FOLDERS)
        for number, line in enumerate(text.splitlines(), 1)
        if DIALECT.search(line)
    ]
    assert len(found) <= MOST_LINES, "\n".join(found)
