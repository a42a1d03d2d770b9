"""The published schemas are those of the code, and match what it accepts and writes."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.cancel_request import parse_cancel
from sesmail_layer.domain.request.email_request import FIELDS, parse_request
from sesmail_layer.domain.request.refusals import Refusal
from sesmail_layer.domain.request.unsubscribe_request import parse_unsubscribe
from sesmail_layer.domain.status_event import StatusEvent
from tests.docs.pages import DOCS, ROOT, blocks, rows
from tests.docs.schema_strategies import REQUEST, strategy
from tools.generators import schemas

NOW = 1_795_516_260.0
EVENT: dict[str, Any] = json.loads((DOCS / "schemas/email-status-changed.schema.json").read_text())
GOOD = {"to": "john@example.com", "templateName": "welcome"}

REQUEST_VALIDATOR = jsonschema.Draft202012Validator(REQUEST)
EVENT_VALIDATOR = jsonschema.Draft202012Validator(EVENT, format_checker=jsonschema.FormatChecker())


# Rules that a schema cannot express.
BEYOND_A_SCHEMA = (
    r": needs (url, mailto|email, name|contentBase64 or s3Uri)|is not after sendAt|in an id or URL"
    r"|are not allowed \(SES refuses them\)"
)


def test_the_files_are_up_to_date() -> None:
    assert {path: path.read_text() for path in schemas.files()} == schemas.files()


@pytest.mark.parametrize("schema", [REQUEST, EVENT], ids=["request", "event"])
def test_the_schemas_are_valid(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(strategy(REQUEST))
def test_the_code_accepts_what_the_schema_allows_but_for_rules_that_a_schema_cannot_express(
    request: dict[str, Any],
) -> None:
    assert REQUEST_VALIDATOR.is_valid(request)
    refusal = refusal_of(request)
    assert refusal is None or re.search(BEYOND_A_SCHEMA, refusal), refusal


def refusal_of(request: dict[str, Any]) -> str | None:
    try:
        parse_request(request, now=NOW)
    except Refusal as refusal:
        return refusal.message
    return None


NOT_ALLOWED: list[dict[str, Any]] = json.loads((ROOT / "tests/cases/rejected_by_the_schema.json").read_text())


@pytest.mark.parametrize("request_detail", NOT_ALLOWED, ids=lambda detail: json.dumps(detail)[-60:])
def test_the_code_rejects_what_the_schema_rejects(request_detail: dict[str, Any]) -> None:
    assert not REQUEST_VALIDATOR.is_valid(request_detail)
    with pytest.raises(Refusal):
        parse_request(request_detail, now=NOW)


@pytest.mark.parametrize("field", FIELDS)
def test_schema_and_code_treat_null_as_absent(field: str) -> None:
    detail = GOOD | {field: None}
    if field in GOOD:
        assert not REQUEST_VALIDATOR.is_valid(detail)
        with pytest.raises(Refusal):
            parse_request(detail, now=NOW)
    else:
        assert REQUEST_VALIDATOR.is_valid(detail)
        parse_request(detail, now=NOW)


def test_the_page_has_a_row_for_every_field_of_a_request() -> None:
    page = list(rows(DOCS / "integration.md"))
    heading = next(number for number, cells in enumerate(page) if cells[:2] == ["Field", "Required"])
    named: list[str] = []
    required: list[str] = []
    for cells in page[heading + 2 :]:
        fields = re.findall(r"`(\w+)`", cells[0])
        if len(cells) != 3 or not fields:
            break
        named += fields
        required += fields if cells[1] == "yes" else []
    assert sorted(named) == sorted(FIELDS)
    assert required == REQUEST["$defs"]["EmailRequest"]["required"]


def test_the_page_has_a_row_for_every_field_of_an_attachment() -> None:
    named = {cells[0].strip("`") for cells in rows(DOCS / "attachments.md") if len(cells) == 2}
    assert named >= set(REQUEST["$defs"]["Attachment"]["properties"])


def test_the_page_has_every_status_and_every_field_of_an_event() -> None:
    page = list(rows(DOCS / "integration.md"))
    heading = next(number for number, cells in enumerate(page) if cells[0] == "`status`")
    table = page[heading + 2 : heading + 11]
    statuses = [status for cells in table for status in re.findall(r"`(\w+)`", cells[0])]
    assert sorted(statuses) == sorted(status.value for status in Status if status is not Status.SENDING)
    text = (DOCS / "integration.md").read_text()
    fields = [field.encode_name for field in msgspec.structs.fields(StatusEvent)]
    assert [field for field in fields if f"`{field}`" not in text and f'"{field}"' not in text] == []


def test_the_page_has_the_fields_that_only_some_statuses_have() -> None:
    page = list(rows(DOCS / "integration.md"))
    heading = next(number for number, cells in enumerate(page) if cells[0] == "`status`")
    properties = EVENT["$defs"]["StatusEvent"]["properties"]
    for cells in page[heading + 2 : heading + 11]:
        named = {name for name in re.findall(r"`(\w+)`", cells[2]) if name in properties}
        for status in re.findall(r"`(\w+)`", cells[0]):
            expected = {name for name, rule in properties.items() if status in rule.get("x-statuses", ())}
            if "as `soft_bounced`" in cells[2]:
                named = {name for name, rule in properties.items() if "soft_bounced" in rule.get("x-statuses", ())}
            assert expected <= named, status
            assert named - {"sesMessageId"} <= expected | {"link"}, status


@pytest.mark.parametrize("field", ["errorType", "errorMessage"])
def test_an_event_has_what_its_status_requires(field: str) -> None:
    event = {"emailId": "a", "recordId": "a", "timestamp": "2026-11-24T10:31:00.000Z", "attempt": 1, "eventId": "e"}
    failed = event | {"status": "failed", "errorType": "suppressed", "errorMessage": "Email not sent"}
    assert EVENT_VALIDATOR.is_valid(failed)
    assert not EVENT_VALIDATOR.is_valid({name: value for name, value in failed.items() if name != field})


def test_the_example_event_of_the_page_is_valid() -> None:
    [example] = [
        json.loads(b.code) for b in blocks(DOCS / "integration.md") if b.language == "json" and "eventId" in b.code
    ]
    assert [error.message for error in EVENT_VALIDATOR.iter_errors(example)] == []


def test_an_event_has_no_nulls() -> None:
    [example] = [
        json.loads(b.code) for b in blocks(DOCS / "integration.md") if b.language == "json" and "eventId" in b.code
    ]
    assert not EVENT_VALIDATOR.is_valid(example | {"subject": None})
    assert not EVENT_VALIDATOR.is_valid(example | {"status": "sending"})


CANCEL_VALIDATOR = jsonschema.Draft202012Validator(
    json.loads((DOCS / "schemas/email-cancel-requested.schema.json").read_text())
)


@pytest.mark.parametrize(
    ("detail", "valid"),
    [
        ({"emailId": "order-1"}, True),
        ({"tag": "spring"}, True),
        ({"emailId": None, "tag": "spring"}, True),
        ({}, False),
        ({"emailId": None}, False),
        ({"emailId": "order-1", "tag": "spring"}, False),
        ({"emailId": "a b"}, False),
        ({"tag": "a.b"}, False),
        ({"tag": 7}, False),
        ({"emailId": "order-1", "topic": "x"}, False),
        ([], False),
    ],
)
def test_schema_and_code_take_the_same_cancellations(detail: Any, valid: bool) -> None:
    assert CANCEL_VALIDATOR.is_valid(detail) is valid
    if valid:
        parse_cancel(detail)
    else:
        with pytest.raises(Refusal):
            parse_cancel(detail)


UNSUBSCRIBE_VALIDATOR = jsonschema.Draft202012Validator(
    json.loads((DOCS / "schemas/email-unsubscribe-requested.schema.json").read_text())
)


@pytest.mark.parametrize(
    ("detail", "valid"),
    [
        ({"emailId": "order-1"}, True),
        ({"email": "ada@example.com"}, True),
        ({"email": "ada@example.com", "topic": "weekly-digest"}, True),
        ({"email": "ada@example.com", "topic": None, "emailId": None}, True),
        ({"emailId": "order-1", "email": None, "topic": None}, True),
        ({}, False),
        ({"topic": "weekly-digest"}, False),
        ({"emailId": None}, False),
        ({"emailId": "order-1", "email": "ada@example.com"}, False),
        ({"emailId": "order-1", "topic": "weekly-digest"}, False),
        ({"emailId": "a b"}, False),
        ({"email": "a"}, False),
        ({"email": 7}, False),
        ({"email": "ada@example.com", "topic": "*"}, False),
        ({"email": "ada@example.com", "tag": "x"}, False),
        ([], False),
    ],
)
def test_schema_and_code_take_the_same_unsubscriptions(detail: Any, valid: bool) -> None:
    assert UNSUBSCRIBE_VALIDATOR.is_valid(detail) is valid
    if valid:
        parse_unsubscribe(detail)
    else:
        with pytest.raises(Refusal):
            parse_unsubscribe(detail)


@pytest.mark.parametrize(
    ("fields", "valid"),
    [
        ({"listUnsubscribe": True}, True),
        ({"listUnsubscribe": True, "cc": [], "bcc": None}, True),
        ({"listUnsubscribe": {"url": "https://example.com/u"}, "cc": ["jane@example.com"]}, True),
        ({"listUnsubscribe": False, "cc": ["jane@example.com"]}, True),
        ({"listUnsubscribe": True, "cc": ["jane@example.com"]}, False),
        ({"listUnsubscribe": True, "bcc": ["jane@example.com"]}, False),
    ],
)
def test_schema_and_code_allow_the_engines_own_link_for_one_recipient(fields: dict[str, Any], valid: bool) -> None:
    assert REQUEST_VALIDATOR.is_valid(GOOD | fields) is valid
    assert (refusal_of(GOOD | fields) is None) is valid


def test_the_schema_says_what_the_engines_own_link_is_for() -> None:
    [link] = [
        one
        for one in REQUEST["$defs"]["EmailRequest"]["properties"]["listUnsubscribe"]["anyOf"]
        if one.get("type") == "boolean"
    ]
    assert "bulk" in link["description"]
