"""Unsubscribing through the deployed API: the link of a real mail, and what it does to the next mails."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
import uuid
from typing import Any, cast

from localcloud.engine import DEFAULT_NAME
from localcloud.mailbox import Mail
from localcloud.subscriber import StatusSubscriber
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.variables import UNSUBSCRIBE_URL

SOURCE = "newsletter.team"
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def new_address() -> str:
    return f"reader-{uuid.uuid4().hex[:8]}@example.org"


def send(engine: EngineUnderTest, to: str, source: str = SOURCE, **fields: Any) -> dict[str, Any]:
    """Send one email; return its record when it is delivered or has failed."""
    email_id = engine.put_email_request(to, source, emailId=f"news-{uuid.uuid4().hex[:8]}", **fields)
    wait_for(lambda: _ended(engine, email_id), f"{email_id} to end", 120)
    return engine.record(email_id) or {}


def _ended(engine: EngineUnderTest, email_id: str) -> bool:
    return (engine.record(email_id) or {}).get("status") in ("delivered", "failed")


def newsletter(engine: EngineUnderTest, to: str, topic: str = "weekly-digest") -> Mail:
    """Send a bulk email with the engine's own link; return it as its recipient got it."""
    assert send(engine, to, topic=topic, listUnsubscribe=True)["status"] == "delivered"
    return engine.mails_to(to)[-1]


def link(mail: Mail) -> str:
    found = re.fullmatch(rf"<({UNSUBSCRIBE_URL}/u/[A-Za-z0-9_-]+)>", str(mail.parsed["List-Unsubscribe"]))
    assert found
    assert mail.parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    return found[1]


def call(engine: EngineUnderTest, method: str, url: str, body: bytes | None = None) -> tuple[int, str]:
    """Send a request through the API, at the emulator's address of it."""
    api, path = engine.outputs["unsubscribe_api_id"], url.removeprefix(UNSUBSCRIBE_URL)
    address = f"{engine.emulator.url}/_aws/execute-api/{api}/$default{path}"
    request = urllib.request.Request(address, body, FORM, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as err:
        return err.code, err.read().decode()


def topics_left(engine: EngineUnderTest, address: str) -> set[str]:
    rows = engine.scan(engine.outputs["suppression_table_name"])
    return {row["email"].rpartition("#")[2] for row in rows if row["email"].startswith(f"{address}#")}


def test_one_click_ends_the_topic_s_bulk_mail_and_nothing_else(engine: EngineUnderTest) -> None:
    to, name = new_address(), f"{engine.name}-unsubscribed-{uuid.uuid4().hex[:8]}"
    bus = engine.outputs["event_bus_name"]
    producer = StatusSubscriber(engine.events, engine.sqs, bus, DEFAULT_NAME, name, ("Email Unsubscribed",))
    mail = newsletter(engine, to)
    assert mail.parsed["Precedence"] == "bulk"
    assert dict(mail.tags)["ses:feedback-id-b"] == "weekly-digest"

    status, page = call(engine, "POST", link(mail), ONE_CLICK)
    assert status == 200
    assert "Weekly digest" in page
    wait_for(lambda: len(producer.collect()) == 1, "the producer to learn of it", 60)
    detail = producer.received[0]["detail"]
    assert (detail["toEmail"], detail["topic"], detail["by"]) == (to, "weekly-digest", "one-click")
    assert detail["originalSource"] == SOURCE
    producer.remove()

    suppressed = send(engine, to, topic="weekly-digest")
    assert (suppressed["status"], suppressed["errorType"]) == ("failed", "suppressed")
    assert send(engine, to, topic="events")["status"] == "delivered"
    assert send(engine, to, "my.application", topic="weekly-digest")["status"] == "delivered"


def test_looking_at_a_link_changes_nothing(engine: EngineUnderTest) -> None:
    to = new_address()
    url = link(newsletter(engine, to))

    assert [call(engine, method, url)[0] for method in ("GET", "HEAD", "GET")] == [200, 200, 200]
    assert topics_left(engine, to) == set()
    assert send(engine, to, topic="weekly-digest")["status"] == "delivered"


def test_a_forged_link_and_one_of_another_recipient_change_nothing_for_this_one(engine: EngineUnderTest) -> None:
    to, other = new_address(), new_address()
    url, url_of_other = (link(newsletter(engine, each)) for each in (to, other))
    token, token_of_other = (each.rpartition("/")[2] for each in (url, url_of_other))

    # The signature of one link over the content of the other.
    for forged in (token[:-3] + "AAA", token_of_other[:21] + token[21:], "x"):
        assert call(engine, "POST", f"{UNSUBSCRIBE_URL}/u/{forged}", ONE_CLICK)[0] == 400
    assert call(engine, "POST", url_of_other, ONE_CLICK)[0] == 200
    assert topics_left(engine, to) == set()
    assert send(engine, to, topic="weekly-digest")["status"] == "delivered"


def test_the_recipient_comes_back_on_the_page(engine: EngineUnderTest) -> None:
    to = new_address()
    url = link(newsletter(engine, to))

    status, page = call(engine, "POST", url, b"unsubscribe=events")
    assert status == 200
    assert "Events near you" in page
    assert topics_left(engine, to) == {"events"}
    assert call(engine, "POST", url, b"resubscribe=events")[0] == 200
    assert send(engine, to, topic="events")["status"] == "delivered"


def test_a_producer_s_own_page_unsubscribes_by_event(engine: EngineUnderTest) -> None:
    to = new_address()
    entry = {
        "Source": SOURCE,
        "DetailType": "Email Unsubscribe Requested",
        "EventBusName": engine.outputs["event_bus_name"],
        "Detail": json.dumps({"email": to, "topic": "weekly-digest"}),
    }
    assert engine.events.put_events(Entries=cast("Any", [entry]))["FailedEntryCount"] == 0
    wait_for(lambda: topics_left(engine, to) == {"weekly-digest"}, "the topic to be left", 60)

    assert send(engine, to, topic="weekly-digest")["errorType"] == "suppressed"
