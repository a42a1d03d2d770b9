"""The unsubscribe page in Chromium: what it looks like, with a keyboard, and with a style that its policy allows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl

import msgspec
import pytest
from playwright.sync_api import Page, expect

from sesmail_layer.domain.guards.producers import ProducerPolicy, Producers
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.unsubscribe.links import sign
from sesmail_layer.domain.unsubscribe.page import Page as UnsubscribeHtml
from sesmail_layer.usecases.subscriptions import Subscriptions
from sesmail_layer.usecases.unsubscribe_page import UnsubscribePage
from tests.browser.accessibility import violations
from tests.browser.pictures import take
from tests.templates.conftest import ROOT
from tools.simulation.fakes import FakeBus, FakeClock, FakeLog, FakeMetrics, FakeSuppressionTable, FakeTrackingTable

WIDTHS = (375, 768, 1440)
MODES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FOLDER = ROOT / "functions/unsubscribe/page"
KEY, ADDRESS, SOURCE = b"key", "ada@example.com", "shop.news"
TOKEN = sign(KEY, record_id="news-1", source=SOURCE, address=ADDRESS)
LONG = "A very long name of a newsletter " + "Donaudampfschifffahrtsgesellschaft" * 3
TOPICS = {"weekly-digest": "Weekly digest", "events": "Events near you", "long": LONG}
BRAND = {"companyName": "Northwind", "supportEmail": "help@northwind.example", "brandColor": "#0b7a4b"}


class World:
    """The page's use case over fakes, behind an HTTP server."""

    def __init__(self, brand: dict[str, str]) -> None:
        self.suppression, self.bus, clock = FakeSuppressionTable(), FakeBus(), FakeClock()
        tracking = FakeTrackingTable()
        tracking.records["news-1"] = TrackingRecord(
            email_id="news-1",
            status=Status.DELIVERED,
            attempt=1,
            timestamp="2026-11-24T10:31:00.000Z",
            date_partition="2026-11-24",
            ttl=1,
            to_email=ADDRESS,
            original_source=SOURCE,
            topic="weekly-digest",
        )
        texts = {path.stem: _texts(path) for path in (FOLDER / "locales").glob("*.json")}
        self.html = UnsubscribeHtml((FOLDER / "page.html").read_text(), (FOLDER / "page.css").read_text(), texts, brand)
        self.page = UnsubscribePage(
            tracking,
            self.suppression,
            lambda _sources: Producers({SOURCE: ProducerPolicy(topics=TOPICS)}, {}),
            Subscriptions(self.suppression, self.bus, clock, FakeMetrics(), FakeLog()),
            lambda: [KEY],
            clock,
            FakeMetrics(),
        )
        world = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(*world.html.render(world.page.show(self._token), self.headers["accept-language"] or ""))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                found = world.page.change(self._token, dict(parse_qsl(body)))
                self._answer(*world.html.render(found, self.headers["accept-language"] or ""))

            @property
            def _token(self) -> str:
                return self.path.rpartition("/")[2]

            def _answer(self, status: int, html: str) -> None:
                self.send_response(status)
                for name, value in {"content-type": "text/html; charset=utf-8", **world.html.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(html.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Keeps the test output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/u/"


def _texts(path: Path) -> dict[str, str]:
    return msgspec.json.decode(path.read_bytes(), type=dict[str, str])


@pytest.fixture
def world() -> Iterator[World]:
    made = World(BRAND)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def assert_looks(page: Page, axe: str, name: str) -> None:
    """No violation, nothing wider than the window, at each width and mode; a screenshot of each."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for mode in MODES:
            page.emulate_media(color_scheme=mode)
            take(page, f"unsubscribe/{name}-{width}-{mode}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            assert violations(page, axe) == [], (name, width, mode)


@pytest.fixture
def page_with_axe(page: Page, axe: str) -> Iterator[tuple[Page, str]]:
    """A page with a policy that lets axe in; test_page.py tests the policy itself."""
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text) if message.type == "error" else None)
    yield page, axe
    assert [text for text in messages if "Content Security Policy" in text and "style" in text] == []


@pytest.mark.parametrize("state", ["ask", "left", "other", "no-bulk-mail", "link"])
def test_each_state_looks_right(page_with_axe: tuple[Page, str], world: World, state: str) -> None:
    page, axe = page_with_axe
    if state == "no-bulk-mail":
        world.suppression.list_address(ADDRESS, SuppressionReason.SPAM_COMPLAINT)
    page.goto(world.url + ("forged" if state == "link" else TOKEN))
    if state == "left":
        page.get_by_role("button", name="Unsubscribe: Weekly digest").click()
        expect(page.get_by_role("heading", name="You're unsubscribed")).to_be_visible()
    if state == "other":
        page.get_by_role("button", name="Unsubscribe: Events near you").click()
        expect(page.get_by_role("status")).to_have_text("You're unsubscribed from “Events near you”.")
    assert_looks(page, axe, state)


def test_with_a_keyboard_alone_one_leaves_and_comes_back(page: Page, world: World) -> None:
    page.goto(world.url + TOKEN)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Unsubscribe: Weekly digest")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You're unsubscribed")
    assert set(world.suppression.entries) == {f"{ADDRESS}#weekly-digest"}

    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Resubscribe: Weekly digest")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You're subscribed again")
    assert world.suppression.entries == {}


def test_reloading_and_following_the_link_again_change_nothing(page: Page, world: World) -> None:
    for _ in range(3):
        page.goto(world.url + TOKEN)
        page.reload()
    assert world.suppression.entries == {}
    assert world.bus.unsubscribed == []


@pytest.mark.parametrize(("language", "heading"), [("de-AT", "„Weekly digest“ abbestellen?"), ("ja", "Unsubscribe")])
def test_the_page_speaks_the_browser_s_language(page: Page, world: World, language: str, heading: str) -> None:
    page.set_extra_http_headers({"accept-language": language})
    page.goto(world.url + TOKEN)
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
