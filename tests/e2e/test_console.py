"""`sesmail console` over HTTP, as a browser uses it, against the deployed engine and its real tables."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import pytest

from localcloud.paths import REPOSITORY
from localcloud.wait import wait_for
from sesmail_layer.domain.times import utc_text
from tests.console.page import Html
from tests.e2e.harness.cli import sesmail_json
from tests.e2e.harness.engine import EngineUnderTest

GOOD = {"templateName": "welcome", "templateData": {"userName": "Ann", "companyName": "My Company"}}


class Console:
    """The console's pages, and its actions: a plan, its confirmation, its result."""

    def __init__(self, url: str) -> None:
        split = urlsplit(url)
        self.host = split.netloc
        self.base = split.path

    def ask(
        self, method: str, path: str, fields: list[tuple[str, str]] | None = None, **headers: str
    ) -> tuple[int, str, str]:
        """Return the status, where it leads to, and the text."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            body = urlencode(fields or []) if method == "POST" else None
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Location", ""), answer.read().decode()
        finally:
            connection.close()

    def page(self, path: str, **query: str) -> Html:
        status, _, text = self.ask("GET", f"{self.base}{path}" + (f"?{urlencode(query)}" if query else ""))
        assert status == 200, text
        return Html(text)

    def post(self, path: str, fields: list[tuple[str, str]]) -> tuple[int, str, str]:
        return self.ask("POST", self.base + path, fields, Origin=f"http://{self.host}")

    def plan(self, action: str, **fields: str) -> Html:
        status, _, text = self.post(f"actions/{action}", list(fields.items()))
        assert status == 200, text
        return Html(text)

    def confirm(self, action: str, plan: Html) -> str:
        """Press the plan's button; return the result's text."""
        assert plan.values("confirmed") == ["yes"], plan.text
        status, location, text = self.post(f"actions/{action}", [*plan.hidden(), ("confirmed", "yes")])
        assert status == 303, text
        return Html(self.ask("GET", location)[2]).text


@pytest.fixture(scope="module")
def console(engine: EngineUnderTest) -> Iterator[Console]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    settings = {"PYTHONPATH": str(REPOSITORY / "python"), "SESMAIL_NAME": engine.name, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "sesmail_cli", "console", "--no-open", "--json"],
        env=inherited | engine.emulator.environment | settings,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed = ""
        while "}" not in printed:
            line = process.stdout.readline()
            assert line, "the console ended"
            printed += line
        yield Console(json.loads(printed)["url"])
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
def source() -> str:
    return f"console.tests.{uuid.uuid4().hex[:8]}"


def address(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}@example.org"


def test_nothing_is_answered_without_the_token_and_nothing_changed_from_elsewhere(console: Console) -> None:
    for path in ("/", "/guessed/", "/guessed/actions/pause?source=*"):
        assert console.ask("GET", path)[0] == 403
    pause = [("source", "*"), ("confirmed", "yes")]
    for headers in ({}, {"Origin": "https://example.com"}):
        assert console.ask("POST", f"{console.base}actions/pause", pause, **headers)[0] == 403
    assert "All sending is paused" not in console.page("").text


def test_an_email_is_found_and_its_story_told(engine: EngineUnderTest, console: Console, source: str) -> None:
    to = address("found")
    email_id = engine.put_email_request(to, source)
    engine.wait_for_status(email_id, engine.final_status)

    assert "Emails, last 24 hours" in console.page("").text
    found = wait_for(lambda: _containing(console.page("emails", producer=source, since="1d"), to), "the index", 60)
    assert f"{console.base}emails/{email_id}" in found.hrefs
    story = console.page(f"emails/{email_id}").text
    assert "Accepted by SES as" in story
    assert to in story
    assert source in console.page(f"producers/{source}").text


def _containing(page: Html, text: str) -> Html | None:
    return page if text in page.text else None


def test_a_producer_is_paused_its_mail_counted_and_cancelled_and_it_goes_on(
    engine: EngineUnderTest, console: Console, source: str
) -> None:
    began = utc_text(time.time() - 1)
    engine.wait_for_status(engine.put_email_request(address("before"), source), engine.final_status)
    # The sender counts a batch after it has recorded it.
    wait_for(lambda: _containing(console.page("producers"), source), f"{source} to be listed")
    _put_in_force(engine, console, source)
    held = [engine.put_email_request(address("held"), source) for _ in range(3)]
    for email_id in held:
        assert engine.wait_for_status(email_id, "deferred")["deferReason"] == "paused"

    counted = console.page("held").text
    assert "an operator paused sending" in counted
    ahead = utc_text(time.time() + 3_600)
    status, _, text = console.post("actions/cancel", [("producer", source), ("since", ahead)])
    assert status == 400
    assert "is in the future" in text
    plan = console.plan("cancel", producer=source, since=began)
    assert "3 that wait end as failed" in plan.text
    assert f"sesmail cancel --producer {source} --since" in plan.text
    assert "Cancelled 3" in console.confirm("cancel", plan)
    for email_id in held:
        assert engine.wait_for_status(email_id, "failed")["errorType"] == "cancelled"

    assert source in console.confirm("resume", console.plan("resume", source=source))
    assert "Paused:" not in console.page(f"producers/{source}").text
    time.sleep(1.1)  # EventBridge's time has whole seconds: the cancellation covers the rest of its own.
    engine.wait_for_status(engine.put_email_request(address("after"), source), engine.final_status, seconds=120)
    engine.wait_until_idle()
    assert [record["status"] for email_id in held if (record := engine.record(email_id))] == ["failed"] * 3


def _put_in_force(engine: EngineUnderTest, console: Console, source: str) -> None:
    """Pause by the console, and wait until each worker has read it: 15 seconds at most."""
    plan = console.plan("pause", source=source, reason="wrong prices")
    assert "sesmail pause --producer" in plan.text
    assert source in console.confirm("pause", plan)
    assert sesmail_json(engine, "status", exit_code=1)["paused"][source]["pausedReason"] == "wrong prices"
    assert "wrong prices" in console.page("").text
    time.sleep(16)


def test_an_address_is_suppressed_and_its_entry_removed(engine: EngineUnderTest, console: Console, source: str) -> None:
    to = address("unwanted")
    assert "Suppressed" in console.confirm("suppress", console.plan("suppress", address=to, note="ticket 4711"))
    refused = engine.put_email_request(to, source)
    assert engine.wait_for_status(refused, "failed")["errorType"] == "suppressed"
    assert "ticket 4711" in console.page(f"suppressions/{to}").text

    assert "Removed 1" in console.confirm("suppressions-remove", console.plan("suppressions-remove", address=to))
    assert "not suppressed" in console.page(f"suppressions/{to}").text
    engine.wait_for_status(engine.put_email_request(to, source), engine.final_status)
    assert len(engine.mails_to(to)) == 1


def test_dead_letters_are_looked_at_moved_and_deleted(engine: EngineUnderTest, console: Console) -> None:
    queue, to, event_id = "EmailQueueDLQ", address("redriven"), str(uuid.uuid4())
    request = {"id": event_id, "source": engine.source, "detail-type": "Email Request", "detail": {"to": to, **GOOD}}
    for body in (json.dumps(request), "not a request"):
        engine.sqs.send_message(QueueUrl=engine.queue_url(queue), MessageBody=body)
    try:
        page = wait_for(lambda: _containing(console.page(f"dead-letters/{queue}", more="yes"), "2 read"), queue, 60)
        assert "1 can succeed now" in page.text
        assert "Moved 1" in console.confirm("redrive", console.plan("redrive", queue=queue))
        engine.wait_for_status(f"email-{event_id}", engine.final_status)
        assert len(engine.mails_to(to)) == 1

        wait_for(lambda: _containing(console.page(f"dead-letters/{queue}", more="yes"), "1 read"), queue, 150)
        assert "Deleted 1" in console.confirm("discard", console.plan("discard", queue=queue))
        assert engine.depth(queue) == 0
    finally:
        engine.purge(queue)
