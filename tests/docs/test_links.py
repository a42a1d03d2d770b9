"""Every link in the documentation has a target."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, anchors, links, pages

each_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_the_file_and_heading_of_every_link_exist(page: Path) -> None:
    broken = []
    for link in links(page):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        inside = target == ROOT or ROOT in target.parents
        if not inside or not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@each_page
def test_links_to_other_sites_are_secure(page: Path) -> None:
    assert [link for link in links(page) if link.startswith("http://")] == []


def test_every_page_in_docs_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        targets = (link.partition("#")[0] for link in links(page) if not link.startswith("http"))
        found = [(page.parent / target).resolve() for target in targets if target]
        ahead += [path for path in found if path.is_file()]
        ahead += [inner for path in found if path.is_dir() for inner in sorted(path.glob("*.md"))]
    assert {page for page in pages() if (ROOT / "docs") in page.parents} - seen == set()
