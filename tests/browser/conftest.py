"""One headless Chromium for all browser tests; the error for a missing program says what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# Playwright's default of 5 s is too short on a busy machine.
expect.set_options(timeout=20_000)
HERE = Path(__file__).parent
MODULES = HERE / "node_modules"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("No Chromium on PATH: run tests/browser/setup.sh", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without access to the network."""
    context = browser.new_context(service_workers="block")
    context.route("**/*", lambda route: route.continue_() if "//127.0.0.1" in route.request.url else route.abort())
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    source = MODULES / "axe-core" / "axe.min.js"
    if not source.is_file():
        pytest.fail("axe-core is not installed: run tests/browser/setup.sh", pytrace=False)
    return source.read_text()
