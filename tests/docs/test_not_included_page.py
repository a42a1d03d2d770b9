"""docs/not-included.md: the error and the way around it are the engine's."""

from __future__ import annotations

import json

import pytest

from sesmail_layer.domain.request.email_request import parse_request
from sesmail_layer.domain.request.refusals import Refusal
from sesmail_layer.domain.template.templates import compile_template
from tests.docs.pages import DOCS, blocks

BLOCKS = {block.language: block.code for block in blocks(DOCS / "not-included.md")}


def test_the_request_of_free_text_renders_as_the_page_says() -> None:
    request = json.loads(BLOCKS["json"])
    html = compile_template("notice", BLOCKS["jinja"].encode(), b"", b"{}").render(request["templateData"], "x").html
    assert html.split("\n")[0] == "<h1>Your order is late</h1>"
    assert html.count("<p>") == 2
    assert "the &lt;shipping&gt; costs" in html
    parse_request(request, now=0)


def test_the_error_of_inline_content_is_the_engines() -> None:
    request = json.loads(BLOCKS["json"])
    for field in ("html", "text", "body"):
        with pytest.raises(Refusal) as refused:
            parse_request({**request, field: "<p>Hello</p>"}, now=0)
        assert BLOCKS["text"].strip() == refused.value.message.replace(f"'{field}'", "'html'")
