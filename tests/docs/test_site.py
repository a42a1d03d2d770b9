"""The documentation's site: built by Sphinx without a warning, every page in its navigation, llms.txt from the same."""

from __future__ import annotations

import html.parser
import posixpath
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from tools.site import build as site_build
from tools.site import llms
from tools.site.build import ROOT, build
from tools.site.navigation import InvalidIndexError, sections
from tools.site.pages import page_names, site_page, with_links_of_the_site

INDEX = sections((ROOT / "docs/README.md").read_text())
ENTRIES = [entry for section in INDEX for entry in section.entries]


class Links(html.parser.HTMLParser):
    """What a page refers to, and the ids that others may refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.targets.append(value)
            elif name == "srcset" and value:
                self.targets += [part.split()[0] for part in value.split(",")]
            elif name == "id" and value:
                self.ids.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site") / "site"
    assert build(output) == 0
    return output


@pytest.fixture(scope="module")
def html_pages(site: Path) -> dict[str, Links]:
    found = {}
    for path in site.rglob("*.html"):
        links = Links()
        links.feed(path.read_text())
        found[path.relative_to(site).as_posix()] = links
    return found


def broken(site: Path, name: str, pages: dict[str, Links]) -> Iterator[str]:
    """Yield the links of a page that lead nowhere on the site."""
    for target in pages[name].targets:
        url = urlsplit(target)
        if url.scheme or url.netloc or target.startswith("data:"):
            continue
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(url.path))) if url.path else name
        anchor = url.fragment
        if not (site / path).is_file() or (anchor and path in pages and anchor not in pages[path].ids):
            yield target


def test_it_builds_without_a_warning_and_every_link_inside_it_leads_somewhere(
    site: Path, html_pages: dict[str, Links]
) -> None:
    assert {name: found for name in html_pages if (found := list(broken(site, name, html_pages)))} == {}


def test_two_builds_at_a_time_leave_each_other_their_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    used: list[Path] = []

    def build_another(_builder: str, sources: Path, output: Path) -> int:
        used.append(sources)
        (output / "_static").mkdir(parents=True)
        mark = sources / str(len(used))
        mark.touch()
        if len(used) == 1:
            build(tmp_path / "other")
        assert mark.exists()
        return 0

    monkeypatch.setattr(site_build, "_sphinx", build_another)
    build(tmp_path / "one")
    assert len(used) == 2
    assert not [folder for folder in used if folder.exists()]


def test_the_weekly_check_of_links_does_not_cancel_a_publication() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/docs.yml").read_text())
    assert "github.event_name == 'schedule'" in workflow["concurrency"]["group"]


def test_every_page_is_on_it(html_pages: dict[str, Links]) -> None:
    expected = {site_page(name).removesuffix(".md") + ".html" for name in page_names(ROOT)}
    assert expected <= set(html_pages)


def test_it_needs_no_other_server(html_pages: dict[str, Links]) -> None:
    loaded = [target for links in html_pages.values() for target in links.targets]
    assert [target for target in loaded if target.startswith(("http", "//")) and target.endswith((".js", ".css"))] == []


def test_the_index_names_no_page_twice_and_only_pages() -> None:
    paths = [entry.path for entry in ENTRIES]
    assert len(paths) == len(set(paths))
    assert set(paths) <= set(page_names(ROOT))


def test_llms_txt_lists_every_page_of_the_index_with_its_markdown(site: Path) -> None:
    listed = (site / "llms.txt").read_text()
    assert listed.startswith("# SESMail\n\n> ")
    for entry in ENTRIES:
        assert f"- [{entry.title}]({llms.SITE}{entry.path}): {entry.summary}" in listed
        assert (site / entry.path).read_text() == (ROOT / entry.path).read_text()


def test_llms_full_txt_has_the_text_of_every_page_of_the_index(site: Path) -> None:
    text = (site / "llms-full.txt").read_text()
    assert [entry.path for entry in ENTRIES if (ROOT / entry.path).read_text().strip() not in text] == []


def test_an_entry_that_the_index_cannot_read_is_an_error() -> None:
    with pytest.raises(InvalidIndexError, match="is not an entry"):
        sections("## Start\n\n* [Setup](setup.md) without a colon\n")


def test_links_become_those_of_the_site() -> None:
    line = "[a](../README.md) [b](setup.md#deploy) [c](../Makefile) [d](adr) `[e](../Makefile)`\n"
    page = line + "```\n[f](../Makefile)\n```\n"
    changed = with_links_of_the_site(page, "docs/x.md", ROOT, page_names(ROOT))
    assert "[a](../index.md) [b](setup.md#deploy)" in changed
    assert "[c](https://github.com/sesmail/sesmail/blob/main/Makefile) [d](adr/README.md)" in changed
    assert changed.endswith("`[e](../Makefile)`\n```\n[f](../Makefile)\n```\n")
