"""docs/security.md has a row for every statement in the roles of the functions."""

from __future__ import annotations

import json
import re

import boto3

from sesmail_layer.aws.secret_keys import SecretKeys
from sesmail_layer.runtime.clock import SystemClock
from tests.docs.pages import DOCS, ROOT, rows
from tools.bench.counting import engine, records, request_bodies, sqs_event
from tools.simulation.environment import NAME

PERMISSIONS = (ROOT / "modules/sesmail/permissions.tf").read_text()
FUNCTIONS = {
    "sender": "EmailSender",
    "feedback": "FeedbackProcessor",
    "seeder": "TemplateSeeder",
    "unsubscribe": "Unsubscribe",
}


def granted() -> set[tuple[str, str]]:
    """Return (function, statement) for every statement in permissions.tf, with shared statements."""
    shared = dict(re.findall(r'(\w+_statements?) = (?:\{|\[for .+ : \{)\s+sid += "(\w+)"', PERMISSIONS))
    found = set()
    for name, function in FUNCTIONS.items():
        body = PERMISSIONS.split(f"{name}_statements = ")[1].split("\n# ----")[0]
        found |= {(function, sid) for sid in re.findall(r'sid += "(\w+)"', body)}
        found |= {(function, shared[used]) for used in re.findall(r"local\.(\w+_statements?)\b", body)}
    return found


def test_every_statement_has_a_row() -> None:
    documented = {
        (cells[0], cells[1].strip("`"))
        for cells in rows(DOCS / "security.md")
        if len(cells) == 3 and cells[0] in FUNCTIONS.values()
    }
    assert documented == granted()


def test_the_page_names_the_statements_that_all_functions_have() -> None:
    lambda_function = (ROOT / "modules/lambda_function/main.tf").read_text()
    for sid in re.findall(r'sid += "(\w+)"', lambda_function):
        assert f"`{sid}`" in (DOCS / "security.md").read_text()


def test_no_action_is_a_wildcard() -> None:
    assert re.findall(r'actions += \[[^\]]*"\w+:\*', PERMISSIONS) == []


def test_a_statement_on_all_resources_gives_its_reason_in_its_name() -> None:
    wide = re.findall(r'sid += "(\w+)"\s+actions += \[[^\]]*\]\s+resources = \["\*"\]', PERMISSIONS)
    assert wide
    assert all(sid.endswith("HasNoResourceLevel") for sid in wide)


def test_an_erased_address_stays_suppressed() -> None:
    """The sender, composed as in Lambda, also looks up the hash of an address."""
    with engine() as (sender, _, _):
        dynamodb = boto3.client("dynamodb")
        erased = {
            "email": {"S": SecretKeys(boto3.client("ssm"), NAME, SystemClock()).tombstones_of("erased@example.com")[0]},
            "suppressionType": {"S": "complaint"},
            "reason": {"S": "spam-complaint"},
            "addedToSuppressionDate": {"S": "2026-11-24T10:31:00.000Z"},
        }
        dynamodb.put_item(TableName=f"{NAME}-Suppression", Item=erased)
        body = json.loads(request_bodies(1)[0])
        body["detail"]["to"] = "Erased@example.com"
        sender.handle(sqs_event([json.dumps(body)]), 30)
        [record] = records()
        assert record["errorMessage"] == "Email not sent: recipient is suppressed (spam-complaint)"
