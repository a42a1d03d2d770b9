"""The generated part of the Python client is that of the published schemas."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args, get_type_hints

import pytest

import sesmail_client
from sesmail_client.names import snake_case
from sesmail_client.request_types import EmailRequest
from sesmail_client.status_types import CLASSES, Status, StatusEvent
from tests.docs.schema_strategies import REQUEST
from tools.generators import python_client


def test_the_files_are_up_to_date() -> None:
    assert {path: path.read_text() for path in python_client.files()} == python_client.files()


def test_a_changed_schema_changes_the_types() -> None:
    changed = {**REQUEST, "$defs": {**REQUEST["$defs"]}}
    request = changed["$defs"]["EmailRequest"]
    added = {**request["properties"], "replyBy": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}}
    changed["$defs"]["EmailRequest"] = {**request, "properties": added}
    assert "    reply_by: bool | None\n" in python_client.request_types(changed) + "\n"


def test_there_is_a_type_for_each_field_and_a_class_for_each_status() -> None:
    assert set(get_type_hints(EmailRequest)) == {
        snake_case(name) for name in REQUEST["$defs"]["EmailRequest"]["properties"]
    }
    assert set(CLASSES) == set(get_args(Status))
    assert set(CLASSES.values()) == set(get_args(StatusEvent))


@pytest.mark.parametrize("kind", CLASSES.values())
def test_each_class_is_exported_and_has_its_status(kind: type[StatusEvent]) -> None:
    assert getattr(sesmail_client, kind.__name__) is kind
    [status] = [field.default for field in fields(kind) if field.name == "status"]
    assert CLASSES[str(status)] is kind


@pytest.mark.parametrize(
    ("name", "expected"),
    [("to", "to"), ("templateName", "template_name"), ("contentBase64", "content_base64"), ("s3Uri", "s3_uri")],
)
def test_names_are_those_of_python(name: str, expected: str) -> None:
    assert snake_case(name) == expected
