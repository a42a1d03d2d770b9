"""The preview page in Chromium, as used while editing a template."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sesmail_cli.templates.preview.server import PreviewServer
from tests.templates.conftest import ROOT, SOURCES, STARTERS

SCREENSHOTS = ROOT / "build" / "screenshots" / "gallery"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    shutil.copytree(SOURCES, tmp_path / "templates")
    return tmp_path / "templates"


@pytest.fixture
def gallery(page: Page, sources: Path) -> Iterator[Page]:
    """The page, open at the starter `invoice`."""
    server = PreviewServer(str(sources), 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    page.set_viewport_size({"width": 1500, "height": 900})
    page.goto(f"{server.url}#invoice")
    expect(page.locator("#name")).to_have_text("invoice")
    expect(page.frame_locator("#desktop").locator("h1")).to_contain_text("2026-0117")
    yield page
    page.goto("about:blank")
    server.shutdown()
    server.server_close()
    thread.join()


def header(page: Page, name: str) -> str:
    return page.locator(f"#headers dt:text-is('{name}') + dd").inner_text()


def test_it_shows_every_template_with_its_headers_and_parts(gallery: Page) -> None:
    expect(gallery.locator("#templates a")).to_have_count(len(STARTERS))
    for name in STARTERS:
        gallery.get_by_role("link", name=name).click()
        expect(gallery.locator("#name")).to_have_text(name)
        expect(gallery.frame_locator("#desktop").locator("h1")).to_be_visible()
        expect(gallery.locator("#error")).to_be_hidden()
        expect(gallery.locator("#findings")).to_have_text("No findings.")
    gallery.get_by_role("link", name="invoice").click()
    expect(gallery.locator("#name")).to_have_text("invoice")
    expect(gallery.locator("#headers")).to_contain_text("Invoice 2026-0117")
    assert header(gallery, "From") == "Northwind Books <billing@northwind.example>"
    gallery.get_by_label("Text", exact=True).check()
    expect(gallery.locator("#text")).to_contain_text("2 x Printed catalogue: £24.00")


def test_the_email_is_shown_at_each_width_and_mode(gallery: Page) -> None:
    def background(frame: str) -> str:
        text: str = (
            gallery.frame_locator(frame).locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        )
        return text

    assert background("#desktop") == "rgb(242, 243, 245)"
    gallery.get_by_label("Dark").check()
    expect(gallery.frame_locator("#desktop").locator("body")).to_have_css("background-color", "rgb(14, 17, 22)")
    gallery.get_by_label("Phone").check()
    expect(gallery.locator("#desktop")).to_be_hidden()
    assert gallery.locator("#phone").evaluate("frame => frame.clientWidth") == 375
    expect(gallery.frame_locator("#phone").locator("body")).to_have_css("background-color", "rgb(14, 17, 22)")
    gallery.get_by_label("Both").check()
    expect(gallery.locator("#desktop")).to_be_visible()
    for frame in ("#desktop", "#phone"):
        expect(gallery.frame_locator(frame).locator("h1")).to_be_visible()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    gallery.screenshot(path=SCREENSHOTS / "both-dark.png", full_page=True)


def test_a_change_of_the_data_is_shown_and_kept(gallery: Page) -> None:
    data = json.loads(gallery.get_by_label("Template data (JSON)").input_value())
    gallery.get_by_label("Template data (JSON)").fill(json.dumps(data | {"invoiceNumber": "X-1"}))
    expect(gallery.frame_locator("#desktop").locator("h1")).to_contain_text("X-1")
    expect(gallery.locator("#headers")).to_contain_text("Invoice X-1")
    gallery.get_by_role("link", name="welcome").click()
    expect(gallery.locator("#name")).to_have_text("welcome")
    gallery.get_by_role("link", name="invoice").click()
    expect(gallery.frame_locator("#desktop").locator("h1")).to_contain_text("X-1")
    gallery.get_by_label("Sample").select_option("sample.minimal.json")
    expect(gallery.frame_locator("#desktop").locator("h1")).to_contain_text("2026-0117")
    expect(gallery.frame_locator("#desktop").locator("body")).not_to_contain_text("Subtotal")


def test_errors_are_shown_as_the_sender_records_them(gallery: Page) -> None:
    gallery.get_by_label("Template data (JSON)").fill('{"customerName": "Ada"}')
    alert = gallery.get_by_role("alert")
    expect(alert).to_contain_text("TMPL006")
    expect(alert).to_contain_text("Failed to render template 'invoice': Missing required variables: ['invoiceNumber',")
    expect(alert).to_contain_text("template_render_error")
    expect(gallery.locator("#desktop")).to_be_hidden()
    gallery.get_by_label("Template data (JSON)").fill("{")
    expect(alert).to_contain_text("The data is not JSON")


def test_a_change_of_a_file_is_shown_automatically(gallery: Page, sources: Path) -> None:
    source = sources / "invoice" / "template.html"
    text = source.read_text()
    source.write_text(text.replace("Questions about this invoice? Contact us:", "Edited {{ nonsense }}."))
    findings = gallery.locator("#findings")
    expect(findings).to_contain_text("'nonsense' is used, but neither in requiredVariables nor in optionalVariables")
    expect(gallery.get_by_role("alert")).to_contain_text("TMPL007")
    source.write_text(text.replace("Questions about this invoice? Contact us:", "Edited and fixed."))
    expect(findings).to_have_text("No findings.")
    expect(gallery.frame_locator("#desktop").locator("body")).to_contain_text("Edited and fixed.")


def test_the_page_can_be_used_with_the_keyboard_alone(gallery: Page) -> None:
    gallery.keyboard.press("Tab")
    expect(gallery.get_by_role("link", name="Skip to the email")).to_be_focused()
    gallery.keyboard.press("Tab")
    expect(gallery.get_by_role("button", name="Theme: as the system")).to_be_focused()
    for _ in STARTERS:
        gallery.keyboard.press("Tab")
    expect(gallery.locator("#templates a").last).to_be_focused()
    gallery.keyboard.press("Enter")
    expect(gallery.locator("#name")).to_have_text("welcome")
    gallery.get_by_role("link", name="welcome").focus()
    gallery.keyboard.press("Tab")
    expect(gallery.get_by_label("Desktop")).to_be_focused()
    gallery.keyboard.press("ArrowRight")
    expect(gallery.locator("#phone")).to_be_visible()
    gallery.get_by_label("Locale").focus()
    gallery.keyboard.press("Tab")
    expect(gallery.get_by_label("Template data (JSON)")).to_be_focused()
    gallery.keyboard.press("Control+a")
    gallery.keyboard.type('{"userName": "Grace", "companyName": "Navy"}')
    expect(gallery.frame_locator("#phone").locator("h1")).to_contain_text("Welcome, Grace")
    gallery.keyboard.press("Tab")
    expect(gallery.get_by_role("button", name="Reload the files")).to_be_focused()


@pytest.mark.parametrize("width", [375, 768, 1440])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_page_is_accessible_and_does_not_scroll_sideways(gallery: Page, axe: str, mode: str, width: int) -> None:
    gallery.emulate_media(color_scheme="dark" if mode == "dark" else "light")
    gallery.set_viewport_size({"width": width, "height": 900})
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    gallery.screenshot(path=SCREENSHOTS / f"invoice-{width}-{mode}.png")
    gallery.get_by_label("Template data (JSON)").fill("{}")
    expect(gallery.get_by_role("alert")).to_be_visible()
    assert gallery.evaluate("document.documentElement.scrollWidth") <= width
    gallery.evaluate(axe)
    found = gallery.evaluate("axe.run({iframes: false})")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_nothing_is_fetched_from_the_network_and_nothing_in_an_email_runs(gallery: Page) -> None:
    failed: list[tuple[str, str | None]] = []
    answered: list[str] = []
    gallery.on("requestfailed", lambda request: failed.append((request.url, request.failure)))
    gallery.on("requestfinished", lambda request: answered.append(request.url))
    data = json.dumps(
        {"userName": "<img src=x onerror=alert(1)>", "companyName": "X", "logoUrl": "https://x.example/l.png"}
    )
    gallery.get_by_role("link", name="welcome").click()
    gallery.get_by_label("Template data (JSON)").fill(data)
    expect(gallery.frame_locator("#desktop").get_by_alt_text("X", exact=True)).to_have_count(1)
    assert gallery.locator("#desktop").get_attribute("sandbox") == ""
    # The page's policy makes the browser block the logo before any request is sent.
    assert ("https://x.example/l.png", "csp") in failed
    assert [url for url in answered if not url.startswith("http://127.0.0.1")] == []
