"""Requests and answers of an API Gateway HTTP API, payload version 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

import msgspec

_MAX_BODY_BYTES = 10_000
_MULTIPART = "multipart/form-data"


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a page needs to know of a request."""

    method: str
    parameters: Mapping[str, str]
    """Of the path."""
    languages: str
    """The header Accept-Language."""
    form: Mapping[str, str]
    """The body's fields, without white space around their values."""


def read_request(event: Mapping[str, Any]) -> HttpRequest:
    """Read API Gateway's event. What is too large for a form has no fields."""
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    return HttpRequest(
        method=event["requestContext"]["http"]["method"],
        parameters=event.get("pathParameters") or {},
        languages=headers.get("accept-language", ""),
        form=_form(headers.get("content-type", ""), _body(event)),
    )


def answer(status: int, html: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return a page as API Gateway takes it."""
    return {"statusCode": status, "headers": {"content-type": "text/html; charset=utf-8", **headers}, "body": html}


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if len(body) > _MAX_BODY_BYTES:
        return b""
    if not event.get("isBase64Encoded"):
        return bytes(body.encode(errors="replace"))
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _form(content_type: str, body: bytes) -> dict[str, str]:
    """Mail clients may use both encodings: https://www.rfc-editor.org/rfc/rfc8058#section-3.1

    Some name no Content-Type or another one, or end the body with a line break: they unsubscribe all the same.
    """
    if content_type.partition(";")[0].strip().lower() != _MULTIPART:
        fields = parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=None)
        return {name: value.strip() for name, value in fields}
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): str(part.get_payload()).strip()
        for part in (message.get_payload() if message.is_multipart() else [])
        if not isinstance(part, str)
    }
