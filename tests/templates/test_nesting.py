"""Tags that do not match, in a template of its own and in one with a layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from sesmail_cli.templates.create import create_from_scratch
from sesmail_cli.templates.files import load_template
from sesmail_cli.templates.lint.findings import Finding
from sesmail_cli.templates.lint.linter import lint
from tests.templates.test_linter import template


def unclosed(findings: list[Finding]) -> list[tuple[str, int]]:
    return [(finding.message.split(":")[0], finding.line) for finding in findings if finding.rule == "unclosed-tag"]


@pytest.mark.parametrize(
    "body",
    [
        "<p>a<br>b<ul><li>c</ul><img src='x' alt='' width='1'><hr />",
        "<div><span>a</span></div>",
        "{% if name %}<div class='a'>{% else %}<div class='b'>{% endif %}\n</div>",
        "{% if name %}<a href='https://a.example'>{% endif %}x{% if name %}</a>{% endif %}",
        "{% for x in [1] %}<b>{% if x %}</b>{% elif name %}</b>{% else %}</b>{% endif %}{% endfor %}",
        "<!--[if mso]><div><![endif]--><span title='</div>'>{{ '</b>' }}{# </i> #}</span>",
        "{% raw %}<div>{% else %}</div>{% endraw %}",
    ],
)
def test_html_that_is_closed_has_no_finding(body: str) -> None:
    assert unclosed(lint(template(body))) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<h1>{{ name }}\n<p>a</p>", [("<h1> is not closed", 3)]),
        ("<div>\n<span></div>\n</span>", [("<span> is not closed", 4)]),
        ("a</strong>", [("</strong> closes no tag", 3)]),
        (
            "{% if name %}\n<h2>a\n{% else %}\n<h2>b</h2>\n{% endif %}\n<b>",
            [("<h2> is not closed", 4), ("<b> is not closed", 8)],
        ),
        ("<a href='https://a.example'>a\n<a href='https://a.example'>b</a>", [("<a> is not closed", 3)]),
    ],
)
def test_a_tag_that_is_not_closed_is_a_warning_on_its_line(body: str, found: list[tuple[str, int]]) -> None:
    assert unclosed(lint(template(body))) == found


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """The folder of a template with a layout and a macro."""
    create_from_scratch(tmp_path / "news", layout=True)
    macros = "[% macro head(name) %]\n<h2>{{ [[ name ]] }}</h2>\n[% endmacro %]\n"
    (tmp_path / "_shared/macros.html").write_text(macros)
    body = tmp_path / "news/template.html"
    text = body.read_text().replace(
        "<h1>", '[[ m.head("title") ]]\n<img src="https://a.example" alt="" width="9">\n<h1>'
    )
    body.write_text('[% import "_shared/macros.html" as m %]\n' + text)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "rule", "where"),
    [
        ("template.html", "</h1>", "", "unclosed-tag", "<h1>{{ title }}"),
        ("template.html", '<img src="https://a.example" alt=""', '<img class="logo" src="x"', "missing-alt", "<img"),
        ("template.html", "<h1>{{ title }}", "<h1>{{ title }", "TMPL009", "<h1>{{ title }<"),
        ("template.html", "m.head(", "m.haed(", "TMPL009", "m.haed("),
        ("template.html", "_shared/layout", "_shared/layuot", "TMPL009", "[% extends"),
        ("template.txt", "{%- endif %}", "", "TMPL009", "{%- if ctaUrl %}"),
        ("../_shared/macros.html", "</h2>", "", "unclosed-tag", "<h2>{{ [[ name ]] }}"),
        ("../_shared/macros.html", "[[ name ]]", "[[ nam ]]", "TMPL009", "<h2>{{ [[ nam ]] }}"),
        ("../_shared/macros.html", "[% endmacro %]", "", "TMPL009", "</h2>"),
    ],
)
def test_a_mistake_in_sources_has_its_line_there(
    news: Path, file: str, old: str, new: str, rule: str, where: str
) -> None:
    assert lint(load_template(str(news), "news")) == []
    changed = news / "news" / file
    changed.write_text(changed.read_text().replace(old, new, 1))
    [finding] = lint(load_template(str(news), "news"))
    assert (finding.rule, finding.file) == (rule, file)
    assert where in changed.read_text().splitlines()[finding.line - 1]


def test_a_macro_that_the_imported_file_has_not_is_named(news: Path) -> None:
    (news / "_shared/macros.html").write_text("")
    [finding] = lint(load_template(str(news), "news"))
    assert finding.message == "The source does not compile: the imported file has no macro 'head'"


def test_a_key_that_an_entry_lacks_comes_with_what_to_write() -> None:
    found = lint(template("{% for x in name %}{% if x.url %}{% endif %}{% endfor %}", sample_json='{"name": [{}]}'))
    assert "has no attribute 'url', with the data of sample.json. Where data may lack it" in found[0].message
