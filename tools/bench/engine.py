"""The deployed engine's functions, called in this process: same code, same settings, same emulator."""

from __future__ import annotations

import importlib
import json
import os
import uuid
from collections.abc import Sequence
from typing import Any

from localcloud.emulator import REGION
from localcloud.engine import Engine

SOURCE = "bench"


class Context:
    """The part of Lambda's context that the handlers use."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def environment(engine: Engine, function: str) -> dict[str, str]:
    """Return the environment of a deployed function, with the emulator's address."""
    found = engine.functions.get_function_configuration(FunctionName=f"{engine.name}-{function}")
    own = {
        "AWS_LAMBDA_FUNCTION_NAME": f"{engine.name}-{function}",
        "AWS_REGION": REGION,
        # High enough that pacing delays no email.
        "SESMAIL_MAX_SEND_RATE": "10000",
    }
    return dict(found["Environment"]["Variables"]) | dict(engine.emulator.environment) | own


def email_requests(count: int) -> list[dict[str, Any]]:
    """Return requests like those of a shop: a starter template, some data."""
    return [
        {
            "emailId": f"bench-{uuid.uuid4()}",
            "to": f"reader-{uuid.uuid4().hex[:12]}@example.org",
            "templateName": "purchase-confirmation",
            "templateData": {
                "customerName": "Ann Reader",
                "orderId": "A-4711",
                "productName": "Fountain pen",
                "price": "€ 49.00",
                "companyName": "My Company",
            },
        }
        for _ in range(count)
    ]


def sqs_event(details: Sequence[Any]) -> dict[str, Any]:
    """Return a batch as Lambda passes it, with EventBridge's envelope around each request."""
    return {
        "Records": [
            {
                "messageId": str(uuid.uuid4()),
                "receiptHandle": "bench",
                "body": json.dumps(
                    {
                        "version": "0",
                        "id": str(uuid.uuid4()),
                        "detail-type": "Email Request",
                        "source": SOURCE,
                        "account": "000000000000",
                        "time": "2026-11-24T10:31:00Z",
                        "region": REGION,
                        "resources": [],
                        "detail": detail,
                    }
                ),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795516260000"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "awsRegion": REGION,
            }
            for detail in details
        ]
    }


def sender(engine: Engine) -> Any:
    """Compose the email sender as in Lambda."""
    os.environ.update(environment(engine, "EmailSender"))
    settings = importlib.import_module("sesmail_layer.runtime.settings").Settings.from_env()
    return importlib.import_module("sesmail_layer.composition.email_sender").EmailSender(settings)
