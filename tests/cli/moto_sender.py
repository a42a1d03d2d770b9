"""The sender on moto: it handles what is on the bus whenever somebody waits."""

from __future__ import annotations

import json
from typing import Any

import boto3
from moto.ses.models import ses_backends

from sesmail_layer.composition.email_sender import EmailSender
from sesmail_layer.runtime.clock import SystemClock
from tests.cli.conftest import ACCOUNT_ID, NAME, REGION, MotoEngine
from tools.simulation.environment import default_settings

# What the engine's rules pass on to the sender.
_HANDLED = ("Email Request", "Email Cancel Requested")
TEXT = "Hello {{ userName }}, {{ answer }}"
METADATA = {
    "subject": "Your question",
    "description": "Answers a customer's question.",
    "requiredVariables": ["userName", "answer"],
    "version": "1.0.0",
}


class MotoSender:
    """The sender, put together as in Lambda, and SES's mailbox."""

    def __init__(self, engine: MotoEngine) -> None:
        self._engine = engine
        self.ses: Any = boto3.client("ses")
        self.ses.verify_domain_identity(Domain="example.com")
        self.ses.create_configuration_set(ConfigurationSet={"Name": f"{NAME}-ConfigSet"})
        self._sender = EmailSender(default_settings(SESMAIL_SES_API="v1"))

    def handle_all(self) -> None:
        """Handle all requests and commands that are on the bus."""
        published = self._engine.bodies("published")
        requests = [body for body in published if json.loads(body)["detail-type"] in _HANDLED]
        records = [
            {"messageId": str(number), "body": body, "attributes": {"ApproximateReceiveCount": "1"}}
            for number, body in enumerate(requests)
        ]
        if records:
            assert self._sender.handle({"Records": records}, 30.0) == {"batchItemFailures": []}

    def mails(self) -> int:
        return len(ses_backends[ACCOUNT_ID][REGION].sent_messages)


class WaitingClock(SystemClock):
    """Whoever waits lets the sender work."""

    def __init__(self, sender: MotoSender) -> None:
        self._sender = sender

    def sleep(self, seconds: float) -> None:
        self._sender.handle_all()


def install_template(engine: MotoEngine, name: str) -> None:
    files = {"template.html": f"<p>{TEXT}</p>", "template.txt": TEXT, "metadata.json": json.dumps(METADATA)}
    for file, content in files.items():
        bucket = f"{NAME}-templates-{ACCOUNT_ID}"
        engine.s3.put_object(Bucket=bucket, Key=f"templates/{name}/{file}", Body=content.encode())
