"""The receivers that docs/status-events.md shows, in Python and TypeScript, verify what the function signs."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from localcloud.snippets import snippet
from sesmail_webhook.signing import signed_headers
from tests.docs.pages import DOCS
from tests.e2e.harness.shell import typescript_folder_with_client

PAGE = DOCS / "status-events.md"
NEW, OLD, OTHER = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"n", b"o", b"x"))
BODY = json.dumps(
    {
        "detail-type": "Email Status Changed",
        "source": "sesmailengine",
        "detail": {
            "emailId": "order-1",
            "recordId": "order-1",
            "status": "delivered",
            "timestamp": "2026-11-29T10:00:00.000Z",
            "attempt": 1,
            "eventId": "6f2f7d1e-3c1a-5f5b-9a57-0b6f8d1f2c11",
            "toEmail": "zoë@example.com",
            "originalSource": "shop.orders",
            "previousStatus": "sent",
            "templateName": "welcome",
            "sesMessageId": "0100",
            "subject": "Hello",
        },
    },
    ensure_ascii=False,
)
# A recipient's choice has no status.
LEFT = json.dumps(
    {
        "detail-type": "Email Unsubscribed",
        "source": "sesmailengine",
        "detail": {
            "toEmail": "zoë@example.com",
            "originalSource": "shop.orders",
            "by": "one-click",
            "timestamp": "2026-11-29T10:00:00.000Z",
            "eventId": "6f2f7d1e-3c1a-5f5b-9a57-0b6f8d1f2c12",
        },
    }
)
Call = tuple[str, dict[str, str]]


def call(*secrets: str, body: str = BODY, seconds_ago: float = 0) -> Call:
    """A call as the function makes it."""
    signers = [Webhook(secret) for secret in secrets]
    return body, signed_headers(signers, "6f2f7d1e", body, time.time() - seconds_ago)


# Made by each test: a receiver rejects what is older than five minutes.
CALLS: dict[str, tuple[Callable[[], Call], int]] = {
    "signed": (lambda: call(NEW), 204),
    "signed during a rotation, the receiver has the new secret": (lambda: call(NEW, OLD), 204),
    "signed during a rotation, the receiver has the old secret": (lambda: call(OTHER, NEW), 204),
    "about a recipient's choice": (lambda: call(NEW, body=LEFT), 204),
    "signed by another secret": (lambda: call(OTHER), 401),
    "with a changed byte": (lambda: (BODY.replace("order-1", "order-2"), call(NEW)[1]), 401),
    "replayed after ten minutes": (lambda: call(NEW, seconds_ago=600), 401),
    "with another id": (lambda: (BODY, call(NEW)[1] | {"webhook-id": "other"}), 401),
    "without a signature": (lambda: (BODY, {}), 401),
}


@pytest.fixture(scope="module")
def answers_in_typescript() -> dict[str, int]:
    code = snippet(PAGE, "typescript", "receiveStatus")
    code += """
import { readFileSync } from 'node:fs';
const calls: [string, [string, Record<string, string>]][] = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify(calls.map(([name, call]) => [name, receiveStatus(...call)])));
"""
    folder = typescript_folder_with_client()
    (folder / "webhook.ts").write_text(code)
    done = subprocess.run(
        ["node_modules/.bin/tsx", "webhook.ts"],
        input=json.dumps([[name, made()] for name, (made, _) in CALLS.items()]),
        cwd=folder,
        env=os.environ | {"EMAIL_STATUS_SECRET": NEW},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", CALLS)
def test_the_python_receiver_answers_a_call(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMAIL_STATUS_SECRET", NEW)
    receiver: dict[str, Any] = {}
    exec(snippet(PAGE, "python", "receive_status"), receiver)
    made, expected = CALLS[name]
    body, headers = made()
    assert receiver["receive_status"](body.encode(), headers) == expected
    printed = "Email Unsubscribed one-click\n" if body == LEFT else "order-1 delivered\n"
    assert capsys.readouterr().out == (printed if expected == 204 else "")


@pytest.mark.parametrize("name", CALLS)
def test_the_typescript_receiver_answers_a_call(name: str, answers_in_typescript: dict[str, int]) -> None:
    assert answers_in_typescript[name] == CALLS[name][1]
