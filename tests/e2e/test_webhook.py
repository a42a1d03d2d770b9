"""A producer's webhook, from `modules/producer`: its statuses arrive at a URL as POST requests with the key."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from localcloud.paths import BUILD
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.terraform import OVERRIDE, Terraform
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest

SOURCE = "shop.webhook"
KEY = "a-key-of-this-test-0123456789"
ROOT = """
provider "aws" {
  region = "%(region)s"
}

module "producer" {
  source            = "../modules/producer"
  event_bus_name    = "%(bus)s"
  event_source      = "%(source)s"
  statuses          = ["delivered", "bounced"]
  status_target     = { type = "https", url = "%(url)s", key_header = "X-Shop-Key" }
  status_target_key = "%(key)s"
}

output "dead_letter_queue_url" {
  value = module.producer.status_dead_letter_queue_url
}
"""


@dataclass
class Receiver:
    """A server that keeps what is posted to it."""

    url: str
    calls: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.calls.append((self.path, dict(self.headers.items()), json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_port}")
    Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@dataclass
class ProducerRoot(Terraform):
    """A team's own root with the module, instead of the project's."""

    text: str = ""

    @property
    def root(self) -> Path:
        return self.folder / "producer"

    def prepare(self) -> None:
        self.root.mkdir(parents=True)
        (self.root / "main.tf").write_text(self.text)
        super().prepare()


@pytest.fixture(scope="module")
def webhook(engine: EngineUnderTest, receiver: Receiver) -> Iterator[dict[str, Any]]:
    """The module's outputs, applied with the receiver as its target."""
    folder = BUILD / "e2e/webhook"
    shutil.rmtree(folder, ignore_errors=True)
    values = {
        "region": engine.outputs["event_bus_arn"].split(":")[3],
        "bus": engine.outputs["event_bus_name"],
        "source": SOURCE,
        "url": f"{receiver.url}/email?team=shop",
        "key": KEY,
    }
    emulator = engine.emulator
    terraform = ProducerRoot(folder, emulator.environment, emulator.backend, {}, OVERRIDE, text=ROOT % values)
    terraform.prepare()
    try:
        terraform.apply()
        yield terraform.outputs()
    finally:
        terraform.destroy()
        shutil.rmtree(folder)


def request(email_id: str, to: str) -> dict[str, Any]:
    return {
        "emailId": email_id,
        "to": to,
        "templateName": "welcome",
        "templateData": {"userName": "Ann", "companyName": "Shop"},
        "metadata": {"order": email_id},
    }


def test_statuses_arrive_with_the_key_and_of_this_producer_only(
    engine: EngineUnderTest, receiver: Receiver, webhook: dict[str, Any]
) -> None:
    engine.put_email_requests([request("webhook-other", "other@example.org")], source="shop.other")
    engine.put_email_requests(
        [
            request("webhook-1", "reader@example.org"),
            request("webhook-2", f"bounce+webhook@{SIMULATOR_DOMAIN}"),
        ],
        source=SOURCE,
    )

    wait_for(lambda: len(receiver.calls) >= 2, "two statuses at the webhook", seconds=60)
    engine.wait_until_idle()

    found = {
        event["detail"]["emailId"]: (path, headers["X-Shop-Key"], event["detail-type"], event["detail"]["status"])
        for path, headers, event in receiver.calls
    }
    expected = ("/email?team=shop", KEY, "Email Status Changed")
    assert found == {"webhook-1": (*expected, "delivered"), "webhook-2": (*expected, "bounced")}
    assert receiver.calls[0][2]["detail"]["metadata"] == {"order": receiver.calls[0][2]["detail"]["emailId"]}


def test_the_module_says_where_rejected_statuses_are(engine: EngineUnderTest, webhook: dict[str, Any]) -> None:
    url = webhook["dead_letter_queue_url"]
    attributes = engine.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f"/{SOURCE}-status")
    assert statement["Resource"] == attributes["QueueArn"]
