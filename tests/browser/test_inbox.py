"""Every page of the inbox in Chromium, at each width and mode: layout, accessibility, screenshots."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from localcloud.emulator import Emulator, start_ministack
from localcloud.inbox.app import make_server
from localcloud.inbox.message import OpenedMail
from sesmail_cli.web.server import LocalServer
from sesmail_layer.domain.record.statuses import Status
from tests.browser.accessibility import violations
from tests.browser.local_mail import ADA, TABLE, LocalMail, email, starter_email
from tests.browser.pictures import take
from tests.templates.conftest import STARTERS

Mode = Literal["light", "dark"]
WIDTHS = (375, 768, 1440)
MODES: tuple[Mode, ...] = ("light", "dark")
VIEWS = ("html", "text", "source", "headers", "attachments")
HISTORIES = (
    (Status.SENT, Status.DELIVERED),
    (Status.SENT, Status.DELIVERED, Status.OPENED),
    (Status.SENT, Status.BOUNCED),
    (Status.SENT, Status.DELAYED),
    (Status.SENT,),
    (Status.SENT, Status.DELIVERED, Status.CLICKED),
    (Status.SENT, Status.DELIVERED, Status.COMPLAINED),
    (Status.SENT, Status.SOFT_BOUNCED),
)
PEOPLE = ("ada", "grace", "alan", "barbara", "edsger", "donald", "margaret", "katherine")
BOUNCE: dict[str, Any] = {
    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
    "bounceType": "Permanent",
    "bounceSubType": "General",
}


@pytest.fixture(scope="module")
def local_mail() -> Iterator[LocalMail]:
    made = LocalMail(start_ministack())
    assert made.table
    yield made
    made.emulator.stop()


@contextmanager
def served(emulator: Emulator) -> Iterator[LocalServer]:
    """Serve the inbox of a local cloud."""
    server = make_server(emulator, TABLE, "the-token")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def inbox(local_mail: LocalMail) -> Iterator[LocalServer]:
    local_mail.forget()
    with served(local_mail.emulator) as server:
        yield server


def fill(local_mail: LocalMail) -> str:
    """Send one email of each starter, and an invoice with everything; return its id."""
    for person, history, name in zip(PEOPLE, HISTORIES, sorted(STARTERS), strict=False):
        to = f"{person}@example.org"
        local_mail.send(starter_email(name, to), *history, template=name, recipients=(to,))
    local_mail.send(email("Sent by another program"), tags={"campaign": "spring"})
    invoice = starter_email("invoice")
    invoice["Cc"] = "accounts@northwind.example"
    invoice.add_attachment(b"%PDF-1.4 " * 900, "application", "pdf", filename="Invoice 2026-0117.pdf")
    recipients = (ADA, "accounts@northwind.example", "archive@example.org")
    history = (Status.SENT, Status.BOUNCED)
    return local_mail.send(invoice, *history, template="invoice", source="billing", recipients=recipients, **BOUNCE)


def assert_looks(page: Page, axe: str, name: str) -> None:
    """Check a page at each width and mode, and take its pictures."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.reload()
        frame = page.locator("#frame")
        if frame.count():
            expect(page.frame_locator("#frame").locator("h1")).to_be_visible()
        for mode in MODES:
            page.emulate_media(color_scheme=mode)
            take(page, f"inbox/{name}-{width}-{mode}", full_page=False)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways at {width}"
            assert violations(page, axe, iframes=False) == [], f"{name} at {width}, {mode}"


def test_the_empty_inbox_looks_right(page: Page, axe: str, inbox: LocalServer) -> None:
    page.goto(inbox.url)
    expect(page.get_by_text("sesmail send-test welcome")).to_be_visible()
    assert_looks(page, axe, "empty")


def test_the_list_the_search_and_the_question_look_right(
    page: Page, axe: str, inbox: LocalServer, local_mail: LocalMail
) -> None:
    fill(local_mail)
    page.goto(inbox.url)
    expect(page.locator("tbody tr")).to_have_count(10)
    assert_looks(page, axe, "list")
    page.goto(f"{inbox.url}?q=nothing+like+this")
    assert_looks(page, axe, "no-match")
    page.goto(inbox.url)
    page.get_by_role("button", name="Clear all", exact=True).click()
    for mode in MODES:
        page.emulate_media(color_scheme=mode)
        take(page, f"inbox/clear-1440-{mode}", full_page=False)
        assert violations(page, axe) == []


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_of_a_mail_looks_right(
    page: Page, axe: str, inbox: LocalServer, local_mail: LocalMail, view: str
) -> None:
    page.goto(f"{inbox.url}mail/{fill(local_mail)}?view={view}")
    expect(page.locator(".tabs [aria-current]")).to_contain_text(view, ignore_case=True)
    assert_looks(page, axe, f"mail-{view}")


def test_mails_without_a_record_gone_or_malformed_look_right(
    page: Page, axe: str, inbox: LocalServer, local_mail: LocalMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.goto(f"{inbox.url}mail/{local_mail.send(email('Untracked'), tags={})}")
    expect(page.locator("#story")).to_contain_text("There is no tracking record")
    assert_looks(page, axe, "untracked")
    page.goto(f"{inbox.url}mail/gone")
    expect(page.get_by_role("heading", name="No such email")).to_be_visible()
    assert_looks(page, axe, "missing")
    sent = local_mail.send(email("Malformed"))
    monkeypatch.setattr(OpenedMail, "header", lambda *_: 1 / 0)
    page.goto(f"{inbox.url}mail/{sent}")
    expect(page.get_by_role("heading", name="This email cannot be parsed")).to_be_visible()
    assert_looks(page, axe, "unreadable")


def test_the_inbox_of_a_local_cloud_that_has_ended_looks_right(page: Page, axe: str) -> None:
    with served(Emulator("http://127.0.0.1:9", "ministack")) as server:
        page.goto(server.url)
        expect(page.get_by_role("heading", name="The local cloud does not answer")).to_be_visible()
        assert_looks(page, axe, "offline")
        page.goto("about:blank")
