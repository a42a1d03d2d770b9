"""docs/upgrading.md has notes for every version of the changelog, in its order."""

from __future__ import annotations

import re

from tests.docs.pages import DOCS, ROOT

PAGE = (DOCS / "upgrading.md").read_text()


def test_every_version_of_the_changelog_has_its_notes() -> None:
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    notes = PAGE.split("\n## Notes per version\n")[1].split("\n## ")[0]
    assert versions
    assert re.findall(r"^### (\S+)", notes, re.MULTILINE) == versions


def test_no_notes_are_empty() -> None:
    notes = PAGE.split("\n## Notes per version\n")[1].split("\n## ")[0]
    for section in notes.split("\n### ")[1:]:
        assert section.partition("\n")[2].strip(), section


def test_moved_blocks_are_named_where_there_are_some() -> None:
    """The notes of a version whose modules have a `moved` block say so."""
    moved = [path for path in (ROOT / "modules").glob("*/*.tf") if re.search(r"^moved \{", path.read_text(), re.M)]
    assert bool(moved) == ("there are no `moved` blocks" not in " ".join(PAGE.split()))
