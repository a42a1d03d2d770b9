"""API Gateway's requests, payload version 2.0: paths, languages and both encodings of forms."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sesmail_layer.runtime.http_api import HttpRequest, answer, read_request

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=42"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
EVENT: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "POST /u/{token}",
    "rawPath": "/u/abc",
    "rawQueryString": "",
    "headers": {"content-type": FORM, "accept-language": "de-AT,de;q=0.9"},
    "requestContext": {"http": {"method": "POST", "path": "/u/abc", "sourceIp": "192.0.2.1"}, "stage": "$default"},
    "pathParameters": {"token": "abc"},
    "body": "List-Unsubscribe=One-Click",
    "isBase64Encoded": False,
}


def form(body: str, content_type: str = FORM, **more: Any) -> dict[str, str]:
    return dict(read_request({**EVENT, "headers": {"Content-Type": content_type}, "body": body, **more}).form)


def test_a_request_is_its_method_its_path_its_form_and_its_languages() -> None:
    assert read_request(EVENT) == HttpRequest(
        method="POST",
        parameters={"token": "abc"},
        languages="de-AT,de;q=0.9",
        form={"List-Unsubscribe": "One-Click"},
    )


def test_a_get_has_no_form() -> None:
    event = {"requestContext": {"http": {"method": "GET"}}, "headers": {}}
    assert read_request(event) == HttpRequest(method="GET", parameters={}, languages="", form={})


def test_a_body_in_base64_is_decoded() -> None:
    body = base64.b64encode(b"unsubscribe=weekly-digest").decode()
    assert form(body, isBase64Encoded=True) == {"unsubscribe": "weekly-digest"}
    assert form("%%%", isBase64Encoded=True) == {}


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/octet-stream", "TEXT/PLAIN; charset=utf-8"])
def test_mail_clients_may_name_no_content_type_or_another(content_type: str) -> None:
    assert form("List-Unsubscribe=One-Click", content_type) == {"List-Unsubscribe": "One-Click"}
    assert form("a=\ud83d", content_type) == {"a": "?"}


@pytest.mark.parametrize("end", ["\r\n", "\n", " ", "%0D%0A", "+"])
def test_a_line_break_at_the_end_of_the_body_is_no_part_of_its_value(end: str) -> None:
    assert form(f"List-Unsubscribe=One-Click{end}") == {"List-Unsubscribe": "One-Click"}
    body = '--42\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n\r\n--42--\r\n'
    assert form(body, MULTIPART) == {"a": "b"}


def test_mail_clients_may_send_multipart() -> None:
    body = '--42\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--42--\r\n'
    assert form(body, MULTIPART) == {"List-Unsubscribe": "One-Click"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("x" * 10_001, FORM),
        ("no parts", MULTIPART),
        ("", FORM),
        ("--42\r\n\r\n--42--", "multipart/form-data"),
    ],
)
def test_what_is_no_form_has_no_fields(body: str, content_type: str) -> None:
    assert form(body, content_type) == {}


def test_fields_that_are_no_unicode_are_read_all_the_same() -> None:
    assert form("unsubscribe=%ff") == {"unsubscribe": "\ufffd"}


def test_an_answer_is_html() -> None:
    assert answer(400, "<p>", {"x-robots-tag": "noindex"}) == {
        "statusCode": 400,
        "headers": {"content-type": "text/html; charset=utf-8", "x-robots-tag": "noindex"},
        "body": "<p>",
    }
