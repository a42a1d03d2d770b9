"""The console's pages with actions in Chromium: looks, accessibility, and each action done by keyboard alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from playwright.sync_api import Page, expect

from sesmail_cli.console.app import make_server
from sesmail_cli.operator.engine import Engine
from sesmail_cli.web.server import LocalServer
from tests.browser.console_engine import fill
from tests.browser.console_work import fill_work, request, tab_to, write_note
from tests.browser.test_console import HOSTILE, assert_looks
from tests.cli.conftest import ACCOUNT_ID, NAME, REGION, MotoEngine
from tests.cli.ses_v2 import SesV2


@pytest.fixture(scope="module")
def moto_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoEngine]:
    ses = SesV2()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_ENDPOINT_URL_SESV2", ses.url)
        patch.setenv("SESMAIL_LOG_DIR", str(tmp_path_factory.mktemp("log")))
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION"):
            patch.delenv(name, raising=False)
        patch.setattr("sesmail_cli.operator.dead_letter_reading.HIDDEN_SECONDS", 1)
        patch.setattr("sesmail_cli.operator.dead_letter_reading._WAIT_SECONDS", 0)
        patch.setattr("sesmail_cli.operator.dead_letter_queue._WAIT_SECONDS", 0)
        with mock_aws():
            made = MotoEngine()
            made.configure(SESMAIL_DELIVERY_MODE="live")
            fill(made, emails=20)
            fill_work(made)
            ses.suppressed |= {"ada.0@example.org": "BOUNCE", "only.ses@example.org": "COMPLAINT"}
            yield made
    ses.stop()


@pytest.fixture(scope="module")
def templates_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    write_note(folder)
    return folder


@pytest.fixture(scope="module")
def console(moto_engine: MotoEngine, templates_folder: Path) -> Iterator[LocalServer]:
    engine = Engine(NAME)
    engine.prepare()
    server = make_server(engine, "the-token", templates_folder=templates_folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("suppressions", "suppressions"),
        ("suppressions-filtered", "suppressions?type=bounce&domain=example.org&diagnostic=domain"),
        ("suppressions-none", "suppressions?type=complaint&domain=nowhere.example"),
        ("suppression", "suppressions/ada.0%40example.org"),
        ("suppression-none", "suppressions/new%40example.org"),
        ("suppression-add", "suppressions/add"),
        ("suppression-plan", "actions/suppress?address=new%40example.org&days=30&note=ticket+4711"),
        ("suppression-wrong", "actions/suppress?address=nobody"),
        (
            "suppressions-remove",
            "actions/suppressions-remove?address=ada.0%40example.org&address=margaret.6%40example.org",
        ),
        ("dead-letters", "dead-letters"),
        ("dead-letters-queue", "dead-letters/EmailQueueDLQ?more=1"),
        ("dead-letters-empty", "dead-letters/RetryDLQ"),
        ("redrive", "actions/redrive?queue=EmailQueueDLQ"),
        ("discard", "actions/discard?queue=EmailQueueDLQ&cause=TMPL003"),
        ("suppression-import", "suppressions/import"),
        ("suppression-import-ses", "actions/suppressions-import?from=ses-account"),
        ("producers", "producers"),
        ("producer", "producers/shop.orders"),
        ("producer-paused", "producers/crm.campaigns"),
        ("producer-all", "producers/*"),
        ("producer-unknown", "producers/typo"),
        ("pause", "actions/pause?source=shop.orders&reason=wrong+prices"),
        ("pause-all", "actions/pause?source=*"),
        ("resume", "actions/resume?source=crm.campaigns"),
        ("cancel", "actions/cancel?producer=shop.orders&tag=spring-sale&since=2h"),
        ("cancel-email", "actions/cancel-email?id=held-3"),
        ("templates", "templates"),
        ("template", "templates/welcome"),
        ("template-phone-dark", "templates/invoice?width=phone&mode=dark"),
        ("template-text", "templates/welcome?part=text"),
        ("template-lint", "templates/welcome?part=lint"),
        ("template-releases", "templates/welcome/releases"),
        ("template-folder", "template-folder"),
        ("template-in-folder", "template-folder/note"),
        ("push-template", "actions/push-template?template=note"),
        ("send-test", "actions/send-test?template=welcome&to=ada%40example.com"),
    ],
)
def test_each_page_looks_right(page: Page, axe: str, console: LocalServer, name: str, path: str) -> None:
    page.goto(console.url + path)
    assert_looks(page, axe, name)


def test_one_dead_letter_looks_right(page: Page, axe: str, console: LocalServer) -> None:
    page.goto(f"{console.url}dead-letters/EventBridgeDLQ")
    page.locator(".messages a").first.click()
    expect(page.get_by_role("heading", name="Why it is here")).to_be_visible()
    assert_looks(page, axe, "dead-letter")


def test_an_address_is_suppressed_by_keyboard_alone(page: Page, console: LocalServer, moto_engine: MotoEngine) -> None:
    page.goto(f"{console.url}suppressions")
    tab_to(page, "link", "Add an address")
    page.keyboard.press("Enter")
    tab_to(page, "textbox", "Address")
    page.keyboard.type("kay@example.org")
    tab_to(page, "textbox", "Note")
    page.keyboard.type("ticket 12")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Suppress kay@example.org?")).to_be_visible()
    assert moto_engine.item("Suppression", "kay@example.org") == {}
    tab_to(page, "button", "Suppress it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Suppressed")).to_be_visible()
    assert moto_engine.item("Suppression", "kay@example.org")["note"] == {"S": "ticket 12"}


def test_chosen_suppressions_are_removed_by_keyboard_alone(
    page: Page, axe: str, console: LocalServer, moto_engine: MotoEngine
) -> None:
    page.goto(f"{console.url}suppressions?type=manual")
    for number in (5, 11):
        box = page.locator(f'input[name="address"][value*=".{number}@"]')
        expect(box).to_be_attached()
        while not box.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Tab")
        page.keyboard.press("Space")
    tab_to(page, "button", "Remove the chosen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Remove 2 addresses from the suppression list?")).to_be_visible()
    tab_to(page, "button", "Remove 2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Removed 2")).to_be_visible()
    assert_looks(page, axe, "suppressions-removed")


def test_dead_letters_are_read_to_the_end_and_moved_by_keyboard_alone(
    page: Page, axe: str, console: LocalServer, moto_engine: MotoEngine
) -> None:
    page.goto(f"{console.url}dead-letters")
    tab_to(page, "link", "BulkQueueDLQ")
    for number in range(23):
        moto_engine.put(
            "BulkQueueDLQ", {"id": f"e{number}", "source": "s", "detail-type": "Email Request", "detail": {}}
        )
    page.keyboard.press("Enter")
    tab_to(page, "link", "Read on")
    page.keyboard.press("Enter")
    expect(page.locator("#reached")).to_contain_text("23 read · 23 can succeed now")
    tab_to(page, "link", "Move what can succeed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Move 23 dead letters back?")).to_be_visible()
    tab_to(page, "button", "Move 23")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Moved 23")).to_be_visible()
    assert len(moto_engine.bodies("BulkQueue")) == 23
    assert_looks(page, axe, "redrive-done")


def test_dead_letters_are_deleted_by_keyboard_alone(page: Page, console: LocalServer, moto_engine: MotoEngine) -> None:
    moto_engine.put("RetryDLQ", "no JSON")
    page.goto(f"{console.url}dead-letters/RetryDLQ?again=1")
    tab_to(page, "link", "Delete 1")
    page.keyboard.press("Enter")
    tab_to(page, "button", "Delete 1 for good")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Deleted 1")).to_be_visible()
    assert moto_engine.bodies("RetryDLQ") == []


def test_a_producer_is_paused_and_resumed_by_keyboard_alone(
    page: Page, axe: str, console: LocalServer, moto_engine: MotoEngine
) -> None:
    page.goto(f"{console.url}producers")
    tab_to(page, "link", "accounts")
    page.keyboard.press("Enter")
    tab_to(page, "textbox", "Why")
    page.keyboard.type("wrong prices")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pause accounts?")).to_be_visible()
    assert moto_engine.item("Control", "state#accounts") == {}
    tab_to(page, "button", "Pause accounts")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Paused: accounts")).to_be_visible()
    assert moto_engine.item("Control", "state#accounts")["pausedReason"] == {"S": "wrong prices"}
    assert_looks(page, axe, "paused")
    tab_to(page, "link", "accounts")
    page.keyboard.press("Enter")
    tab_to(page, "button", "Resume it")
    page.keyboard.press("Enter")
    tab_to(page, "button", "Resume accounts")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Resumed: accounts")).to_be_visible()
    assert "paused" not in moto_engine.item("Control", "state#accounts")


def test_emails_of_a_producer_are_cancelled_by_keyboard_alone(
    page: Page, axe: str, console: LocalServer, moto_engine: MotoEngine
) -> None:
    page.goto(f"{console.url}producers/shop.orders")
    tab_to(page, "textbox", "Accepted since")
    page.keyboard.type("2h")
    tab_to(page, "textbox", "Tag")
    page.keyboard.type("spring-sale")
    page.keyboard.press("Enter")
    expect(page.get_by_text("30 that wait end as failed")).to_be_visible()
    tab_to(page, "button", "Cancel them")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cancelled 30")).to_be_visible()
    assert moto_engine.item("EmailTracking", "held-7")["errorType"] == {"S": "cancelled"}
    assert_looks(page, axe, "cancelled")


def test_a_list_is_uploaded_and_imported_by_keyboard_alone(
    page: Page, axe: str, console: LocalServer, moto_engine: MotoEngine, tmp_path: Path
) -> None:
    (tmp_path / "bounces.csv").write_text("email,reason\nup@example.org,hard-bounce\nno address,\n")
    page.goto(f"{console.url}suppressions/import")
    # The system's own dialogue is out of a test's reach; what it chooses is set.
    page.set_input_files("#file", tmp_path / "bounces.csv")
    expect(page.locator("#file-state")).to_contain_text("bounces.csv is read.")
    tab_to(page, "button", "Next: see what happens")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Import bounces.csv?")).to_be_visible()
    assert_looks(page, axe, "suppression-import-plan")
    page.keyboard.press("Home")
    tab_to(page, "button", "Import 1 addresses")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Imported 1")).to_be_visible()
    assert moto_engine.item("Suppression", "up@example.org")["reason"] == {"S": "hard-bounce"}


def test_a_template_is_rendered_and_sent_with_other_data_by_keyboard_alone(page: Page, console: LocalServer) -> None:
    page.goto(f"{console.url}templates/welcome", timeout=60_000)
    expect(page.frame_locator("#desktop").locator("h1")).to_be_visible()
    tab_to(page, "textbox", "userName")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Grace")
    expect(page.frame_locator("#desktop").locator("h1")).to_contain_text("Grace")
    page.keyboard.press("Home")
    page.get_by_role("heading", name="Send a test").scroll_into_view_if_needed()
    page.get_by_label("To", exact=True).focus()
    page.keyboard.type("ada@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Send a test of welcome?")).to_be_visible()
    expect(page.locator('input[name="values"]').first).to_have_value(re.compile('"userName": "Grace"'))
    tab_to(page, "button", "Send the test")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Requested")).to_be_visible()


def test_a_template_is_installed_and_rolled_back_by_keyboard_alone(
    page: Page, axe: str, console: LocalServer, templates_folder: Path
) -> None:
    for text in ("First {{ name }}", "Second {{ name }}"):
        (templates_folder / "note/template.txt").write_text(text)
        page.goto(f"{console.url}template-folder/note", timeout=60_000)
        tab_to(page, "link", "Push")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Install note?")).to_be_visible()
        tab_to(page, "button", "Install it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Installed: note 1.0.0")).to_be_visible()
    tab_to(page, "link", "Its releases")
    page.keyboard.press("Enter")
    assert_looks(page, axe, "template-releases-of-two")
    page.keyboard.press("Home")
    page.get_by_role("link", name="Roll back").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Roll note back?")).to_be_visible()
    page.get_by_text("What differs in template.txt").click()
    assert_looks(page, axe, "rollback-template")
    tab_to(page, "button", "Roll it back")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Rolled back: note 1.0.0")).to_be_visible()


def test_hostile_text_neither_runs_nor_breaks_the_pages(
    page: Page, axe: str, console: LocalServer, moto_engine: MotoEngine
) -> None:
    name = HOSTILE[2:150]
    moto_engine.put_state(name, paused=True, paused_by="operator", paused_reason=HOSTILE)
    moto_engine.suppress(email=f"h@{'x' * 200}.example", diagnostic_code=HOSTILE, note=HOSTILE, source=HOSTILE)
    moto_engine.put("BulkRetryDLQ", HOSTILE)
    moto_engine.put("BulkRetryDLQ", request(HOSTILE[:1000], source=HOSTILE))
    s3: Any = boto3.client("s3")
    bucket = f"{NAME}-templates-{ACCOUNT_ID}"
    for file, text in (
        ("template.html", f"<p>{HOSTILE}"),
        ("template.txt", "x"),
        ("metadata.json", '{"subject": "x"}'),
    ):
        s3.put_object(Bucket=bucket, Key=f"templates/hostile/{file}", Body=text.encode("utf-8", "replace"))
    for place, path in (
        ("producers", "producers"),
        ("suppressions", "suppressions"),
        ("dead-letters", "dead-letters/BulkRetryDLQ?again=1"),
        ("template", "templates/hostile"),
    ):
        page.goto(console.url + path)
        assert_looks(page, axe, f"{place}-hostile")
        assert "run" not in page.title()


def test_ses_s_own_list_is_imported_by_keyboard_alone(
    page: Page, console: LocalServer, moto_engine: MotoEngine
) -> None:
    page.goto(f"{console.url}suppressions/import")
    tab_to(page, "link", "Next: see what happens")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Import SES’s own list of the account?")).to_be_visible()
    tab_to(page, "button", "Import")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    assert moto_engine.item("Suppression", "only.ses@example.org")["reason"] == {"S": "spam-complaint"}
