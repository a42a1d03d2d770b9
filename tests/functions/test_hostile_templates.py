"""Hostile templates: their own emails fail with an error, the rest of the batch is sent."""

from __future__ import annotations

import json
import time

import pytest

from tests.functions.conftest import Package, Ran
from tests.functions.test_email_sender import DETAIL, TEMPLATES, message, request, send

# Compiles for half a minute: each branch knows of each variable.
SLOW = "".join(f"{{%set a{i}=1%}}" for i in range(7_000)) + "{%if x%}{%set b=1%}{%endif%}" * 4_500
LONG = "x" * 50_000
METADATA = json.dumps({"subject": "s"})
HOSTILE = {
    "slow/template.html": SLOW,
    "slow/template.txt": "t",
    "slow/metadata.json": METADATA,
    "long-name/template.html": f"{{{{ {LONG} }}}}",
    "long-name/template.txt": "t",
    "long-name/metadata.json": METADATA,
    "many-names/template.html": "t",
    "many-names/template.txt": "t",
    "many-names/metadata.json": json.dumps({"subject": "s", "requiredVariables": ["abcde"] * 20_000}),
}


@pytest.fixture(scope="module")
def ran(package: Package) -> Ran:
    names = ["welcome", "long-name", "many-names", *["slow"] * 7]
    messages = [
        message(f"m-{i}", request(f"{name}-{i}", {**DETAIL, "templateName": name})) for i, name in enumerate(names)
    ]
    began = time.monotonic()
    ran = send(package, *messages, templates=TEMPLATES | HOSTILE)
    assert time.monotonic() - began < 25
    return ran


def test_a_template_that_takes_too_long_to_compile_fails_its_emails_and_no_other(ran: Ran) -> None:
    assert ran.answer == {"batchItemFailures": []}
    assert ran.record("email-welcome-0")["status"] == "sent"
    for i in range(3, 10):
        record = ran.record(f"email-slow-{i}")
        assert (record["status"], record["errorType"]) == ("failed", "template_render_error")
        assert record["errorMessage"] == "Failed to render template: it took over 8 s"


@pytest.mark.parametrize("email_id", ["email-long-name-1", "email-many-names-2"])
def test_an_error_message_from_a_template_fits_into_record_and_event(ran: Ran, email_id: str) -> None:
    record = ran.record(email_id)
    assert record["errorType"] == "template_render_error"
    assert len(record["errorMessage"]) <= 1_001
    assert any(event["detail"]["emailId"] == email_id for event in ran.published)
