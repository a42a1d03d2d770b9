"""Read the engine's status events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sesmail_client.errors import InvalidStatusEventError
from sesmail_client.names import snake_case
from sesmail_client.schema_check import describe, json_type, load_schema
from sesmail_client.status_types import CLASSES, StatusEvent

DETAIL_TYPE = "Email Status Changed"

_document = load_schema("email-status-changed.schema.json")
_EVENT: Mapping[str, Any] = _document["$defs"][_document["$ref"].rpartition("/")[2]]
_REQUIRED_BY_STATUS: Mapping[str, list[str]] = {
    rule["if"]["properties"]["status"]["const"]: rule["then"]["required"] for rule in _EVENT["allOf"]
}


def parse_status(event: Mapping[str, Any] | str | bytes) -> StatusEvent:
    """Return the status event: one class for each status, distinguished by `status` or by `isinstance`.

    Takes what a Lambda function gets from EventBridge, its text as it is in an SQS message's body, or the bare detail.
    Fields that this version does not know are ignored. Raises InvalidStatusEventError.
    """
    detail = _detail(_parsed(event))
    status = detail.get("status")
    kind = CLASSES.get(status) if isinstance(status, str) else None
    if kind is None:
        found = status if isinstance(status, str) else describe(status)
        allowed = ", ".join(CLASSES)
        raise InvalidStatusEventError(
            f"status: found {found[:40]}; allowed: {allowed}. A newer engine may have more: update the client."
        )
    for name in [*_EVENT["required"], *_REQUIRED_BY_STATUS.get(status or "", [])]:
        if name not in detail:
            raise InvalidStatusEventError(f"{name}: found nothing; allowed: every event with this status has it")
    names = kind.__dataclass_fields__
    values: dict[str, Any] = {
        snake_case(name): _value(name, detail[name], rule)
        for name, rule in _EVENT["properties"].items()
        if name in detail and snake_case(name) in names
    }
    return kind(**values)


def _parsed(event: Mapping[str, Any] | str | bytes) -> Mapping[str, Any]:
    if isinstance(event, Mapping):
        return event
    try:
        parsed = json.loads(event)
    except ValueError as error:
        raise InvalidStatusEventError("The event is no JSON.") from error
    if not isinstance(parsed, Mapping):
        raise InvalidStatusEventError(f"event: found {describe(parsed)}; allowed: an object")
    return parsed


def _detail(event: Mapping[str, Any]) -> Mapping[str, Any]:
    if "detail" not in event:
        return event
    if (found := event.get("detail-type")) != DETAIL_TYPE:
        raise InvalidStatusEventError(f"detail-type: found {str(found)[:60]}; allowed: {DETAIL_TYPE}")
    detail = event["detail"]
    if not isinstance(detail, Mapping):
        raise InvalidStatusEventError(f"detail: found {describe(detail)}; allowed: an object")
    return detail


def _value(name: str, value: object, rule: Mapping[str, Any]) -> object:
    """Check the type alone: an engine may add values to what this version knows as all of them."""
    expected = rule["type"]
    if json_type(value) != expected:
        raise InvalidStatusEventError(f"{name}: found {describe(value)}; allowed: {expected}")
    if rule.get("format") != "date-time":
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise InvalidStatusEventError(f"{name}: found {describe(value)}; allowed: an RFC 3339 time") from None
