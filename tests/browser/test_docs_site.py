"""The documentation's site in Chromium: each page on a phone in dark and on a desktop in light mode.

SCREENSHOTS=all keeps pictures in build/screenshots/docs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.pictures import ALL, take
from tools.site.build import ROOT, build
from tools.site.navigation import sections
from tools.site.pages import site_page

# Each page in two of the four: width in pixels, height, mode.
SHOTS: tuple[tuple[int, int, Literal["light", "dark"]], ...] = ((375, 800, "dark"), (1440, 900, "light"))
_ENTRIES = [entry for section in sections((ROOT / "docs/README.md").read_text()) for entry in section.entries]
PAGES = ["index.html", "docs/README.html"] + [site_page(each.path).removesuffix(".md") + ".html" for each in _ENTRIES]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Leave the log empty."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site") / "site"
    assert build(folder) == 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(("number", "name"), list(enumerate(PAGES)), ids=PAGES)
def test_each_page_looks_right(page: Page, axe: str, site: str, number: int, name: str) -> None:
    """Without SCREENSHOTS=all a page is looked at in one of the shots, its neighbour in the other."""
    shots = SHOTS if ALL else [SHOTS[number % len(SHOTS)]]
    for width, height, mode in shots:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=mode)
        page.goto(site + name)
        for diagram in page.locator(".mermaid").all():
            expect(diagram.locator("svg")).to_be_visible()
            assert "Syntax error" not in diagram.inner_text()
        take(page, f"docs/{name.replace('/', '_')}-{width}-{mode}")
        scrolled = page.evaluate("document.documentElement.scrollWidth")
        assert scrolled <= width, f"{name} scrolls sideways at {width}: {scrolled}"
        assert violations(page, axe) == [], f"{name} at {width}, {mode}"


def test_a_reader_finds_a_page_by_searching(page: Page, site: str) -> None:
    page.goto(f"{site}search.html?q=unsubscribe")
    found = page.locator("ul.search").get_by_role("link", name="Let people unsubscribe")
    expect(found.first).to_be_visible()


def test_it_loads_nothing_from_elsewhere(page: Page, site: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}docs/architecture.html", wait_until="networkidle")
    assert [url for url in asked if not url.startswith((site, "data:"))] == []
