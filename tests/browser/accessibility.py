"""What axe-core finds on a page."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page


def violations(page: Page, axe: str, *, iframes: bool = True) -> list[tuple[str, str]]:
    """Run axe's rules; return each that is broken, with the first element that breaks it.

    With `resultTypes` axe still runs every rule, and leaves out the details of those that hold: half of its time.
    """
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(axe)
    options = json.dumps({"iframes": iframes, "resultTypes": ["violations"]})
    found: list[dict[str, Any]] = page.evaluate(f"axe.run({options})")["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found]
