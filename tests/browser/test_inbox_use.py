"""The inbox in Chromium as it is used: by keys alone, while mail arrives, and by those who send hostile mail."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from sesmail_cli.web.server import LocalServer
from sesmail_layer.domain.record.statuses import Status
from tests.browser.accessibility import violations
from tests.browser.local_mail import LocalMail, email
from tests.browser.test_inbox import WIDTHS, inbox, local_mail

__all__ = ["inbox", "local_mail"]

RED_DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4"
    "//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg=="
)
SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'\"</bdi></td>"
HOSTILE = {
    "markup": SCRIPT,
    "long": "W" * 10_000,
    "right to left": "\u202egnp.exe \u2066 שלום \u202d",
    "escapes": "\x1b[31mred\x1b]8;;https://x.example\x07 \x07 \x00 \x9b",
}


def sent_requests(page: Page) -> list[str]:
    """List the requests from now on that leave the browser; what a policy blocks does not."""
    sent: list[str] = []

    def failed(request: Request) -> None:
        if request.failure != "csp":
            sent.append(request.url)

    page.context.on("requestfinished", lambda request: sent.append(request.url))
    page.context.on("requestfailed", failed)
    return sent


def loaded(page: Page, selector: str, text: str) -> None:
    """Wait for a page that shows the text, and for its script."""
    expect(page.locator(selector)).to_have_text(text)
    page.wait_for_load_state()


def focused(page: Page) -> str:
    text: str = page.evaluate("document.activeElement.textContent.trim()")
    return text


# --- by keys alone ----------------------------------------------------------------------------------------------


def test_mail_is_read_by_keys_alone(page: Page, inbox: LocalServer, local_mail: LocalMail) -> None:
    for number in (1, 2, 3):
        local_mail.send(email(f"Mail {number}", html=f"<h1>Mail {number}</h1>"))
    page.goto(inbox.url)
    page.keyboard.press("j")
    assert focused(page) == "Mail 3"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Mail 2"
    page.keyboard.press("k")
    assert focused(page) == "Mail 3"
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    loaded(page, "h1", "Mail 2")
    page.keyboard.press("j")
    loaded(page, "h1", "Mail 1")
    page.keyboard.press("k")
    loaded(page, "h1", "Mail 2")
    page.keyboard.press("Escape")
    loaded(page, "tbody tr a:focus", "Mail 2")


def test_search_views_theme_and_clear_work_by_keys_alone(page: Page, inbox: LocalServer, local_mail: LocalMail) -> None:
    local_mail.send(email("A bill", html="<h1>A bill</h1>"))
    local_mail.send(email("A greeting"))
    page.goto(inbox.url)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("/")
    page.keyboard.type("jokes and bills")
    page.keyboard.press("Enter")
    loaded(page, ".empty h2", "No mail matches")
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type("bill")
    page.keyboard.press("Enter")
    loaded(page, "tbody a", "A bill")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    loaded(page, "h1", "A bill")
    page.get_by_label("Desktop").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#frame").evaluate("frame => frame.clientWidth") == 375
    page.get_by_label("Light").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#frame")).to_have_class("phone dark")
    page.get_by_role("link", name="Source").focus()
    page.keyboard.press("Enter")
    expect(page.locator("pre.text")).to_contain_text("Subject: A bill")
    page.wait_for_load_state()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"\?q=bill#m-0$"))
    loaded(page, "tbody a:focus", "A bill")
    page.get_by_role("button", name="Theme: as the system").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Clear all", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Clear all mail").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Waiting for the first email")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def _late(route: Route) -> None:
    """Keep the script back: no button may be there that does nothing yet."""
    time.sleep(0.5)
    route.continue_()


def test_files_images_and_pages_are_reached_by_keys_alone(
    page: Page, inbox: LocalServer, local_mail: LocalMail
) -> None:
    message = email("Files", html="<h1>Files</h1><img src='http://127.0.0.1:9/a.png'>")
    message.add_attachment(b"a,b", "text", "csv", filename="list.csv")
    sent = local_mail.send(message, Status.SENT)
    for number in range(50):
        local_mail.send(email(f"Mail {number}"))
    page.route("**/inbox.js", _late)
    page.goto(f"{inbox.url}mail/{sent}?view=attachments")
    page.get_by_role("link", name="Download list.csv").focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "list.csv"
    page.get_by_role("link", name="HTML").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Show them").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#blocked")).to_have_count(0)
    page.goto(inbox.url)
    page.get_by_role("link", name="Older").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody a")).to_have_text("Files")
    page.get_by_role("link", name="Newer").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(50)


# --- while mail arrives -----------------------------------------------------------------------------------------


def test_new_mail_appears_by_itself_and_the_focus_stays(page: Page, inbox: LocalServer, local_mail: LocalMail) -> None:
    page.goto(inbox.url)
    local_mail.send(email("First"), Status.SENT, email_id="first")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("status")).to_have_text("1 new email")
    page.keyboard.press("j")
    local_mail.send(email("Second"))
    local_mail.send(email("Third"))
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.get_by_role("status")).to_have_text(re.compile("[12] new emails?"))
    assert focused(page) == "First"
    assert page.locator("tbody a").all_inner_texts() == ["Third", "Second", "First"]
    expect(page.locator(".pagination")).to_contain_text("1–3 of 3")


def test_a_status_changes_where_it_is_shown(page: Page, inbox: LocalServer, local_mail: LocalMail) -> None:
    sent = local_mail.send(email("Watched"), email_id="watched")
    page.goto(inbox.url)
    expect(page.locator("tbody .badge")).to_have_text("not tracked")
    page.keyboard.press("j")
    local_mail.record("watched", Status.SENT, Status.DELIVERED, template="welcome", source="shop.orders")
    expect(page.locator("tbody .badge")).to_have_text("delivered")
    assert focused(page) == "Watched"

    other = local_mail.send(email("Followed"), email_id="followed")
    page.goto(f"{inbox.url}mail/{other}")
    expect(page.locator("#story")).to_contain_text("There is no tracking record")
    local_mail.record("followed", Status.SENT, template="welcome", source="shop.orders")
    expect(page.locator("#story")).to_contain_text("Accepted by SES")
    expect(page.locator("#story")).to_contain_text("sesmail explain followed")
    expect(page.locator("#status")).to_have_text("sent")
    assert sent != other


# --- hostile mail -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_mail_changes_nothing_on_the_page(
    page: Page, axe: str, inbox: LocalServer, local_mail: LocalMail, kind: str
) -> None:
    """In the subject, the sender's name, a header, a file's name, the bodies, the diagnostic, the producer and tags."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    text = HOSTILE[kind]
    line = text.replace("\x00", "").replace("\x07", "")
    raw = (
        f"From: {line} <shop@example.com>\r\nTo: {line} <ada@example.org>\r\nSubject: {line}\r\nX-Hostile: {line}\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>Kept</h1>{text}\r\n"
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        "--b\r\nContent-Type: application/x\r\n"
        f"Content-Disposition: attachment; filename*=utf-8''%E2%80%AE{len(text)}\r\n\r\nx\r\n--b--\r\n"
    )
    record: dict[str, Any] = {"diagnosticCode": text, "bounceType": text}
    sent = local_mail.send(
        raw.encode(), Status.SENT, Status.BOUNCED, source=line[:100], email_id=f"hostile-{kind}", **record
    )
    local_mail.send(email("Innocent"), Status.SENT)

    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(inbox.url)
        expect(page.locator("tbody tr")).to_have_count(2)
        expect(page.locator("tbody a").first).to_have_text("Innocent")
        heights = [page.locator("tbody tr").nth(row).bounding_box() for row in range(2)]
        assert all(box and box["height"] < 160 for box in heights)
        for view in ("", "?view=text", "?view=source", "?view=headers", "?view=attachments"):
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.goto(f"{inbox.url}mail/{sent}{view}")
            expect(page.locator(".brand")).to_have_text("SESMail Inbox")
            expect(page.locator("#story .timeline li")).to_have_count(3)
            assert page.title().endswith("· SESMail")
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page.content())
        assert violations(page, axe) == []
    assert page.locator("script:not([src])").count() == 0
    assert errors == []


def test_the_html_runs_nothing_and_leaves_its_frame_only_for_a_tab(
    page: Page, inbox: LocalServer, local_mail: LocalMail
) -> None:
    requests = sent_requests(page)
    html = (
        "<html><head><meta http-equiv=refresh content='0;url=https://x.example/moved'><base href='https://x.example/'>"
        "<link rel=stylesheet href='https://x.example/s.css'></head><body onload=\"parent.document.title='owned'\">"
        "<script>top.location='https://x.example/top'</script><form action='https://x.example/form'><button>Go</button>"
        "</form><a href='https://x.example/link' target=_top>Link</a><h1>Kept</h1></body></html>"
    )
    page.goto(f"{inbox.url}mail/{local_mail.send(email('Frame', html=html))}")
    frame = page.frame_locator("#frame")
    expect(frame.locator("h1")).to_have_text("Kept")
    frame.get_by_role("button", name="Go").click()
    frame.get_by_role("link", name="Link").click()
    page.wait_for_timeout(300)
    assert page.url.startswith(inbox.url)
    assert page.title() == "Frame · SESMail"
    expect(frame.locator("h1")).to_have_text("Kept")
    assert [url for url in requests if "x.example" in url] == []


def test_remote_images_wait_for_a_click_and_inline_ones_do_not(
    page: Page, inbox: LocalServer, local_mail: LocalMail
) -> None:
    requests = sent_requests(page)
    raw = (
        "From: shop@example.com\r\nTo: ada@example.org\r\nSubject: Pictures\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/related; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/html\r\n\r\n<h1>Pictures</h1><img id=inline src='cid:dot@shop'>"
        "<img id=remote src='http://127.0.0.1:9/remote.png'>\r\n"
        "--b\r\nContent-Type: image/png\r\nContent-ID: <dot@shop>\r\nContent-Disposition: inline; filename=dot.png\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{RED_DOT}\r\n--b--\r\n"
    )
    page.goto(f"{inbox.url}mail/{local_mail.send(raw.encode())}")
    frame = page.frame_locator("#frame")
    expect(frame.locator("h1")).to_be_visible()
    assert frame.locator("#inline").evaluate("image => image.naturalWidth") == 5
    assert [url for url in requests if ":9/" in url] == []
    page.get_by_role("button", name="Show them").click()
    expect(page.locator("#blocked")).to_have_count(0)
    expect(frame.locator("h1")).to_be_visible()
    page.wait_for_timeout(300)
    assert [url for url in requests if ":9/" in url] == ["http://127.0.0.1:9/remote.png"]
