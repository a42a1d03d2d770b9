"""Each rule of the linter, on a template with one mistake."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.lint import linter
from sesmail_cli.templates.lint.css_rules import dropped_features, fallbacks
from sesmail_cli.templates.lint.findings import RULES, Finding
from sesmail_cli.templates.lint.linter import lint
from tests.templates.conftest import ROOT

HEAD = '<html lang="en"><head><title>{{ subject }}</title><meta name="viewport" content="width=device-width"></head>'
METADATA = {"subject": "Hello {{ name }}", "requiredVariables": ["name"], "optionalVariables": [], "version": "1.0.0"}


def template(
    body: str = "", text: str = "Hello {{ name }}", metadata: dict[str, Any] | str | None = None, **files: str
) -> TemplateFiles:
    contents = {
        "template.html": f"{HEAD}\n<body><p>{{{{ name }}}}</p>\n{body}\n</body></html>",
        "template.txt": text,
        "metadata.json": metadata if isinstance(metadata, str) else json.dumps(METADATA | (metadata or {}), indent=1),
    }
    contents |= {name.replace("_", "."): content for name, content in files.items()}
    return TemplateFiles("hello", "hello", {name: content.encode() for name, content in contents.items()})


def rules(findings: list[Finding]) -> list[tuple[str, str, int]]:
    return [(finding.rule, finding.file, finding.line) for finding in findings]


def test_a_good_template_has_no_findings() -> None:
    assert lint(template()) == []


@pytest.mark.parametrize("name", ["..", "a b", "order.shipped", "_x", "a" * 129, "a\n"])
def test_a_name_that_no_request_may_have_is_an_error(name: str) -> None:
    assert rules(lint(msgspec.structs.replace(template(), name=name))) == [("bad-name", "metadata.json", 0)]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("{{ nam }}", "undeclared-variable"),
        ("{% if nam %}x{% endif %}", "undeclared-variable"),
        ("{% for item in nam %}{{ item.x }}{% endfor %}", "undeclared-variable"),
        ("{% for item in [1] %}{% endfor %}{{ item }}", "undeclared-variable"),
        ("{{ name | upper | default(nam) }}", "undeclared-variable"),
        ("{{ name }", "TMPL009"),
        ("{% if name %}", "TMPL009"),
        ("{{ name | nosuchfilter }}", "TMPL009"),
        ("{% if name is nosuchtest %}{% endif %}", "unknown-test"),
        ("{% if name | nosuchfilter %}{% endif %}", "unknown-filter"),
        ("{% include 'x' %}", "other-file"),
        ("{% from 'x' import y %}", "other-file"),
        ("{{ name | safe }}", "unsafe-markup"),
        ("{{ ('<b>' ~ name) | safe }}", "unsafe-markup"),
        ("{% autoescape false %}{{ name }}{% endautoescape %}", "unsafe-markup"),
        ('<a href="javascript:alert(1)">x</a>', "unsafe-link"),
        ('<a href=" JavaScript:{{ name }}">x</a>', "unsafe-link"),
        ('<img src="data:image/png;base64,x" alt="" width="1">', "unsafe-link"),
        ("<a href={{ name }}>x</a>", "unquoted-attribute"),
        ("<a href=https://x.example/{{ name }}>x</a>", "unquoted-attribute"),
        ("<script>1</script>", "active-content"),
        ("<form></form>", "active-content"),
        ('<p onclick="x()">x</p>', "active-content"),
        ('<link rel="stylesheet" href="https://x.example/x.css">', "active-content"),
        ('<img src="https://x.example/x.png" width="10">', "missing-alt"),
        ('<img src="https://x.example/x.png" alt="">', "image-size"),
        ('<img src="http://x.example/x.png" alt="" width="10">', "insecure-image"),
        ('<a href="#">x</a>', "empty-link"),
        ('<table role="presentation" width="900"><tr><td>x</td></tr></table>', "width"),
        ('<p style="width: 641px">x</p>', "width"),
        ("<table><tr><td>x</td></tr></table>", "layout-table-role"),
        ('<p style="display: flex">x</p>', "dropped-css"),
        ('<p style="position:absolute">x</p>', "dropped-css"),
        ("<video></video>", "dropped-css"),
        ("<style>a:hover { color: red }</style>", "dropped-css"),
        ("<style>@media (min-width: 1px) { p { box-shadow: 0 0 1px } }</style>", "dropped-css"),
        ('<p style="width: clamp(1px, 2px, 3px)">x</p>', "dropped-css"),
    ],
)
def test_one_mistake_in_the_html_is_one_finding_on_its_line(body: str, rule: str) -> None:
    (finding,) = [found for found in lint(template(body)) if found.rule == rule]
    assert finding.file == "template.html"
    # Jinja2 reports a block that is never closed where the file ends.
    assert finding.line in ((3, 4) if body == "{% if name %}" else (3,))


@pytest.mark.parametrize(
    "body",
    [
        "{% for item in [1, 2] %}{{ loop.index }}{{ item }}{% endfor %}",
        "{% set x = name %}{{ x }}",
        "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(name) }}",
        "{{ subject }}{{ range(3) | list }}",
        "{{ '<b>' | safe }}",
        '<a href="https://x.example/?u={{ name }}&amp;v={{ name }}">x</a>',
        '<a href="mailto:{{ name }}">x</a>',
        '<a href="{{ name }}">x</a>',
        '<td width="100%">x</td>',
        '<p style="max-width: 900px">x</p>',
        "<table><tr><th>x</th></tr></table>",
        '<table role="presentation"><tr><td>x</td></tr></table>',
        '<p style="border-radius: 4px">x</p>',
        "{# <script> {{ nothing }} #}",
        "<!-- <script> -->",
    ],
)
def test_correct_html_has_no_findings(body: str) -> None:
    assert lint(template(body)) == []


def test_a_finding_points_at_the_word() -> None:
    (finding,) = lint(template("<p>Dear {{ name }} {{ surname }}</p>"))
    assert finding.source == "<p>Dear {{ name }} {{ surname }}</p>"
    assert finding.source[finding.column - 1 :].startswith("surname")


def test_line_numbers_are_right_after_blocks_and_comments() -> None:
    body = "{# one\ntwo #}\n{% if name -%}\n\n  x\n{%- endif %}\n{{ name\n}}\n<script></script>"
    (finding,) = lint(template(body))
    assert (finding.rule, finding.line) == ("active-content", 11)


@pytest.mark.parametrize(
    ("metadata", "rule", "line"),
    [
        ({"optionalVariables": ["never"]}, "unused-variable", 7),
        ({"subject": "{{ nam }}"}, "undeclared-variable", 2),
        ({"senderName": "{{ nam"}, "TMPL009", 8),
        ({"subject.fr": "{{ nom }}"}, "undeclared-variable", 8),
        ({"version": "1.0"}, "bad-version", 7),
        ({"version": 1}, "TMPL005", 7),
        ({"optionalVaribles": []}, "unknown-metadata", 8),
        ({"optionalVariables": ["name"]}, "declared-twice", 4),
        ({"requiredVariables": "name"}, "TMPL005", 3),
        ({"requiredVariables": ["name", "first name"]}, "bad-variable-name", 5),
        ({"subject": ""}, "no-subject", 0),
        ('{"subject": "x"\n"version": ""}', "TMPL005", 2),
        ("[]", "TMPL005", 0),
    ],
)
def test_metadata_is_checked(metadata: dict[str, Any] | str, rule: str, line: int) -> None:
    found = rules(lint(template(metadata=metadata)))
    assert (rule, "metadata.json", line) in found


def test_a_missing_version_is_a_warning() -> None:
    metadata = json.dumps({name: value for name, value in METADATA.items() if name != "version"})
    assert rules(lint(template(metadata=metadata))) == [("no-version", "metadata.json", 0)]


def test_a_variable_that_only_the_text_part_uses_is_used() -> None:
    assert lint(template(text="{{ name }} {{ other }}", metadata={"optionalVariables": ["other"]})) == []


@pytest.mark.parametrize(
    ("file", "code"), [("template.html", "TMPL002"), ("template.txt", "TMPL003"), ("metadata.json", "TMPL004")]
)
def test_a_missing_file_is_an_error(file: str, code: str) -> None:
    whole = template()
    part = TemplateFiles("hello", "hello", {name: content for name, content in whole.files.items() if name != file})
    assert (code, file, 0) in rules(lint(part))


def test_a_file_that_is_too_large_for_the_sender_is_an_error() -> None:
    assert ("TMPL008", "template.txt", 0) in rules(lint(template(text="{{ name }}" + "x" * 262_144)))


def test_markup_in_the_text_part_and_an_empty_text_part_are_found() -> None:
    assert rules(lint(template(text="Hello <b>{{ name }}</b>"))) == [("markup-in-text", "template.txt", 1)]
    assert ("empty-text", "template.txt", 0) in rules(lint(template(text=" \n")))
    assert lint(template(text="1 < 2 {{ name }} <https://x.example>")) == []


def test_bulk_mail_needs_an_unsubscribe_link_in_both_parts() -> None:
    found = rules(lint(template(body='<a href="{{ name }}">Unsubscribe</a>'), bulk=True))
    assert ("no-unsubscribe", "template.txt", 0) in found
    assert ("no-unsubscribe", "template.html", 0) not in found


def test_samples_are_rendered_as_by_the_sender() -> None:
    assert lint(template(sample_json='{"name": "Ada"}')) == []
    assert rules(lint(template(sample_json="{}"))) == [("TMPL006", "sample.json", 0)]
    assert rules(lint(template(sample_json='{"name": \n}'))) == [("bad-sample", "sample.json", 2)]
    [found] = lint(template("{{ name.x.y }}", sample_json='{"name": "Ada"}'))
    assert (found.rule, found.file, found.line, found.source) == ("TMPL007", "template.html", 3, "{{ name.x.y }}")
    assert found.message == (
        "Failed to render template 'hello': Undefined variable: 'str object' has no attribute 'x', with the data of "
        "sample.json"
    )
    assert rules(lint(template(metadata={"subject": "Hello"}, sample_json=json.dumps({"name": "x" * 110_000})))) == [
        ("clipped", "sample.json", 0)
    ]


@pytest.mark.parametrize(
    ("found", "files"),
    [
        (("TMPL007", "template.txt", 2), {"text": "Hello {{ name }}\n{{ name.x.y }}"}),
        (("TMPL010", "template.html", 3), {"body": "{{ 1 // 0 }}"}),
        (("TMPL007", "metadata.json", 2), {"metadata": {"subject": "{{ name.x.y }}"}}),
        (("TMPL011", "metadata.json", 8), {"metadata": {"replyTo": "{{ name }}"}}),
        (("VAL004", "metadata.json", 2), {"metadata": {"subject": "{{ name if false }}"}}),
    ],
)
def test_a_sample_that_cannot_be_rendered_names_the_file_and_the_line(
    found: tuple[str, str, int], files: dict[str, Any]
) -> None:
    broken = template(**files, sample_json='{"name": "Ada"}')
    assert rules(lint(broken)) == [found]


SOURCES = {
    "template.html": '[% extends "_shared/layout.html" %]\n<p class="text">{{ intro }}</p>\n[[ m.a("story.text") ]]',
    "../_shared/layout.html": (
        "<html>\n<p class='text'>{{ companyName.x }}</p>\n"
        "{{ subtitle.texts }}<b>{{ subtitle.text }}</b>\nEUR{{ 2 // 0 }}"
    ),
    "../_shared/layout.txt": "{{ story.text }}",
}


@pytest.mark.parametrize(
    ("compiled", "place"),
    [
        ('<p class="text" style="color: #111">{{ story.text }}</p>', ("template.html", 3, 9)),
        ("<p class='text'>{{ companyName.x }}</p>", ("../_shared/layout.html", 2, 20)),
        ("<p class='text' style='margin: 0'>{{ companyName.x }}</p>", ("../_shared/layout.html", 2, 20)),
        ("{{ 1 // 0 }}", ("template.html", 0, 0)),
        ("<b>{{ 2 // 0 }}</b>", ("../_shared/layout.html", 4, 4)),
        ("<p>{{ subtitle.text }}</p>", ("../_shared/layout.html", 3, 27)),
    ],
)
def test_a_failure_is_placed_in_the_sources_where_it_can_be_found_there(
    compiled: str, place: tuple[str, int, int]
) -> None:
    data = json.dumps({"name": "Ada", "companyName": "X", "story": {"title": "A"}, "subtitle": "B"})
    metadata = {"optionalVariables": ["companyName", "story", "subtitle"]}
    broken = template(compiled, text="{{ name }}", metadata=metadata, sample_json=data, sample_minimal_json=data)
    [found] = [
        finding for finding in lint(msgspec.structs.replace(broken, sources=SOURCES)) if finding.rule.startswith("TMPL")
    ]
    assert (found.file, found.line, found.column) == place
    assert compiled in found.source or place[1], "what only the compiler wrote is shown"


def test_a_name_is_placed_where_it_is_used_and_not_where_a_class_is_called_so() -> None:
    sources = {"template.html": '<p class="text">{{ name }}</p>\n[[ m.paragraph("text") ]]'}
    broken = template('<p style="margin: 0">{{ text }}</p>', text="{{ name }}")
    [found] = lint(msgspec.structs.replace(broken, sources=sources))
    assert (found.rule, found.line, found.source) == ("undeclared-variable", 2, '[[ m.paragraph("text") ]]')


def test_a_failure_of_a_line_of_the_metadata_is_at_its_key() -> None:
    metadata = {"optionalVariables": ["senderName"], "senderName": "{{ name.x.y }}"}
    found = lint(template(metadata=metadata, sample_json='{"name": "Ada"}'))
    assert [each.source for each in found if each.rule == "TMPL007"] == [' "senderName": "{{ name.x.y }}"']


def test_an_error_in_a_body_of_all_languages_is_one_finding() -> None:
    broken = template(
        text="{{ name }}{{ name.x.y }}",
        template_fr_html=f"{HEAD.replace('en', 'fr')}<body>{{{{ name }}}}</body></html>",
        template_de_html=f"{HEAD.replace('en', 'de')}<body>{{{{ name }}}}</body></html>",
        metadata={"subject.fr": "{{ name }}", "subject.de": "{{ name }}"},
        sample_json='{"name": "Ada"}',
    )
    assert [found for found in rules(lint(broken)) if found[0] == "TMPL007"] == [("TMPL007", "template.txt", 1)]


def test_every_fallback_is_for_a_known_feature() -> None:
    titles = {entry["title"] for entry in dropped_features().values()}
    assert {"@media", "border-radius", "overflow-wrap"} <= titles & fallbacks().keys()
    assert all(len(reason) > 20 for reason in fallbacks().values())


def test_the_list_of_rules_is_that_of_the_linters_code_and_of_the_docs() -> None:
    code = "".join(path.read_text() for path in Path(linter.__file__).parent.glob("*.py"))
    assert set(re.findall(r'(?:(?:error|warning)\(\s*|BAD_NAME = )"([a-z-]+)"', code)) == RULES
    assert set(re.findall(r"`([a-z-]+)`", (ROOT / "docs/templates.md").read_text())) >= RULES
