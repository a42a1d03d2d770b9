"""Compiling and rendering templates: their parts, variables, locales and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.bounds import MAX_OUTPUT
from sesmail_layer.domain.template.files import MAX_FILE_BYTES
from sesmail_layer.domain.template.templates import Rendered, Template, TemplateError, compile_template


def template(
    html: str = "<p>{{ name }}</p>", text: str = "{{ name }}", *, locale: str | None = None, **metadata: Any
) -> Template:
    content = {"subject": "Hello {{ name }}", **metadata}
    return compile_template("welcome", html.encode(), text.encode(), json.dumps(content).encode(), locale)


def render(made: Template, subject: str | None = None, /, **data: Any) -> Rendered:
    return made.render({"name": "John", **data}, subject)


def failure(made: Template | None = None, subject: str | None = None, /, **data: Any) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        render(made or template(), subject, **data)
    return caught.value


def compile_error(html: bytes = b"h", text: bytes = b"t", metadata: bytes = b'{"subject": "s"}') -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        compile_template("welcome", html, text, metadata)
    assert caught.value.error_type == "template_render_error"
    return caught.value


def test_every_part_is_rendered_with_the_data() -> None:
    made = template(
        "<p>{{ name }}: {{ subject }}</p>",
        "{{ name }}: {{ subject }}",
        senderName="{{ company }} Team",
        senderEmail="{{ box }}@example.com",
        replyTo="{{ name|lower }}@Example.com",
    )
    assert render(made, company="Acme", box="shop") == Rendered(
        subject="Hello John",
        html="<p>John: Hello John</p>",
        text="John: Hello John",
        sender_name="Acme Team",
        sender_email="shop@example.com",
        reply_to="john@example.com",
    )


def test_defaults_replace_what_the_data_lack_or_have_as_null_and_nothing_else() -> None:
    made = template(text="{{ name }} {{ year }} {{ logo }}.", requiredVariables=["name", "year"])
    defaults = {"name": "Jane", "year": 2026, "logo": "default"}
    assert made.render({}, None, defaults).text == "Jane 2026 default."
    assert made.render({"name": None, "year": 0, "logo": ""}, None, defaults).text == "Jane 0 ."


def test_html_escapes_the_data_and_text_and_headers_do_not() -> None:
    rendered = render(template(senderName="{{ name }}"), name='<b>O\'Neil & "Co"</b>')
    assert rendered.html == "<p>&lt;b&gt;O&#39;Neil &amp; &#34;Co&#34;&lt;/b&gt;</p>"
    assert rendered.text == '<b>O\'Neil & "Co"</b>'
    assert rendered.subject == 'Hello <b>O\'Neil & "Co"</b>'
    assert rendered.sender_name == '<b>O\'Neil & "Co"</b>'


def test_the_subject_of_the_request_replaces_that_of_the_template() -> None:
    rendered = render(template("{{ subject }}", "{{ subject }}"), "From the <event>", subject="from the data")
    assert rendered.subject == "From the <event>"
    assert rendered.html == "From the &lt;event&gt;"
    assert rendered.text == "From the <event>"


def test_the_subject_of_the_request_is_not_rendered() -> None:
    assert render(template(), "{{ name }} {% broken").subject == "{{ name }} {% broken"


@pytest.mark.parametrize("subject", [None, "", "   ", "\u00a0"])
@pytest.mark.parametrize("metadata", [{"subject": None}, {"subject": ""}, {"subject": "{{ nothing }}"}])
def test_an_email_without_a_subject_is_an_error(subject: str | None, metadata: dict[str, Any]) -> None:
    error = failure(template(optionalVariables=["nothing"], **metadata), subject)
    assert (error.error_type, error.code) == ("validation_error", "VAL004")
    assert error.message == "Validation error: No subject provided in event or template"


@pytest.mark.parametrize(
    "made",
    ["a\nb", "a\r\nBcc: b", "  a  b ", "a\u2028b", "a\u0085b", "a\tb", "a\x00 b", "a\x1b b"],
)  # fmt: skip
def test_a_header_is_rendered_to_one_line(made: str) -> None:
    rendered = render(template(subject="{{ name }}", senderName="{{ name }}"), name=made)
    for line in (rendered.subject, rendered.sender_name):
        assert line.replace("Bcc: ", "") == "a b"


def test_zero_width_joiners_are_kept_in_a_header() -> None:
    family, persian = "👨‍👩‍👧", "می‌خواهم"
    assert render(template(subject="{{ name }}"), name=f"{family} {persian}").subject == f"{family} {persian}"


def test_a_line_that_is_too_long_for_a_header_is_an_error() -> None:
    assert render(template(subject="{{ name }}"), name="x" * 998).subject == "x" * 998
    error = failure(template(subject="{{ name }}"), name="x" * 999)
    assert (error.code, error.message) == (
        "TMPL011",
        "Failed to render template 'welcome': subject is 999 characters long, at most 998 are allowed",
    )


@pytest.mark.parametrize("part", ["senderEmail", "replyTo"])
def test_an_invalid_address_is_an_error_and_masked(part: str) -> None:
    error = failure(template(**{part: "{{ name }}"}), name="john.smith")
    assert error.code == "TMPL011"
    assert "is not an email address: 'j***'" in error.message
    assert "smith" not in error.message


@pytest.mark.parametrize("part", ["senderEmail", "senderName", "replyTo"])
def test_a_part_that_renders_empty_is_absent(part: str) -> None:
    rendered = render(template(**{part: " {{ nothing }} "}, optionalVariables=["nothing"]))
    assert (rendered.sender_email, rendered.sender_name, rendered.reply_to) == ("", "", "")


def test_all_missing_required_variables_are_named() -> None:
    made = template(requiredVariables=["name", "link", "company"])
    error = failure(made, name=None)
    assert (error.error_type, error.code) == ("template_render_error", "TMPL006")
    assert error.message == (
        "Failed to render template 'welcome': Missing required variables: ['name', 'link', 'company']"
    )


@pytest.mark.parametrize("value", ["", 0, False, [], {}])
def test_a_required_variable_may_be_empty(value: object) -> None:
    render(template(requiredVariables=["link"]), link=value)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("{{ y }}", "Undefined variable: 'y' is undefined"),
        ("{% if y %}a{% endif %}", "Undefined variable: 'y' is undefined"),
        ("{% for x in y %}a{% endfor %}", "Undefined variable: 'y' is undefined"),
        ("{{ y.z }}", "Undefined variable: 'y' is undefined"),
        ("{{ y + 1 }}", "Undefined variable: 'y' is undefined"),
        ("{{ y ~ 'a' }}", "Undefined variable: 'y' is undefined"),
        ("{{ y|upper }}", "Undefined variable: 'y' is undefined"),
        ("{{ [y]|join }}", "Undefined variable: 'y' is undefined"),
        ("{{ order.z }}", "Undefined variable: 'dict object' has no attribute 'z'"),
    ],
)
def test_an_undefined_variable_is_named(html: str, text: str) -> None:
    error = failure(template(html), order={"a": 1})
    assert (error.error_type, error.code) == ("template_render_error", "TMPL007")
    assert error.message == f"Failed to render template 'welcome': {text}"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("[{{ y }}]", "[]"),
        ("[{{ y.a.b }}]", "[]"),
        ("[{{ y ~ 'a' }}]", "[a]"),
        ("[{{ y|upper }}]", "[]"),
        ("[{{ y|default('d') }}]", "[d]"),
        ("[{{ y.a|default('d') }}]", "[d]"),
        ("[{% if y %}a{% else %}b{% endif %}]", "[b]"),
        ("[{% if y is defined %}a{% else %}b{% endif %}]", "[b]"),
        ("[{% for x in y %}a{% else %}b{% endfor %}]", "[b]"),
        ("[{{ 'a' if y and y.z else 'b' }}]", "[b]"),
    ],
)
@pytest.mark.parametrize("data", [{}, {"y": None}], ids=["absent", "null"])
def test_an_absent_optional_variable_is_false_and_empty_and_has_its_default(
    html: str, expected: str, data: dict[str, Any]
) -> None:
    assert render(template(html, optionalVariables=["y"]), **data).html == expected


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("{{ name", "unexpected end of template"),
        ("{% if name %}", "Unexpected end of template"),
        ("{{ name|nope }}", "No filter named 'nope'"),
        ("{% nope %}", "Encountered unknown tag 'nope'"),
        ("a\nb\n{% for %}", "(line 3)"),
        ("{{ " + "[" * 300 + "]" * 300 + " }}", "nested too deeply"),
        ("{% for a in b %}" * 21 + "{% endfor %}" * 21, "too many statically nested blocks"),
        ("{{ " + "9" * 5000 + " }}", "Exceeds the limit"),
        ("{% macro m(a, a) %}{% endmacro %}", "duplicate argument"),
        ("{{ f(a=1, a=2) }}", "keyword argument repeated"),
        ("{{ '\\ud83' }}", "truncated"),
    ],
)
@pytest.mark.parametrize("file", ["html", "text", "subject"])
def test_a_syntax_error_has_its_reason_and_line(html: str, text: str, file: str) -> None:
    if file == "subject":
        error = compile_error(metadata=json.dumps({"subject": html}).encode())
    else:
        error = compile_error(**{file: html.encode()})
    assert error.code == "TMPL009"
    assert error.message.startswith("Failed to render template 'welcome': Syntax error: ")
    assert text in error.message


def test_a_file_that_is_not_utf_8_is_a_syntax_error() -> None:
    for file in ("html", "text"):
        error = compile_error(**{file: b"Gr\xfc\xdfe"})
        assert (error.error_type, error.code) == ("template_render_error", "TMPL009")
        assert error.message == "Failed to render template 'welcome': Syntax error: a file is not UTF-8"
    assert (
        compile_template("t", b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe", b"t", b'{"subject": "s"}').render({}, None).html
        == "Grüße"
    )


@pytest.mark.parametrize(
    "metadata",
    [
        b"", b"{", b"[]", b"null", b"\xff", b'{"subject": 5}', b'{"requiredVariables": "name"}', b'{"version": "new"}',
        b'{"sensitive": "yes"}', b"[" * 100_000, b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    ],
    ids=lambda metadata: metadata[:24].decode(errors="replace"),
)  # fmt: skip
def test_unreadable_metadata_is_an_error(metadata: bytes) -> None:
    error = compile_error(metadata=metadata)
    assert error.code == "TMPL005"
    assert error.message.startswith("Template 'welcome' has invalid metadata.json: ")


def test_unknown_fields_of_the_metadata_are_ignored() -> None:
    assert template(author="me", description="d", version="1.2.3", sensitive=True).metadata.sensitive is True


@pytest.mark.parametrize("file", ["html", "text", "metadata"])
def test_a_file_over_256_kilobytes_is_an_error(file: str) -> None:
    error = compile_error(**{file: b" " * (MAX_FILE_BYTES + 1)})
    assert error.code == "TMPL008"
    assert error.message == "Template 'welcome' file too large: 262145 bytes (max 262144 bytes)"
    assert len(compile_template("t", b"x" * MAX_FILE_BYTES, b"t", b'{"subject": "s"}').render({}, None).html) == 262144


@pytest.mark.parametrize(
    "html",
    [
        "{{ 1 / 0 }}",
        "{{ name + 1 }}",
        "{{ name.nope() }}",
        "{{ name[0][5] }}",
        "{{ name|int + name }}",
        "{{ '%d' % name }}",
        "{{ '{1}'.format(name) }}",
        "{{ '{'.format(name) }}",
        "{{ name|round }}",
        "{{ 5|first }}",
        "{% for a, b in name %}{% endfor %}",
        "{% include name %}",
        "{% extends 'base' %}",
        "{{ '\\ud83d' }}",
        "{{ 'x'.__class__ }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ],
)
def test_an_error_of_a_template_never_quotes_the_data(html: str) -> None:
    error = failure(template(html), name="private")
    assert error.error_type == "template_render_error"
    assert error.code in ("TMPL007", "TMPL010")
    assert "private" not in error.message


def test_a_result_over_the_limit_is_an_error() -> None:
    error = failure(template("{% for piece in range(30) %}{{ name * 100000 }}{% endfor %}"), name="x")
    assert error.message == f"Failed to render template 'welcome': the result is over {MAX_OUTPUT} characters"
    assert error.code == "TMPL010"


@given(
    st.dictionaries(
        st.sampled_from(
            ["name", "items", "order", "self", "loop", "range", "subject", "caller", "context", "environment"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_any_data_render_or_fail_with_an_error(data: dict[str, Any]) -> None:
    made = template(
        "{{ name|default('') }}{% for x in items|default([]) %}{{ loop.index }}{{ x }}{% endfor %}{{ range(3)|list }}",
        "{{ order|default({})|tojson }}{{ name|upper }}",
        subject="Hello {{ name }} {{ order|string }}",
        senderName="{{ name }}",
        optionalVariables=["name", "items", "order"],
    )
    try:
        rendered = made.render(data, None)
    except PermanentError:
        return
    for line in (rendered.subject, rendered.sender_name):
        assert len(line.splitlines()) <= 1
        assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in line)
    assert (rendered.html + rendered.text).encode()


def test_the_subject_of_the_nearest_locale_is_used() -> None:
    subjects = {"subject": "Hello", "subject.fr": "Bonjour", "subject.fr-CA": "Allo"}
    for locale, subject in (
        ("fr-CA", "Allo"),
        ("fr-BE", "Bonjour"),
        ("fr", "Bonjour"),
        ("de", "Hello"),
        (None, "Hello"),
    ):
        assert render(template(locale=locale, **subjects)).subject == subject


def test_the_last_line_break_of_a_file_is_not_part_of_it() -> None:
    made = render(template(html="<p>a</p>\n", text="a\n\n"))
    assert (made.html, made.text) == ("<p>a</p>", "a\n")


def test_metadata_that_are_no_object_are_unreadable_in_every_locale() -> None:
    for locale in (None, "fr"):
        with pytest.raises(TemplateError) as caught:
            compile_template("t", b"h", b"t", b'"subject.fr"', locale)
        assert caught.value.code == "TMPL005"
