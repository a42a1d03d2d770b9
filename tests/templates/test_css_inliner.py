"""Styles of a template's `<style>` elements in its elements' attributes, with Jinja2 left as it is written."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest

from sesmail_cli.templates.compiler import compile_template
from sesmail_cli.templates.css_inliner import InlineError, inline_styles
from sesmail_cli.templates.files import load_templates
from sesmail_layer.domain.template.templates import compile_template as compile_for_sender


def body(style: str, markup: str) -> str:
    """Return what becomes of a body with this style sheet."""
    source = f"<html><head><style>{style}</style></head><body>{markup}</body></html>"
    return inline_styles(source).partition("<body>")[2].removesuffix("</body></html>")


@pytest.mark.parametrize(
    ("style", "markup", "inlined"),
    [
        ("p { color: red }", "<p>x</p>", '<p style="color:red">x</p>'),
        (".a { color: red }", '<p class="a b">x</p>', '<p style="color:red" class="a b">x</p>'),
        ("p { color: red }", '<p style="margin: 1px">x</p>', '<p style="color:red;margin: 1px">x</p>'),
        ("p { color: red }", "<p style='margin: 1px'>x</p>", "<p style='color:red;margin: 1px'>x</p>"),
        ('p { font-family: "A b" }', "<p>x</p>", "<p style=\"font-family:'A b'\">x</p>"),
        ('p { font-family: "A b" }', "<p style='margin:0'>x</p>", "<p style='font-family:\"A b\";margin:0'>x</p>"),
        ("#a { color: red } p { color: blue }", '<p id="a">x</p>', '<p style="color:red" id="a">x</p>'),
        ("td.b { top: 0 }", "<table><tr><td class=b>x</table>", '<table><tr><td style="top:0" class=b>x</table>'),
        ("img { border: 0 }", '<img src="x" />', '<img style="border:0" src="x" />'),
        # The Jinja2 around and in the tags stays.
        ("tr { color: red }", "<table>{% for a in b %}<tr></tr>{% endfor %}</table>",
         '<table>{% for a in b %}<tr style="color:red"></tr>{% endfor %}</table>'),
        ("p { top: 0 }", '<p title="{{ a > b }}">{{ c }}</p>', '<p style="top:0" title="{{ a > b }}">{{ c }}</p>'),
        ("p { color: red }", '<p style="width: {{ w }}px">x</p>', '<p style="color:red;width: {{ w }}px">x</p>'),
        ("p { color: {{ brandColor }} }", "<p>x</p>", '<p style="color:{{ brandColor }}">x</p>'),
        ("p { width: {{ w }}px; color: {{ c | default('#fff') }} }", "<p>x</p>",
         "<p style=\"width:{{ w }}px;color:{{ c | default('#fff') }}\">x</p>"),
        # What a client does not read as HTML, and what is written for Outlook.
        ("p { top: 0 }", "<!-- <p> -->", "<!-- <p> -->"),
        ("p { top: 0 }", "<!--[if mso]><p>x</p><![endif]-->", "<!--[if mso]><p>x</p><![endif]-->"),
        ("p { color: red }", "<p>a&nbsp;&#847;&zwnj;</p>", '<p style="color:red">a&nbsp;&#847;&zwnj;</p>'),
    ],
)  # fmt: skip
def test_a_rule_becomes_a_style_and_the_rest_stays(style: str, markup: str, inlined: str) -> None:
    assert body(style, markup) == inlined


def test_a_class_on_a_condition_is_not_inlined_and_its_rules_stay() -> None:
    markup = '<p class="a {% if x %}b{% endif %}">x</p><p {% if y %}class="b"{% endif %}>y</p>'
    source = f"<html><style>.a {{ color: red }} .b {{ margin: 0 }}</style><body>{markup}</body></html>"
    inlined = inline_styles(source)
    assert '<p style="color:red" class="a {% if x %}b{% endif %}">' in inlined
    assert '<p {% if y %}class="b"{% endif %}>' in inlined
    assert ".b { margin: 0 }" in inlined


def test_a_style_on_a_condition_is_an_error_with_its_line() -> None:
    markup = '<p {% if x %}style="margin:0"{% endif %}>x</p>'
    with pytest.raises(InlineError, match="line 2: <p> has a style on a condition"):
        inline_styles(f"<style>p {{ color: red }}</style>\n{markup}")


def test_rules_that_no_attribute_can_have_stay_in_the_style_element() -> None:
    css = "p { color: red }\na:hover { color: blue }\n@media (max-width: 9px) { .x { margin: 0 } }"
    inlined = inline_styles(f"<html><head><style>{css}</style></head><body><p>x</p></body></html>")
    assert "p { color: red }" not in inlined
    assert "a:hover { color: blue }" in inlined
    assert "@media (max-width: 9px) { .x { margin: 0 } }" in inlined


@pytest.mark.parametrize("css", ["p { color: red }", "/* all of it */ p { color: red }\n"])
def test_a_style_element_with_nothing_left_is_removed(css: str) -> None:
    assert inline_styles(f"<html><style>{css}</style><p>x</p></html>") == '<html><p style="color:red">x</p></html>'


@pytest.mark.parametrize(
    "source",
    [
        '<style data-css-inline="ignore">p { color: red }</style><p>x</p>',
        "<style>:root { color-scheme: light dark } @media print { p { margin: 0 } }</style><body><p>x</p></body>",
        '<link rel="stylesheet" href="{{ x }}"><p>x</p>',
        "<p>no style</p>",
    ],
)
def test_what_has_nothing_to_inline_stays_byte_for_byte(source: str) -> None:
    assert inline_styles(source) == source


def test_no_file_is_read_for_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret.css").write_text("p { color: red }")
    link = f'<link rel="stylesheet" href="{tmp_path}/secret.css"><link rel="stylesheet" href="file://{tmp_path}/secret.css">'
    source = f"<html>{link}<style>@media print {{ p {{ margin: 0 }} }}</style><p>x</p></html>"
    assert inline_styles(source) == source


@pytest.mark.parametrize("piece", ["{{", "{% if ", "{{ '", '{{ "', "{{ x }}", "<style>", "<table>", "p{"])
def test_a_hostile_source_takes_no_longer_than_its_length_asks(piece: str) -> None:
    source = "<style>p { color: red }</style>" + piece * (100_000 // len(piece))
    started = time.process_time()
    with suppress(InlineError):
        inline_styles(source)
    assert time.process_time() - started < 8


def test_inlining_again_changes_nothing() -> None:
    source = "<html><style>p { color: red } a:hover { margin: 0 }</style><p>{{ x }}</p></html>"
    once = inline_styles(source)
    assert inline_styles(once) == once


def test_a_template_with_a_shared_layout_is_inlined_and_rendered(tmp_path: Path) -> None:
    (tmp_path / "_shared").mkdir()
    (tmp_path / "news").mkdir()
    layout = (
        "<html><head><style>.h { color: {{ brandColor }}; font-size: [[ size ]]px }</style></head><body>"
        "[% block content %][% endblock %]</body></html>"
    )
    (tmp_path / "_shared/layout.html").write_text(layout)
    content = '[% block content %]<h1 class="h">{{ t }}</h1>[% endblock %]'
    page = f'[% set size = 24 %][% extends "_shared/layout.html" %]{content}'
    (tmp_path / "news/template.html").write_text(page)
    compiled = compile_template(tmp_path, "news")["template.html"]
    assert b'<h1 style="color:{{ brandColor }};font-size:24px" class="h">{{ t }}</h1>' in compiled
    data = {"brandColor": "#123456", "t": "<b>"}
    rendered = compile_for_sender("news", compiled, b"x", b'{"subject": "s"}').render(data, None)
    assert '<h1 style="color:#123456;font-size:24px" class="h">&lt;b&gt;</h1>' in rendered.html


def test_a_style_that_cannot_be_inlined_is_a_problem_of_the_template(tmp_path: Path) -> None:
    (tmp_path / "_shared").mkdir()
    (tmp_path / "news").mkdir()
    (tmp_path / "news/metadata.json").write_text('{"subject": "s"}')
    (tmp_path / "news/template.html").write_text(
        '<style>p { color: red }</style>\n<p {% if x %}style="margin:0"{% endif %}>x</p>'
    )
    [template] = load_templates(str(tmp_path))
    [problem] = template.problems
    assert "news/template.html: line 2: <p> has a style on a condition" in problem.message
