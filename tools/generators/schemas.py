"""Write docs/schemas from the types with which the engine reads requests and writes status events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.cancel_request import CancelDetail
from sesmail_layer.domain.request.email_request import EmailRequest
from sesmail_layer.domain.ses.bounces import EFFECTS
from sesmail_layer.domain.status_event import StatusEvent

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "schemas"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NULL = {"type": "null"}

Schema = dict[str, Any]


def request_schema() -> Schema:
    """Return the schema of an `Email Request`. Every optional field may be null, which the engine reads as absent."""
    schema = _document(EmailRequest, "Email Request", "The detail of an event that a producer publishes.")
    _main(schema)["properties"] = {
        name: value if name in _main(schema)["required"] else _or_null(value)
        for name, value in _main(schema)["properties"].items()
    }
    return schema


def event_schema() -> Schema:
    """Return the schema of an `Email Status Changed`. A field that does not apply is absent, never null."""
    schema = _document(StatusEvent, "Email Status Changed", "The detail of an event that a subscriber receives.")
    properties = _main(schema)["properties"] = {
        name: _not_null(value) for name, value in _main(schema)["properties"].items()
    }
    # `sending` marks a claim and is never published.
    properties["status"]["enum"] = [status.value for status in Status if status is not Status.SENDING]
    properties["recipientType"]["enum"] = ["cc", "bcc"]
    properties["bounceClass"]["enum"] = sorted({found for effect in EFFECTS.values() if (found := effect.bounce_class)})
    for name in ("timestamp", "until"):
        properties[name]["format"] = "date-time"
    return schema


def cancel_schema() -> Schema:
    """Return the schema of an `Email Cancel Requested`: exactly one of its fields."""
    schema = _document(CancelDetail, "Email Cancel Requested", "The detail of an event by which a producer cancels.")
    main = _main(schema)
    main["properties"] = {name: _or_null(_not_null(value)) for name, value in main["properties"].items()}
    main["oneOf"] = [
        {"required": [name], "properties": {name: {"type": "string"}, other: _NULL}}
        for name, other in (("emailId", "tag"), ("tag", "emailId"))
    ]
    return schema


def files() -> dict[Path, str]:
    """Return the text of every schema file."""
    return {
        FOLDER / "email-request.schema.json": _text(request_schema()),
        FOLDER / "email-status-changed.schema.json": _text(event_schema()),
        FOLDER / "email-cancel-requested.schema.json": _text(cancel_schema()),
    }


def _document(kind: type[msgspec.Struct], title: str, description: str) -> Schema:
    return {"$schema": _DRAFT, "title": title, "description": description, **msgspec.json.schema(kind)}


def _main(schema: Schema) -> Schema:
    found: Schema = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    return found


def _or_null(value: Schema) -> Schema:
    if _NULL in value.get("anyOf", []):
        return value
    default = {"default": value["default"]} if "default" in value else {}
    return {"anyOf": [{name: item for name, item in value.items() if name != "default"}, _NULL], **default}


def _not_null(value: Mapping[str, Any]) -> Schema:
    choices = [choice for choice in value.get("anyOf", []) if choice != _NULL]
    return dict(choices[0]) if len(choices) == 1 else dict(value)


def _text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=True) + "\n"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
