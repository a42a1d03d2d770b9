"""Errors of templates that cannot be rendered: their codes, and messages that never quote the data."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.bounds import MAX_OUTPUT
from sesmail_layer.domain.template.templates import TemplateError, compile_template, missing_file_error

META = b'{"subject": "s", "optionalVariables": ["maybe"]}'


def rendered(source: str, metadata: bytes = META, **data: Any) -> str:
    return compile_template("t", source.encode(), b"text", metadata).render(data, None).html


def failure(source: str, metadata: bytes = META, **data: Any) -> tuple[str, str]:
    with pytest.raises(PermanentError) as caught:
        rendered(source, metadata, **data)
    return caught.value.code, caught.value.message.removeprefix("Failed to render template 't': ")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("{{ 1 // 0 }}", ("TMPL010", "ZeroDivisionError")),
        ("{{ secret + 1 }}", ("TMPL010", "TypeError")),
        ("{{ nothing }}", ("TMPL007", "Undefined variable: 'nothing' is undefined")),
        ("{{ maybe + 1 }}", ("TMPL007", "Undefined variable: 'maybe' is undefined")),
    ],
)
def test_an_error_has_its_code_and_type(source: str, error: tuple[str, str]) -> None:
    assert failure(source, secret="private") == error


def test_an_error_in_the_subject_has_the_name_of_the_template() -> None:
    assert failure("x", b'{"subject": "{{ nothing }}"}') == (
        "TMPL007",
        "Undefined variable: 'nothing' is undefined",
    )


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"html": "a\nb {{ nothing }}"}, ("html", 2)),
        ({"text": "a\n\n{{ nothing }}"}, ("text", 3)),
        ({"html": "{% macro m(a) %}\n{{ a.b.c }}\n{% endmacro %}\n{{ m('x') }}"}, ("html", 2)),
        ({"html": "a\n{{ 1 // 0 }}"}, ("html", 2)),
        ({"html": "a\n{% if %}"}, ("html", 2)),
        ({"html": "\n".join(["{% for a in [1] %}"] * 30 + ["{% endfor %}"] * 30)}, ("html", 0)),
        ({"text": b"\xff"}, ("text", 0)),
        ({"metadata": '{"subject": "{{ nothing }}"}'}, ("subject", 1)),
        ({"metadata": '{"subject": "s", "replyTo": "{{ nothing }}"}'}, ("reply_to", 1)),
        ({"metadata": '{"subject": "s", "senderEmail": "none"}'}, ("sender_email", 0)),
        ({"metadata": '{"subject": "s", "requiredVariables": ["a"]}'}, ("", 0)),
    ],
)
def test_an_error_knows_the_part_and_the_line_that_it_is_in(
    files: dict[str, str | bytes], place: tuple[str, int]
) -> None:
    given: dict[str, str | bytes] = {"html": "x", "text": "x", "metadata": META, **files}
    contents = {part: text if isinstance(text, bytes) else text.encode() for part, text in given.items()}
    with pytest.raises(TemplateError) as caught:
        compile_template("t", contents["html"], contents["text"], contents["metadata"]).render({}, None)
    assert (caught.value.part, caught.value.line) == place


def test_the_result_may_have_two_million_characters_and_no_more() -> None:
    half = "x" * (MAX_OUTPUT // 2)

    assert len(rendered("{{ half }}{{ half }}", half=half)) == MAX_OUTPUT
    assert failure("{{ half }}{{ half }}y", half=half) == (
        "TMPL010",
        "the result is over 2097152 characters",
    )


@pytest.mark.parametrize(
    ("file", "code"), [("template.html", "TMPL002"), ("template.txt", "TMPL003"), ("metadata.json", "TMPL004")]
)
def test_a_file_that_a_template_does_not_have_is_named(file: str, code: str) -> None:
    error = missing_file_error("welcome", file)

    assert (error.error_type, error.code) == ("template_not_found", code)
    assert error.message == f"Template 'welcome' missing {file}"
