"""The gallery in Chromium, as used while editing a template."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sesmail_cli.templates.gallery.server import PreviewServer
from tests.browser.accessibility import violations
from tests.browser.pictures import take
from tests.templates.conftest import SOURCES
from tests.templates.data import HOSTILE, with_every_text

NAMES = ("invoice", "shipping-notification", "welcome")
DATA = "Template data (JSON)"
# Each page waits for its frames, and a frame for a template that is compiled.
SLOW_MS = 60_000


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name in ("_shared", *NAMES):
        shutil.copytree(SOURCES / name, tmp_path / "templates" / name)
    return tmp_path / "templates"


@pytest.fixture
def server(sources: Path) -> Iterator[PreviewServer]:
    server = PreviewServer(str(sources), 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def gallery(page: Page, server: PreviewServer) -> Iterator[Page]:
    """The page of the starter `invoice`."""
    page.set_viewport_size({"width": 1500, "height": 900})
    page.goto(f"{server.url}templates/invoice", timeout=SLOW_MS)
    expect(email(page).locator("h1")).to_contain_text("2026-0117")
    yield page
    page.goto("about:blank")


def email(page: Page, width: str = "desktop") -> Any:
    return page.frame_locator(f"#{width}")


def edit(page: Page, data: dict[str, Any] | str) -> None:
    page.get_by_role("textbox", name=DATA).fill(data if isinstance(data, str) else json.dumps(data))


def assert_looks(page: Page, axe: str, name: str) -> None:
    """Check a page at each width, light and dark, and keep how it looks."""
    for width in (375, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        for mode in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if mode == "dark" else "light")
            take(page, f"gallery/{name}-{width}-{mode}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page, axe, iframes=False) == []


def test_all_templates_are_thumbnails_that_lead_to_one(page: Page, axe: str, server: PreviewServer) -> None:
    page.goto(server.url, timeout=SLOW_MS)
    expect(page.locator(".shelf-card")).to_have_count(len(NAMES))
    for name in NAMES:
        frame = page.frame_locator(f'iframe[title="{name}"]')
        expect(frame.locator("h1")).to_be_visible()
    assert_looks(page, axe, "all")
    page.get_by_role("link", name="welcome").click()
    expect(page.get_by_role("heading", name="welcome", exact=True)).to_be_visible()


def test_one_template_looks_right(gallery: Page, axe: str) -> None:
    assert_looks(gallery, axe, "one")
    gallery.get_by_text("Headers").click()
    gallery.get_by_text("Optional").click()
    expect(gallery.locator(".gallery-headers")).to_contain_text("billing@northwind.example")
    assert_looks(gallery, axe, "one-open")


@pytest.mark.parametrize("part", ["text", "source", "lint"])
def test_each_part_looks_right(page: Page, axe: str, server: PreviewServer, sources: Path, part: str) -> None:
    (sources / "welcome/template.txt").write_text("Hello {{ nobody }}{{ userName }}, 2 lines\n" * 2)
    page.goto(f"{server.url}templates/welcome?part={part}", timeout=SLOW_MS)
    assert_looks(page, axe, f"part-{part}")
    if part == "lint":
        expect(page.locator(".findings")).to_contain_text("'nobody' is used")


def test_the_email_is_shown_at_each_width_and_mode(gallery: Page) -> None:
    def expect_background(width: str, color: str) -> None:
        expect(email(gallery, width).locator("body")).to_have_css("background-color", color)

    expect_background("desktop", "rgb(242, 243, 245)")
    assert gallery.locator("#phone").evaluate("frame => frame.clientWidth") == 375
    gallery.get_by_label("Dark", exact=True).check()
    expect_background("desktop", "rgb(14, 17, 22)")
    expect_background("phone", "rgb(14, 17, 22)")
    gallery.get_by_label("Phone", exact=True).check()
    expect(gallery.locator("#desktop")).to_have_count(0)
    expect(email(gallery, "phone").locator("h1")).to_be_visible()
    gallery.reload(timeout=SLOW_MS)
    expect(gallery.get_by_label("Dark", exact=True)).to_be_checked()
    expect_background("phone", "rgb(14, 17, 22)")


def test_what_is_typed_is_shown_and_the_form_and_the_json_follow_each_other(gallery: Page) -> None:
    data = json.loads(gallery.get_by_role("textbox", name=DATA).input_value())
    edit(gallery, data | {"invoiceNumber": "X-1"})
    expect(email(gallery).locator("h1")).to_contain_text("X-1")
    expect(gallery.locator(".inbox-wide")).to_contain_text("Invoice X-1")
    expect(gallery.get_by_label("invoiceNumber")).to_have_value("X-1")
    gallery.get_by_label("invoiceNumber").fill("X-2")
    expect(email(gallery).locator("h1")).to_contain_text("X-2")
    expect(gallery.get_by_label("invoiceNumber")).to_be_focused()
    assert json.loads(gallery.get_by_role("textbox", name=DATA).input_value())["items"] == data["items"]
    expect(gallery.get_by_role("textbox", name=DATA)).to_have_value(
        json.dumps(data | {"invoiceNumber": "X-2"}, indent=2, ensure_ascii=False)
    )
    gallery.get_by_role("combobox", name="Data").select_option("sample.minimal.json")
    expect(email(gallery).locator("h1")).to_contain_text("2026-0117")
    expect(email(gallery).locator("body")).not_to_contain_text("Subtotal")


def test_the_last_email_stays_beside_the_senders_error(gallery: Page, axe: str) -> None:
    edit(gallery, {"customerName": "Ada"})
    alert = gallery.get_by_role("alert")
    expect(alert).to_contain_text("TMPL006")
    expect(alert).to_contain_text("Failed to render template 'invoice': Missing required variables: ['invoiceNumber',")
    expect(alert).to_contain_text("template_render_error")
    expect(email(gallery).locator("h1")).to_contain_text("2026-0117")
    assert_looks(gallery, axe, "error")
    edit(gallery, "{")
    expect(alert).to_contain_text("The data is not JSON")
    expect(gallery.get_by_text("the form comes back when it has")).to_be_visible()
    expect(email(gallery).locator("h1")).to_contain_text("2026-0117")


def test_a_change_of_a_file_is_shown_automatically(gallery: Page, sources: Path) -> None:
    source = sources / "invoice" / "template.html"
    text = source.read_text()
    source.write_text(text.replace("{{ invoiceNumber }}", "{{ nonsense }}"))
    expect(gallery.get_by_role("alert")).to_contain_text("TMPL007", timeout=SLOW_MS)
    expect(email(gallery).locator("h1")).to_contain_text("2026-0117")
    expect(gallery.locator('[data-live="tabs"] .count')).not_to_have_text("0")
    source.write_text(text.replace("{{ invoiceNumber }}", "edited and fixed"))
    expect(gallery.get_by_role("alert")).to_have_count(0, timeout=SLOW_MS)
    expect(email(gallery).locator("body")).to_contain_text("edited and fixed")


def test_the_page_can_be_used_with_the_keyboard_alone(page: Page, server: PreviewServer) -> None:
    page.goto(server.url, timeout=SLOW_MS)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("button", name="Theme: as the system").focus()
    for name in NAMES:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name=name)).to_be_focused()
    page.keyboard.press("Enter")
    expect(email(page).locator("h1")).to_contain_text("Welcome, Ada")
    page.get_by_label("Both", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#desktop")).to_have_count(0)
    expect(page.get_by_label("Phone", exact=True)).to_be_focused()
    page.get_by_label("userName").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Grace")
    expect(email(page, "phone").locator("h1")).to_contain_text("Welcome, Grace")


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_data_neither_runs_nor_breaks_the_page(gallery: Page, kind: str) -> None:
    data = json.loads(gallery.get_by_role("textbox", name=DATA).input_value())
    gallery.set_viewport_size({"width": 375, "height": 900})
    edit(gallery, {"customerName": "first"} | with_every_text(data, HOSTILE[kind]))
    expect(gallery.locator('[data-live="chosen"] option').first).to_have_text("Yours")
    assert gallery.evaluate("document.documentElement.scrollWidth") <= 375
    assert gallery.locator("script[src]").count() == gallery.locator("script").count()
    take(gallery, f"gallery/hostile-{kind.replace(' ', '-')}")


def test_nothing_is_fetched_from_the_network_unless_it_is_asked_for(page: Page, server: PreviewServer) -> None:
    failed: list[tuple[str, str | None]] = []
    page.on("requestfailed", lambda request: failed.append((request.url, request.failure)))
    page.goto(f"{server.url}templates/welcome?width=desktop", timeout=SLOW_MS)
    logo = "https://x.example/l.png"
    name = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    edit(page, {"userName": name, "companyName": "X", "logoUrl": logo})
    expect(email(page).get_by_alt_text("X", exact=True)).to_have_count(1)
    assert page.locator("#desktop").get_attribute("sandbox") == ""
    assert (logo, "csp") in failed
    failed.clear()
    page.get_by_role("link", name="Load images").click()
    expect(page.get_by_role("link", name="Load images")).to_have_count(0)
    expect(email(page).get_by_alt_text("X", exact=True)).to_have_count(1)
    # The test's own network refuses it: the page let it through.
    assert [(url, failure) for url, failure in failed if url == logo and failure != "csp"]


def test_images_can_be_off_as_many_clients_have_them(page: Page, server: PreviewServer) -> None:
    page.goto(f"{server.url}templates/welcome?width=desktop", timeout=SLOW_MS)
    image = email(page).locator("img").first
    expect(image).not_to_have_js_property("naturalWidth", 0)
    page.get_by_label("Off", exact=True).check()
    expect(email(page).locator("img").first).to_have_js_property("naturalWidth", 0)
    page.get_by_label("On", exact=True).check()
    expect(email(page).locator("img").first).not_to_have_js_property("naturalWidth", 0)
