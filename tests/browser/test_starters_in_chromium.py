"""The starters in Chromium: layout, accessibility and screenshots at each width and mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.render import render
from tests.browser.conftest import HERE
from tests.templates.conftest import ROOT, STARTERS
from tests.templates.data import HOSTILE, sample, with_every_text

Mode = Literal["light", "dark"]
WIDTHS = (320, 600, 1200)
PHONE = 320
THUMB_PX = 44
MODES: tuple[Mode, ...] = ("light", "dark")
SCREENSHOTS = ROOT / "build" / "screenshots"
LAYOUT = (HERE / "layout.js").read_text()

# A red bar of 160 × 40 px as the logo, so that every email is measured with one.
LOGO = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='160' height='40'%3E"
    "%3Crect width='160' height='40' rx='6' fill='%23b3261e'/%3E%3C/svg%3E"
)


def looks(page: Page, html: str) -> Callable[[int, Mode], Page]:
    """Show the email; return a function that sets its width and mode."""
    page.set_content(html, wait_until="load")

    def look(width: int, mode: Mode) -> Page:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=mode)
        return page

    return look


def with_logo(data: Mapping[str, Any]) -> dict[str, Any]:
    return {**data, "logoUrl": LOGO} if "logoUrl" in data else dict(data)


@pytest.fixture(params=sorted(STARTERS))
def starter(request: pytest.FixtureRequest) -> TemplateFiles:
    return STARTERS[request.param]


@pytest.mark.parametrize("name", ["sample.json", "sample.minimal.json"])
def test_a_starter_fits_every_width_and_is_accessible(page: Page, axe: str, starter: TemplateFiles, name: str) -> None:
    look = looks(page, render(starter, with_logo(sample(starter, name))).html)
    page.evaluate(axe)
    for width in WIDTHS:
        for mode in MODES:
            look(width, mode)
            folder = SCREENSHOTS / starter.name
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name.removesuffix('.json')}-{width}-{mode}.png", full_page=True)
            assert page.evaluate(LAYOUT, THUMB_PX if width == PHONE else 0) == [], (width, mode)
            # The minimal email is a part of the full one, and axe is slow: one run at the smallest width is enough.
            if name == "sample.json" or width == PHONE:
                found = page.evaluate("axe.run()")["violations"]
                assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], (width, mode)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_data_does_not_break_the_layout(page: Page, starter: TemplateFiles, kind: str) -> None:
    data = with_logo(with_every_text(sample(starter), HOSTILE[kind]))
    look = looks(page, render(starter, data).html)
    for width in WIDTHS:
        look(width, "light")
        assert page.evaluate(LAYOUT, 0) == [], width


def test_dark_mode_is_dark_and_light_mode_light(page: Page, starter: TemplateFiles) -> None:
    look = looks(page, render(starter, sample(starter)).html)
    brightness = """() => ['.page', '.card'].map((name) =>
        getComputedStyle(document.querySelector(name)).backgroundColor.match(/\\d+/g).slice(0, 3)
          .reduce((sum, part) => sum + Number(part), 0) / 3)"""
    assert max(look(600, "dark").evaluate(brightness)) < 60
    assert min(look(600, "light").evaluate(brightness)) > 235


def test_the_layout_check_finds_faults(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 600})
    page.set_content(
        '<div style="width:500px">wide</div>'
        '<p style="margin:0 0 -20px;line-height:20px">over</p><p style="margin:0">under</p>'
        '<a href="#" style="display:block;height:20px">small</a><p style="width:40px">unbreakable-and-too-wide</p>'
    )
    problems = " | ".join(page.evaluate(LAYOUT, THUMB_PX))
    for expected in ("scrolls sideways", "overlap", "only 20 px high", "wider than its frame"):
        assert expected in problems
