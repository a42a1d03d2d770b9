"""Every page of the console in Chromium, at each width and mode: layout, accessibility, screenshots."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Literal

import pytest
from moto import mock_aws
from playwright.sync_api import Page, expect

from sesmail_cli.console.app import make_server
from sesmail_cli.operator.engine import Engine
from sesmail_cli.web.server import LocalServer, Request
from sesmail_layer.domain.record.statuses import Status
from tests.browser.accessibility import violations
from tests.browser.console_engine import fill, record
from tests.browser.pictures import take
from tests.cli.conftest import NAME, REGION, MotoEngine

Mode = Literal["light", "dark"]
WIDTHS = (375, 768, 1440)
MODES: tuple[Mode, ...] = ("light", "dark")
HOSTILE = (
    "\x1b[2J\u202e\"'><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">" + "x" * 10_000
)


@pytest.fixture(scope="module")
def moto_engine() -> Iterator[MotoEngine]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION"):
            patch.delenv(name, raising=False)
        with mock_aws():
            made = MotoEngine()
            made.configure(SESMAIL_DELIVERY_MODE="live")
            fill(made)
            yield made


@pytest.fixture(scope="module")
def console(moto_engine: MotoEngine) -> Iterator[LocalServer]:
    engine = Engine(NAME)
    engine.prepare()
    server = make_server(engine, "the-token")
    # Moto loads a service at its first request, which takes longer than a browser waits.
    assert server.app(Request("GET", "")).status == 200
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def assert_looks(page: Page, axe: str, name: str) -> None:
    """Check a page at each width and mode, and take its pictures."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for mode in MODES:
            page.emulate_media(color_scheme=mode)
            take(page, f"console/{name}-{width}-{mode}")
            scrolled = page.evaluate("document.documentElement.scrollWidth")
            assert scrolled <= width, f"{name} scrolls sideways at {width}: {scrolled}"
            assert violations(page, axe, iframes=False) == [], f"{name} at {width}, {mode}"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("overview", ""),
        ("held", "held"),
        ("emails", "emails"),
        ("emails-filtered", "emails?producer=accounts&status=wrong&since=30d"),
        ("emails-none", "emails?q=none@example.com"),
        ("email-bounced", "emails/order-2026-00004"),
        ("email-held", "emails/order-2026-00017"),
        ("email-missing", "emails/nothing"),
        ("figures", "figures"),
        ("figures-tags", "figures?by=tag&sort=bounced"),
        ("missing", "nothing"),
        ("wrong", "emails?from=soon"),
    ],
)
def test_each_page_looks_right(page: Page, axe: str, console: LocalServer, name: str, path: str) -> None:
    page.goto(console.url + path)
    expect(page.locator("[data-load]")).to_have_count(0, timeout=60_000)
    assert_looks(page, axe, name)


def test_the_overview_counts_held_mail_by_reason_and_keeps_it_when_it_refreshes(
    page: Page, console: LocalServer
) -> None:
    page.clock.install()
    page.goto(console.url)
    held = page.get_by_role("region", name="Held mail")
    expect(held).to_contain_text("All of them", timeout=60_000)
    expect(held.get_by_role("row", name="the breaker paused sending")).to_be_visible()
    counted = held.inner_text()
    page.evaluate("document.activeElement.blur(); window.before = document.getElementById('live').firstElementChild")
    with page.expect_response(console.url):
        page.clock.fast_forward(61_000)
    expect(page.locator("#live > :first-child")).to_be_visible()
    page.wait_for_function("document.getElementById('live').firstElementChild !== window.before")
    assert held.inner_text() == counted
    held.get_by_role("link", name="Count again").press("Enter")
    expect(held.get_by_role("link", name="Count again")).to_be_focused()
    expect(held.get_by_role("row", name="the breaker paused sending")).to_be_visible()


def test_text_of_strangers_neither_runs_nor_breaks_the_page(
    page: Page, axe: str, console: LocalServer, moto_engine: MotoEngine
) -> None:
    strange = {"subject": HOSTILE, "template_name": HOSTILE, "original_source": HOSTILE[:900], "tags": [HOSTILE]}
    record(moto_engine, 1, 30, Status.SENT, email_id="strange", to_email=f"{'a' * 200}@example.org", **strange)
    page.goto(f"{console.url}emails/strange")
    assert_looks(page, axe, "email-hostile")
    page.goto(f"{console.url}emails?since=1h")
    assert_looks(page, axe, "emails-hostile")
    assert page.title() == "Emails · SESMail"


def test_a_search_goes_on_by_itself_for_some_steps_and_by_a_button_to_the_end(page: Page, console: LocalServer) -> None:
    page.goto(f"{console.url}emails?q=nobody%40example.com&since=30d")
    expect(page.get_by_text("No email matches")).to_be_visible()
    page.goto(f"{console.url}emails?template=no-such-template&since=30d")
    first = page.locator("#reached").text_content()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    assert page.locator("#reached").text_content() != first
    page.get_by_role("link", name="Search further back").press("Enter")
    expect(page.locator("#reached")).to_contain_text("0 found; the whole period was searched.")


def test_the_search_is_done_by_keyboard_alone(page: Page, console: LocalServer) -> None:
    page.goto(console.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.goto(f"{console.url}emails")
    page.keyboard.press("/")
    page.keyboard.type("ada@example.org")
    page.keyboard.press("Enter")
    expect(page.locator("#found tbody tr").first).to_contain_text("ada@example.org")
    page.get_by_role("button", name="Search", exact=True).focus()
    # More filters, and then the first email.
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()


def test_older_emails_are_added_to_the_page(page: Page, console: LocalServer) -> None:
    page.goto(f"{console.url}emails?since=30d")
    found = page.locator("#found tbody tr")
    more = page.locator("#more")
    stop = page.get_by_role("button", name="Stop")
    # A page ends with its day: soon after midnight (UTC) the page searches on by itself, or one press is not enough.
    expect(stop).to_have_count(0)
    shown = found.count()
    while more.count():
        more.press("Enter")
        expect(stop).to_have_count(0)
    expect(page.locator("#reached")).to_contain_text("the whole period was searched")
    assert found.count() > shown
