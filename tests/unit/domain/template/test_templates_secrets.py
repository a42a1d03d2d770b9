"""No error of a template quotes the data: neither its values nor the names of its keys."""

from __future__ import annotations

import json

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.templates import compile_template
from sesmail_layer.runtime.time_limit import time_limit
from tests.unit.domain.template.fuzz_grammar import random_template

SECRET = "hunter2"
KEY = f"{SECRET} key"
DATA = {
    "words": SECRET,
    "emoji": f"😀 {SECRET}@example.com",
    "digits": f"{SECRET} 99",
    "articles": [{"name": SECRET, KEY: SECRET}, {SECRET: [SECRET]}],
    "rows": [[SECRET], {SECRET: 1}],
    "tree": {"a": {SECRET: {KEY: SECRET}}, "items": [SECRET], "c": [1, [SECRET]], SECRET: 1},
    "key": SECRET,
    "number": 7,
    "format": f"%({SECRET})s {{{SECRET}}} %z {SECRET}",
    "surrogate": f"{SECRET}\ud83d",
    SECRET: SECRET,
}
EXPRESSIONS = [
    # names that are looked up
    "tree[key]", "tree[words].x", "tree|attr(key)", "articles|map(attribute=key)|list|sum", "tree.a[key][key].x.y",
    "words[key]", "rows[0][key]", "rows[key]", "rows[words ~ 1]", "number[key]", "number[key].x", "key.nothing.x",
    "articles|sort(attribute=key)", "articles|groupby(key)|list", "articles|sum(key)", "articles|join(',', key)",
    "articles|selectattr(key)|list", "articles|max(attribute=key)|upper|abs", "tree.get(key)()", "tree.get(key).x",
    # names of filters, tests and methods
    "[1]|map(key)|list", "[1]|select(key)|list", "1 is filter(key)", "[1]|map(words)|join", "(tree.a).update(key)",
    # numbers, dates and formats
    "words|int + words", "words + 1", "1 + words", "words - 1", "words * words", "words / 2", "-words", "words ** 2",
    "words % 2", "format % 1", "format % tree", "'%d' % words", "'%c' % words", "'%x' % key", "words|round",
    "words|abs",
    "format.format(1)", "format.format_map(tree)", "'{:d}'.format(words)", "'{0[x]}'.format(key)",
    "'{0.x}'.format(key)",
    "'{x}'.format(**tree)", "'%d'|format(words)", "format|format(1)", "words|filesizeformat", "words|money('EUR')",
    "1|money(words)", "words|number", "1|number(words)", "words|date", "'2026-01-01'|date(words)", "words|time",
    "'2026-01-01T00:00:00Z'|time(zone=words)", "'2026-01-01T00:00:00Z'|date(zone=words)", "1|money('EUR', words)",
    "words|center(words)", "words|indent(words)", "words|truncate(words)", "words|wordwrap(words)",
    "words|batch(words)",
    "words|slice(words)", "range(words)", "words.center(words)", "words.zfill(words)", "words.split(1)",
    "words|urlize(words)",
    "words|tojson(words)", "words|int(0, words)", "words|random|int|round(words)", "words|replace(1)", "words|trim(1)",
    # comparisons, membership and calls
    "words < 1", "words < tree", "tree < rows", "[words, 1]|sort", "[tree, 1]|sort", "[1, words]|max",
    "[tree, rows]|min",
    "1 in words", "words in 1", "tree in words", "words()", "tree()", "key(words)", "nothing(words)", "tree.x(words)",
    "words.nothing(words)", "words.index(format)", "words.rindex(format)", "rows.index(words)", "rows.count()",
    "dict(words)", "dict([words])", "dict([[words]])", "cycler()", "joiner(words)()", "namespace(words)",
    "dict(**words)",
    "range(*words)", "words.join(rows)", "words|join(rows)", "words|dictsort", "tree|dictsort(by=words)", "words|items",
    "words|xmlattr", "{key: 1, words ~ ' =': 2}|xmlattr", "tree|xmlattr", "words|sum", "words|sum(start=words)",
    "{tree: 1}",
    "{rows: words}", "tree[tree]", "tree[rows]", "tree[words:]", "rows[words:]", "words|list|sum",
    "words|float(tree)|abs",
    "surrogate", "words ~ surrogate", "surrogate|urlencode", "surrogate|tojson", "surrogate|e", "words|attr(tree)",
    "words|default(nothing)|abs", "words is divisibleby(words)", "words is divisibleby(0)", "1 is divisibleby(words)",
    "words is lt(1)", "words is in(1)", "words is sameas", "words is odd", "words|first|abs", "words|last|round(words)",
    "words|unique(words)|list", "rows|unique(attribute=key)|list|abs", "words|select(words)|list", "words|pprint|abs",
]  # fmt: skip
STATEMENTS = [
    "{% for a, b in words %}{% endfor %}", "{% for a, b in rows %}{% endfor %}", "{% set a, b = rows[0] %}",
    "{% set a, b, c = words %}", "{% set a, b = number %}", "{% for a in number %}{% endfor %}",
    "{% for k, v in tree %}{% endfor %}",
    "{% include words %}", "{% extends words %}", "{% import words as x %}", "{% from words import x %}",
    "{% macro m(a) %}{% endmacro %}{{ m(1, words) }}", "{% macro m(a) %}{% endmacro %}{{ m(**tree) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}", "{% set n = namespace() %}{% set n.x = words %}{{ n[key] }}",
    "{% set words.x = 1 %}", "{% call words() %}{% endcall %}", "{% filter center(words) %}x{% endfilter %}",
    "{% for a in words recursive %}{{ loop(number) }}{% endfor %}", "{% for a in words %}{{ loop[key] }}{% endfor %}",
    "{% for a in words recursive %}{{ loop(a) }}{% endfor %}",
    "{% autoescape words %}{{ tree[key] }}{% endautoescape %}",
]  # fmt: skip
TEMPLATES = [*[f"{{{{ {one} }}}}" for one in EXPRESSIONS], *STATEMENTS]

# The time limit's alarm may go off in a garbage collection, where Python only reports it; it is repeated.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def message(html: str, subject: str = "s", **metadata: object) -> str:
    """Return what a rendering fails with; empty if it does not."""
    try:
        about = json.dumps({"subject": subject, **metadata}).encode()
        template = compile_template("t", html.encode(), b"t", about)
        with time_limit(0.05):
            template.render(DATA, None)
    except PermanentError as err:
        return err.message
    return ""


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_error_quotes_the_data(template: str) -> None:
    for found in (
        message(template),
        message("x", subject=template),
        message("x", replyTo=template),
        message("x", senderEmail="{{ words }}" + template),
        message(template, optionalVariables=[SECRET.upper(), "nothing"]),
    ):
        assert SECRET not in found.partition(": ")[2].replace("hunter2***", "")


def test_no_error_of_a_random_template_quotes_the_data() -> None:
    found = [message(random_template(seed)) for seed in range(400)]
    assert [one for one in found if SECRET in one] == []
    assert len(list(filter(None, found))) > 100
