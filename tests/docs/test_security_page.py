"""docs/security.md has a row for every statement that a function's role is given."""

from __future__ import annotations

import json
import re

import boto3
import pytest

from sesmail_layer.aws.tombstones import Tombstones
from tests.docs.counting import engine, records, requests, sqs_event
from tests.docs.pages import DOCS, ROOT, rows
from tools.simulation.environment import NAME

PERMISSIONS = (ROOT / "modules/sesmail/permissions.tf").read_text()
FUNCTIONS = {"sender": "EmailSender", "feedback": "FeedbackProcessor", "seeder": "TemplateSeeder"}


def granted() -> set[tuple[str, str]]:
    """Function and statement, as permissions.tf lists them; shared statements by their name there."""
    shared = dict(re.findall(r'(\w+_statement) = \{\s+sid += "(\w+)"', PERMISSIONS))
    found = set()
    for name, function in FUNCTIONS.items():
        body = PERMISSIONS.split(f"{name}_statements = ")[1].split("\n# ----")[0]
        found |= {(function, sid) for sid in re.findall(r'sid += "(\w+)"', body)}
        found |= {(function, shared[used]) for used in re.findall(r"local\.(\w+_statement)\b", body)}
    return found


def test_every_statement_has_its_row() -> None:
    documented = {
        (cells[0], cells[1].strip("`"))
        for cells in rows(DOCS / "security.md")
        if len(cells) == 3 and cells[0] in FUNCTIONS.values()
    }
    assert documented == granted()


def test_the_statements_of_all_functions_are_named() -> None:
    lambda_function = (ROOT / "modules/lambda_function/main.tf").read_text()
    for sid in re.findall(r'sid += "(\w+)"', lambda_function):
        assert f"`{sid}`" in (DOCS / "security.md").read_text()


def test_the_page_is_right_that_no_action_is_a_wildcard() -> None:
    assert re.findall(r'actions += \[[^\]]*"\w+:\*', PERMISSIONS) == []


def test_every_reader_of_everything_says_why_in_its_name() -> None:
    wide = re.findall(r'sid += "(\w+)"\s+actions += \[[^\]]*\]\s+resources = \["\*"\]', PERMISSIONS)
    assert wide
    assert all(sid.endswith("HasNoResourceLevel") for sid in wide)


def test_an_erased_address_stays_suppressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender as it is composed in Lambda looks an address up under its hash as well."""
    with engine(monkeypatch) as (sender, _, _):
        dynamodb = boto3.client("dynamodb")
        erased = {
            "email": {"S": Tombstones(dynamodb, f"{NAME}-Control").key_of("erased@example.com")},
            "suppressionType": {"S": "complaint"},
            "reason": {"S": "spam-complaint"},
            "addedToSuppressionDate": {"S": "2026-11-24T10:31:00.000Z"},
        }
        dynamodb.put_item(TableName=f"{NAME}-Suppression", Item=erased)
        body = json.loads(requests(1)[0])
        body["detail"]["to"] = "Erased@example.com"
        sender.handle(sqs_event([json.dumps(body)]), 30)
        [record] = records()
        assert record["errorMessage"] == "Email not sent: recipient is suppressed (spam-complaint)"
