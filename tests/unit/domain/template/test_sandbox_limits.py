"""Joins, operators and filters in the sandbox: they escape data, and are checked before they build a value."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.templates import compile_template
from tests.unit.domain.template import measured_rendering

HOSTILE = "<script>"


def rendered(source: str, **data: Any) -> tuple[str, str]:
    """Render the source as HTML and as text."""
    template = compile_template("t", source.encode(), source.encode(), b'{"subject": "s"}')
    made = template.render(data, None)
    return made.html, made.text


def test_tilde_keeps_markup_and_escapes_data() -> None:
    html, text = rendered("{{ '<b>'|safe ~ name }}", name=HOSTILE)

    assert html == "<b>&lt;script&gt;"
    assert text == "<b><script>"


@pytest.mark.parametrize(("flag", "expected"), [(True, "<b>&lt;script&gt;"), (False, "<b><script>")])
def test_tilde_follows_autoescape_blocks(flag: bool, expected: str) -> None:
    source = "{% autoescape flag %}{{ '<b>'|safe ~ name }}{% endautoescape %}"

    assert rendered(source, name=HOSTILE, flag=flag) == (expected, expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ items|join }}", "12"),
        ("{{ items|join('-') }}", "1-2"),
        ("{{ items|join(d='-') }}", "1-2"),
        ("{{ rows|join(', ', 'id') }}", "1, 2"),
        ("{{ rows|join(d=', ', attribute='id') }}", "1, 2"),
        ("{{ '-'.join(['a', 'b']) }}", "a-b"),
        ("{{ 'a-b-a'.replace('a', 'x') }}", "x-b-x"),
        ("{{ 'a-b-a'.replace('a', 'x', 1) }}", "x-b-a"),
        ("{{ 'a-b-a'|replace('a', 'x') }}", "x-b-x"),
        ("{{ 'a-b-a'|replace('a', 'x', 1) }}", "x-b-a"),
        ("{{ '%s and %s'|format(1, 2) }}", "1 and 2"),
        ("{{ [1, 2]|sum }} {{ [1, 2]|sum(start=3) }} {{ rows|sum('id') }} {{ rows|sum('id', 4) }}", "3 6 3 7"),
        ("{{ 'a\nb'|indent(2) }}", "a\n  b"),
        ("{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(1) }}{{ m(2) }}", "[1][2]"),
        ("{% set x %}{{ items[0] }}-{{ items[1] }}{% endset %}{{ x }}", "1-2"),
        ("{% filter upper %}a{{ items[0] }}{% endfilter %}", "A1"),
        ("{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}{{ items[0] }}{% endcall %}", "<1>"),
        ("{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }}{% endfor %}", "1234"),
        ("{{ (1, 2)[1] }}{{ [1, 2, 3][1:]|length }}{{ {'a': 5}.a }}", "225"),
    ],
)
def test_filters_and_methods_have_the_results_of_jinja(source: str, expected: str) -> None:
    assert rendered(source, items=[1, 2], rows=[{"id": 1}, {"id": 2}]) == (expected, expected)


@pytest.mark.parametrize(
    "source",
    [
        "{{ items|join(separator) }}",
        "{{ items|join(d=separator) }}",
        "{{ separator.join(items) }}",
        "{{ text.replace('x', separator) }}",
        "{{ text.replace('x', separator, 60000) }}",
        "{{ text|replace('x', separator) }}",
        "{{ text.replace('', separator) }}",
    ],
)
def test_a_huge_value_is_rejected_before_it_is_built(source: str) -> None:
    with pytest.raises(PermanentError) as caught:
        rendered(source, items=[""] * 60_000, text="x" * 60_000, separator="y" * 200_000)

    assert caught.value.message.startswith("Failed to render template 't': SecurityError: a value over ")


@pytest.mark.parametrize("start", ["''", "[]"])
def test_only_numbers_are_summed(start: str) -> None:
    for source in (f"{{{{ [1]|sum(start={start}) }}}}", f"{{{{ [1]|sum(none, {start}) }}}}"):
        with pytest.raises(PermanentError) as caught:
            rendered(source)
        assert caught.value.message == "Failed to render template 't': SecurityError: sum: of numbers only"


@pytest.mark.parametrize("made", ["[big]", "(big,)", "{'a': big}", "big[:]", "big ~ ''"])
def test_a_container_is_charged_like_its_contents(made: str) -> None:
    """40 times a million is over the budget."""
    source = "{% for n in range(40) %}{% set made = " + made + " %}{% endfor %}"

    with pytest.raises(PermanentError) as caught:
        rendered("{% set big = 'x' * 1000000 %}" + source)
    assert caught.value.message == "Failed to render template 't': SecurityError: the template builds too much"
    rendered("{% set big = 'x' * 10000 %}" + source)


OVER, PRODUCT = "a value over 4194304 bytes", "a value over 16777216 bytes"
WIDTH = "a width over 10000, or one that is not in the text"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ 'x' * 5000000 }}", OVER),
        ("{{ 5000000 * 'x' }}", OVER),
        ("{{ 2 ** 5000 }}", "**: a number over 4096 bits"),
        ("{{ '%10000d' % 1 }}", f"%: {WIDTH}"),
        ("{{ '%10000d'|format(1) }}", f"%: {WIDTH}"),
        ("{{ '%s' * 9000 % text }}", OVER),
        ("{{ '{:10000}'.format(1) }}", f"format: {WIDTH}"),
        ("{{ ('{0}' * 1000).format(text) }}", OVER),
        ("{{ ('{a}' * 1000).format(a=text) }}", OVER),
        ("{{ 'x'.center(100001) }}", "center: a number over 100000"),
        ("{{ 'x'|center(width=100001) }}", "center: a number over 100000"),
        ("{{ range(100001) }}", "range: a number over 100000"),
        ("{{ text|indent(100000) }}", PRODUCT),
        ("{{ text|indent(text) }}", PRODUCT),
        ("{{ text|wordwrap(1, wrapstring=text) }}", PRODUCT),
        ("{{ text|urlize(rel=text) }}", PRODUCT),
    ],
)
def test_an_operator_method_or_filter_with_too_large_a_result_is_rejected(source: str, why: str) -> None:
    with pytest.raises(PermanentError) as caught:
        rendered(source, text="x " * 30_000)
    assert caught.value.message == f"Failed to render template 't': SecurityError: {why}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ 'x' * 3 }}{{ 3 * 'x' }}", "xxxxxx"),
        ("{{ 2 ** 10 }} {{ 7 % 4 }} {{ 2 + 2 }} {{ 2 * 3 }} {{ 6 - 1 }}", "1024 3 4 6 5"),
        ("{{ '%s=%5.1f' % ('a', 2.5) }}", "a=  2.5"),
        ("{{ '{a}-{0:>4}'.format(1, a=2) }}", "2-   1"),
        ("{{ '{a}'.format_map({'a': 3}) }}", "3"),
        ("{{ 'x'.center(5)|length }}", "5"),
        ("{{ text|indent(2)|length }} {{ text|wordwrap(10, wrapstring='-')|length }}", "60000 59999"),
    ],
)
def test_operators_methods_and_filters_within_the_limits_work(source: str, expected: str) -> None:
    assert rendered(source, text="x " * 30_000)[1] == expected


def test_a_rejected_template_leaves_nothing_in_memory() -> None:
    source = "{{ (range(99999)|map('center', 99999)|list)|length }}"
    with measured_rendering.process() as pool:
        one, *_, last = [pool.submit(measured_rendering.measured, source, {}, 2).result()["bytes"] for _ in range(5)]
    assert last - one < 8 * 1024 * 1024
