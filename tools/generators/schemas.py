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
from sesmail_layer.domain.request.foreign_names import ADVICE_BY_NAME
from sesmail_layer.domain.request.unsubscribe_request import UnsubscribeDetail
from sesmail_layer.domain.ses.bounces import EFFECTS
from sesmail_layer.domain.status_event import StatusEvent

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "schemas"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NULL = {"type": "null"}

_BOUNCE_FIELDS = ("bounceType", "bounceSubType", "bounceReason", "diagnosticCode", "bounceClass")
# The fields that only events of these statuses have.
FIELDS_OF_STATUSES: dict[Status, tuple[str, ...]] = {
    Status.DEFERRED: ("reason", "until"),
    Status.SENT: ("unknownFields",),
    Status.DELAYED: ("reason", "until", "diagnosticCode"),
    Status.FAILED: ("errorType", "errorMessage", "conflictsWith"),
    Status.SOFT_BOUNCED: _BOUNCE_FIELDS,
    Status.OPENED: ("machine",),
    Status.CLICKED: ("machine", "link"),
    Status.BOUNCED: _BOUNCE_FIELDS,
    Status.COMPLAINED: ("complaintFeedbackType",),
}
# Those of them that are never absent.
_REQUIRED_BY_STATUS: dict[Status, tuple[str, ...]] = {
    Status.DEFERRED: ("reason", "until"),
    Status.FAILED: ("errorType", "errorMessage"),
    Status.OPENED: ("machine",),
    Status.CLICKED: ("machine",),
}

Schema = dict[str, Any]


def request_schema() -> Schema:
    """Return the schema of an `Email Request`. Every optional field may be null, which the engine reads as absent."""
    schema = _document(EmailRequest, "Email Request", "The detail of an event that a producer publishes.")
    _main(schema)["properties"] = {
        name: value if name in _main(schema)["required"] else _or_null(value)
        for name, value in _main(schema)["properties"].items()
    }
    for name in ("sendAt", "expiresAt"):
        _main(schema)["properties"][name]["anyOf"][0]["format"] = "date-time"
    # One link unsubscribes `to`: the recipients of copies must not get it.
    none = {"anyOf": [{"type": "array", "maxItems": 0}, _NULL]}
    _main(schema)["if"] = {"required": ["listUnsubscribe"], "properties": {"listUnsubscribe": {"const": True}}}
    _main(schema)["then"] = {"properties": {"cc": none, "bcc": none}}
    # Rejected by the engine whatever `unknown_fields` says; names without case and punctuation.
    _main(schema)["x-use-instead"] = ADVICE_BY_NAME
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
    for status, fields in FIELDS_OF_STATUSES.items():
        for name in fields:
            properties[name].setdefault("x-statuses", []).append(status.value)
    _main(schema)["allOf"] = [_requires(status, fields) for status, fields in _REQUIRED_BY_STATUS.items()]
    return schema


def _requires(status: Status, fields: tuple[str, ...]) -> Schema:
    return {"if": {"properties": {"status": {"const": status.value}}}, "then": {"required": list(fields)}}


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


def unsubscribe_schema() -> Schema:
    """Return the schema of an `Email Unsubscribe Requested`: `emailId` alone, or `email` with or without `topic`."""
    schema = _document(
        UnsubscribeDetail,
        "Email Unsubscribe Requested",
        "The detail of an event by which a producer says that a recipient left on a page of its own.",
    )
    main = _main(schema)
    main["properties"] = {name: _or_null(_not_null(value)) for name, value in main["properties"].items()}
    main["oneOf"] = [
        {"required": ["emailId"], "properties": {"emailId": {"type": "string"}, "email": _NULL, "topic": _NULL}},
        {"required": ["email"], "properties": {"email": {"type": "string"}, "emailId": _NULL}},
    ]
    return schema


def files() -> dict[Path, str]:
    """Return the text of every schema file."""
    return {
        FOLDER / "email-request.schema.json": _text(request_schema()),
        FOLDER / "email-status-changed.schema.json": _text(event_schema()),
        FOLDER / "email-cancel-requested.schema.json": _text(cancel_schema()),
        FOLDER / "email-unsubscribe-requested.schema.json": _text(unsubscribe_schema()),
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
