"""Pictures of what the browser tests show: for people, so only with SCREENSHOTS=all."""

from __future__ import annotations

import os

from playwright.sync_api import Page

from tests.templates.conftest import ROOT

ALL = os.environ.get("SCREENSHOTS") == "all"
FOLDER = ROOT / "build" / "screenshots"


def take(page: Page, name: str, *, full_page: bool = True) -> None:
    """Keep a picture of a page as build/screenshots/<name>.png, if pictures are wanted."""
    if ALL:
        path = FOLDER / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path, full_page=full_page)
