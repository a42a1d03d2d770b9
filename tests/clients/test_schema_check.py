"""The client's own reading of the schema, compared with a complete validator and with the engine."""

from __future__ import annotations

import datetime
import decimal
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sesmail_client import InvalidEmailError
from sesmail_client.schema_check import SchemaCheck, json_value, load_schema
from tests.clients.python_names import in_python_names
from tests.docs.pages import ROOT
from tests.docs.schema_strategies import REQUEST, strategy

CHECK = SchemaCheck(load_schema("email-request.schema.json"))
VALIDATOR = jsonschema.Draft202012Validator(REQUEST)
REJECTED: list[dict[str, Any]] = json.loads((ROOT / "tests/cases/rejected_by_the_schema.json").read_text())
GOOD = {"to": "john@example.com", "templateName": "welcome"}
PROPERTIES = REQUEST["$defs"]["EmailRequest"]["properties"]

WORDS = st.sampled_from(["bulk", "filename", "url", "email", "name", "a@example.com", "", "x\n", "https://a.example/"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


def is_accepted(request: dict[str, Any]) -> bool:
    try:
        CHECK.fields(in_python_names(request), CHECK.main)
    except InvalidEmailError:
        return False
    return True


def without_nulls(request: dict[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in request.items() if value is not None}
    for name in ("senderOverride", "listUnsubscribe"):
        if isinstance(own.get(name), dict):
            own[name] = {key: item for key, item in own[name].items() if item is not None}
    if "attachments" in own:
        own["attachments"] = [{k: v for k, v in one.items() if v is not None} for one in own["attachments"]]
    return own


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(strategy(REQUEST))
def test_what_the_schema_allows_is_written_as_it_is_without_nulls(request: dict[str, Any]) -> None:
    assert CHECK.fields(in_python_names(request), CHECK.main) == without_nulls(request)


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(sorted(PROPERTIES)), VALUES)
@example("attachments", [{}])
@example("cc", ["a@example.com"] * 50)
@example("headers", {f"X-{number}": "a" for number in range(51)})
@example("tags", ["a" * 65])
def test_any_value_is_accepted_exactly_where_a_complete_validator_accepts_it(field: str, value: Any) -> None:
    request = GOOD | {field: value}
    assert is_accepted(request) == VALIDATOR.is_valid(request)


@pytest.mark.parametrize("request_detail", REJECTED, ids=lambda detail: json.dumps(detail)[-60:])
def test_what_the_engine_rejects_by_its_schema_is_rejected(request_detail: dict[str, Any]) -> None:
    assert not is_accepted(request_detail)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"to": 7}, "to: found 7; allowed: a text"),
        ({"to": None}, "to: found nothing; allowed: it is required"),
        ({"cc": "jane@example.com"}, "cc: found a text of 16 characters; allowed: a list or None"),
        ({"tags": ["a", "b c"]}, "tags[1]: found a text of 3 characters; allowed: what matches ^[A-Za-z0-9_-]{1,64}$"),
        ({"priority": "urgent"}, "priority: found a text of 6 characters; allowed: bulk, transactional"),
        ({"subject": "a" * 999}, "subject: found 999 characters; allowed: at most 998"),
        (
            {"templateName": "welcome"},
            "templateName: found an unknown field; allowed: template_name (did you mean it?)",
        ),
        (
            {"attachments": [{"filename": "a.pdf", "contentType": "a/b"}]},
            "attachments[0].contentType: found an unknown field; "
            "allowed: attachments[0].content_type (did you mean it?)",
        ),
        (
            {"from": "shop@example.com"},
            "from: found a name of other mail APIs; allowed: use sender_override, an object with email, name or both",
        ),
        (
            {"html_body": "<p>"},
            "html_body: found a name of other mail APIs; "
            "allowed: an email's content comes from a template: use template_name and template_data",
        ),
        (
            {"files": []},
            "files: found a name of other mail APIs; allowed: use attachments, objects with filename and "
            "content_base64 or s3_uri",
        ),
        ({"headers": {"john@example.com": 1}}, "headers.(a name of 16 characters): found 1; allowed: a text"),
        ({"subject": "half \ud800"}, "subject: found half a surrogate pair; allowed: Unicode text"),
        ({"metadata": {1: "a"}}, "metadata: found a name that is int; allowed: names that are texts"),
    ],
)
def test_an_error_names_the_field_what_was_found_and_what_is_allowed(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidEmailError) as caught:
        CHECK.fields({"to": "john@example.com", "template_name": "welcome"} | fields, CHECK.main)
    assert str(caught.value) == message


def test_an_error_has_no_content_of_the_email() -> None:
    for request in REJECTED:
        with pytest.raises(InvalidEmailError) as caught:
            CHECK.fields(in_python_names(request), CHECK.main)
        assert "example.com" not in str(caught.value)


def test_a_datetime_is_written_with_its_offset() -> None:
    at = datetime.datetime(2026, 12, 1, 8, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    found = CHECK.fields({"to": "john@example.com", "template_name": "welcome", "send_at": at}, CHECK.main)
    assert found["sendAt"] == "2026-12-01T08:00:00+01:00"


def test_a_datetime_without_time_zone_is_rejected() -> None:
    with pytest.raises(InvalidEmailError, match="send_at: found a time without time zone"):
        CHECK.encode(datetime.datetime(2026, 12, 1, 8), PROPERTIES["sendAt"], "send_at")  # noqa: DTZ001


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), decimal.Decimal(1), datetime.date(2026, 12, 1), b"bytes", {1, 2}, object(), "\ud800"],
)
def test_template_data_that_json_cannot_write_is_rejected_by_its_place(value: object) -> None:
    with pytest.raises(InvalidEmailError, match=r"^template_data\.items\[1\]\.price: found "):
        json_value({"items": [{}, {"price": value}]}, "template_data")


def test_what_contains_itself_is_rejected() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InvalidEmailError, match="more than 200 levels"):
        json_value(endless, "template_data")
