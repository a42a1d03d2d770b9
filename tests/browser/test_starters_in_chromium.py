"""The starters in Chromium: layout, accessibility and screenshots. `make screenshots` looks at all of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.render import render
from tests.browser.accessibility import violations
from tests.browser.conftest import HERE
from tests.browser.pictures import ALL, take
from tests.browser.starter_shots import (
    BRANDS,
    DATA,
    LOGOS,
    MODES,
    PHONE,
    WIDTHS,
    Mode,
    Shot,
    all_shots,
    fixed_shots,
)
from tests.templates.conftest import STARTERS
from tests.templates.data import HOSTILE, sample, with_every_text

THUMB_PX = 44
LAYOUT = (HERE / "layout.js").read_text()
# `make screenshots` sets it.
SHOTS = list(all_shots() if ALL else fixed_shots())


def show(page: Page, html: str, width: int, mode: Mode) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=mode)
    page.set_content(html, wait_until="load")


@pytest.fixture(params=sorted(STARTERS))
def starter(request: pytest.FixtureRequest) -> TemplateFiles:
    return STARTERS[request.param]


@pytest.mark.parametrize("shot", SHOTS, ids=str)
def test_a_starter_fits_and_is_accessible(page: Page, axe: str, shot: Shot) -> None:
    show(page, render(STARTERS[shot.starter], shot.values).html, shot.width, shot.mode)
    take(page, str(shot))
    assert page.evaluate(LAYOUT, THUMB_PX if shot.width <= PHONE else 0) == []
    assert violations(page, axe) == []


def test_all_screenshots_are_504_and_the_fixed_60_have_every_value() -> None:
    every, fixed = list(all_shots()), list(fixed_shots())
    assert (len({str(shot) for shot in every}), len({str(shot) for shot in fixed})) == (288 + 216, 60)
    assert {str(shot) for shot in fixed} < {str(shot) for shot in every}
    assert {shot.width for shot in fixed} == set(WIDTHS)
    assert {(shot.starter, shot.mode) for shot in fixed} == {(name, mode) for name in STARTERS for mode in MODES}
    assert {shot.data for shot in fixed} == {*DATA, *(f"{brand} {logo}" for brand in BRANDS for logo in LOGOS)}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_data_does_not_break_the_layout(page: Page, starter: TemplateFiles, kind: str) -> None:
    html = render(starter, with_every_text(sample(starter), HOSTILE[kind])).html
    for width in (320, 600):
        show(page, html, width, "light")
        assert page.evaluate(LAYOUT, 0) == [], width


def test_dark_mode_is_dark_and_light_mode_light(page: Page, starter: TemplateFiles) -> None:
    html = render(starter, sample(starter)).html
    brightness = """() => ['.page', '.card'].map((name) =>
        getComputedStyle(document.querySelector(name)).backgroundColor.match(/\\d+/g).slice(0, 3)
          .reduce((sum, part) => sum + Number(part), 0) / 3)"""
    show(page, html, 600, "dark")
    assert max(page.evaluate(brightness)) < 60
    show(page, html, 600, "light")
    assert min(page.evaluate(brightness)) > 235


@pytest.mark.parametrize("mode", MODES)
def test_a_wide_logo_keeps_its_shape_and_only_the_modes_own_logo_is_seen(page: Page, mode: Mode) -> None:
    for logo in ("wide-logo", "dark-logo"):
        show(page, render(STARTERS["invoice"], Shot("invoice", f"none {logo}", 320, mode).values).html, 320, mode)
        boxes = [box for image in page.locator("img").all() if (box := image.bounding_box())]
        (box,) = [box for box in boxes if box["height"] > 1]
        ratio = {"wide-logo": 20, "dark-logo": 4}[logo]
        assert box["height"] <= 32
        assert box["width"] / box["height"] == pytest.approx(ratio, rel=0.05)


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
