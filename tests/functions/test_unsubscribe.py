"""The deployed Unsubscribe function on moto: a link of the deployed sender, and API Gateway's requests."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sesmail_layer.domain.unsubscribe.links import sign
from tests.functions.conftest import Package, Ran, run_handler
from tests.functions.test_email_sender import DETAIL, message, request, send

URL = "https://mail.example.com"
KEY = b"unsubscribe"
"""What run_handler.py makes the key."""
RECORD = {
    "emailId": "news-1",
    "toEmail": "ada@example.com",
    "status": "delivered",
    "attempt": 1,
    "timestamp": "2026-11-24T10:31:00.000Z",
    "datePartition": "2026-11-24",
    "ttl": 1_900_000_000,
    "originalSource": "my.application",
    "templateName": "welcome",
    "topic": "weekly-digest",
}
POLICY = {"pk": "producer#my.application", "enabled": True, "topics": {"weekly-digest": "Weekly <digest>"}}
TOKEN = sign(KEY, record_id="news-1", source="my.application", address="ada@example.com")
ONE_CLICK = "List-Unsubscribe=One-Click"


def event(method: str, token: str = TOKEN, body: str = "") -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": f"{method} /u/{{token}}",
        "rawPath": f"/u/{token}",
        "headers": {"content-type": "application/x-www-form-urlencoded", "accept-language": "de"},
        "requestContext": {"http": {"method": method, "path": f"/u/{token}"}},
        "pathParameters": {"token": token},
        "body": body,
        "isBase64Encoded": False,
    }


def call(package: Package, given: dict[str, Any], delivery: str = "layer", **more: Any) -> Ran:
    items = {"tracking": [RECORD], "control": [POLICY]}
    return run_handler(package, "unsubscribe", {"event": given, "items": items, **more}, delivery)


@pytest.mark.parametrize("delivery", ["layer", "bundled"])
def test_one_click_unsubscribes_and_publishes(package: Package, delivery: str) -> None:
    ran = call(package, event("POST", body=ONE_CLICK), delivery)

    assert ran.answer["statusCode"] == 200
    [entry] = ran.tables["suppression"]
    assert entry["email"] == "ada@example.com#weekly-digest"
    assert (entry["suppressionType"], entry["reason"], entry["topic"]) == (
        "unsubscribe",
        "unsubscribe",
        "weekly-digest",
    )
    [published] = ran.published
    assert published["detail-type"] == "Email Unsubscribed"
    assert published["detail"]["toEmail"] == "ada@example.com"
    assert published["detail"]["by"] == "one-click"
    assert "ada" not in "".join(json.dumps(line) for line in ran.log)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(package: Package, method: str) -> None:
    ran = call(package, event(method))

    assert ran.answer["statusCode"] == 200
    assert ran.answer["headers"]["cache-control"] == "no-store"
    assert ("„Weekly &lt;digest&gt;“ abbestellen?" in ran.answer["body"]) is (method == "GET")
    assert ran.tables["suppression"] == []
    assert ran.published == []


def test_a_forged_link_is_400_without_a_look_at_the_tables(package: Package) -> None:
    ran = call(package, event("POST", token=TOKEN[:-2] + "AA", body=ONE_CLICK))

    assert ran.answer["statusCode"] == 400
    assert ran.clients == ["ssm"]


def test_while_the_bus_is_gone_the_page_asks_to_try_again(package: Package) -> None:
    ran = call(package, event("POST", body=ONE_CLICK), environment={"EVENT_BUS_NAME": "gone"})

    assert ran.answer["statusCode"] == 503
    assert [line["code"] for line in ran.log if line.get("event") == "unsubscribe.unanswered"] == ["BUS001"]


def test_the_deployed_sender_s_link_is_what_the_deployed_page_accepts(package: Package) -> None:
    detail = {**DETAIL, "emailId": "news-1", "to": "Ada@example.com", "priority": "bulk", "listUnsubscribe": True}
    sent = send(package, message("m-1", request("e-1", detail)), environment={"SESMAIL_UNSUBSCRIBE_URL": URL})
    [mail] = sent.mails
    token = re.findall(rf"List-Unsubscribe: <{URL}/u/([A-Za-z0-9_-]+)>", re.sub(r"\r?\n[ \t]+", "", mail["raw"]))
    assert token == [TOKEN]

    ran = call(package, event("POST", token=token[0], body=ONE_CLICK))
    assert ran.answer["statusCode"] == 200


def test_the_next_bulk_email_of_the_topic_is_suppressed(package: Package) -> None:
    entry = {
        "email": "ada@example.com#weekly-digest",
        "suppressionType": "unsubscribe",
        "reason": "unsubscribe",
        "addedToSuppressionDate": "2026-11-24T10:31:00.000Z",
    }
    detail = {**DETAIL, "to": "ada@example.com", "topic": "weekly-digest"}
    batch = [
        message(name, request(name, {**detail, "emailId": name, **fields}))
        for name, fields in {
            "left": {"priority": "bulk"},
            "other": {"priority": "bulk", "topic": "events"},
            "receipt": {},
        }.items()
    ]
    ran = send(package, *batch, items={"suppression": [entry]})

    statuses = {name: ran.record(name)["status"] for name in ("left", "other", "receipt")}
    assert statuses == {"left": "failed", "other": "sent", "receipt": "sent"}
    assert ran.record("left")["errorType"] == "suppressed"
