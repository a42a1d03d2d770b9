"""Templates that try to escape from the sandbox, or to use all memory or time: the known attacks on Jinja2."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.bounds import MAX_OUTPUT
from sesmail_layer.domain.template.templates import TemplateError, compile_template
from sesmail_layer.runtime.time_limit import time_limit
from tests.unit.domain.template import measured_rendering

pytestmark = pytest.mark.usefixtures("no_garbage_collection_calls_back")
DATA: dict[str, Any] = {
    "text": "text",
    "number": 7,
    "items": [{"name": "a"}, {"name": "b"}],
    "nested": {"list": [10**9], "width": "1000000000", "key": "__class__"},
    "format": "{0.__class__.__mro__}",
    "percent": "%(x)1000000000d",
    "braces": "{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}",
}
# The sender itself takes about 100 MB, and its function has at least 256 MB.
MOST_MEMORY = 80 * 1024 * 1024


def rendered(source: str, data: dict[str, Any] | None = None, *, seconds: float = 0.1) -> str:
    """Render as the sender does, with a shorter time limit."""
    template = compile_template("t", source.encode(), b"text", b'{"subject": "s"}')
    with time_limit(seconds):
        return template.render(DATA if data is None else data, None).html


def outcome(source: str) -> tuple[str, str]:
    """Render; return the result and no message, or no result and the message of the error."""
    try:
        return rendered(source), ""
    except PermanentError as err:
        error = err
    assert error.error_type == "template_render_error"
    return "", error.message


# Escapes from the sandbox. None may print Python's internals: it fails, or prints nothing.
ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''[nested.key] }}",
    "{{ ''|attr('__class__') }}",
    "{{ ''|attr('__cl' ~ 'ass__') }}",
    "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ ''|attr(nested.key) }}",
    "{{ ().__class__.__bases__[0].__subclasses__()[40]('/etc/passwd').read() }}",
    "{{ [].__class__.__base__ }}",
    "{{ {}.__class__ }}",
    "{{ text.__init__.__globals__ }}",
    "{{ text.upper.__self__.__class__ }}",
    "{{ text.format.__globals__ }}",
    "{{ text.format.__wrapped__.__self__.__class__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__dict__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ range.__self__ }}",
    "{{ dict.__base__ }}",
    "{{ dict.mro() }}",
    "{{ cycler.next.__globals__ }}",
    "{{ namespace(a=1)._Namespace__attrs.__class__ }}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m() %}{{ varargs.__class__ }}{% endmacro %}{{ m(1) }}",
    "{% for x in items %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in items %}{{ loop._iterable }}{% endfor %}",
    "{% for x in items %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(cycler) }}",
    "{{ '{a.__class__}'.format(a='') }}",
    "{{ '{a.__class__}'.format_map({'a': ''}) }}",
    "{{ '{0[__class__]}'.format('') }}",
    "{{ format.format('') }}",
    "{% set f = '{0.__class__}'.format %}{{ f('') }}",
    # CVE-2024-56326: an indirect reference to format.
    "{% set f = '{0.__class__}'.format %}{{ [f]|map(attribute='__call__')|list }}",
    "{% macro m(f) %}{{ f('') }}{% endmacro %}{{ m('{0.__class__}'.format) }}",
    # CVE-2025-27516: format through the attr filter.
    "{{ ('{0.__class__}'|attr('format'))('') }}",
    "{{ ('{0.__class__.__mro__}'|attr('for' ~ 'mat'))('') }}",
    "{{ ['{0.__class__}']|map('attr', 'format')|map(attribute='__call__')|list }}",
    "{{ items|map(attribute='__class__')|list }}",
    "{{ items|map(attribute='name.__class__')|list }}",
    "{{ items|map('attr', '__class__')|list }}",
    "{{ items|sort(attribute='__class__') }}",
    "{{ items|groupby('__class__') }}",
    "{{ items|sum(attribute='__class__') }}",
    "{{ items|selectattr('__class__')|map(attribute='__class__')|list }}",
    "{{ items|unique(attribute='__class__')|list }}",
    "{{ items|map('upper')|attr('gi_frame') }}",
    "{{ (items|map('upper')).gi_frame.f_globals }}",
    "{{ (items|map('upper')).gi_code.co_filename }}",
    "{{ m.__globals__ }}",
    "{{ config.__class__ }}",
    "{{ request.application.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{% from 'os' import system %}{{ system }}",
    "{% extends 'base.html' %}",
    "{% include text %}",
    "{{ items.append(1) }}",
    "{{ items.clear() }}",
    "{{ nested.update({'a': 1}) }}",
    "{{ nested.pop('list') }}",
    "{{ nested.setdefault('a', 1) }}",
    "{% do items.append(1) %}",
    "{% set nested.list = 1 %}",
    "{% debug %}",
    "{{ text|attr('encode')|attr('__self__') }}",
    "{{ text.encode().decode.__self__.__class__ }}",
    "{{ text|string|attr('unescape')|attr('__func__') }}",
    "{{ ('<b>'|safe).__class__ }}",
    "{{ ('<b>'|safe).__html__.__globals__ }}",
    "{{ undefined_thing.__init__.__globals__ }}",
    "{{ (undefined_thing|default('')).__class__ }}",
]
INTERNALS = ("class '", "<module", "<function", "<built", "__", "<bound", "object at 0x", "root:", "uid=", "49")


@pytest.mark.parametrize("source", ESCAPES)
def test_no_template_prints_internals_of_python(source: str) -> None:
    out, _ = outcome(source)
    assert not any(text in html.unescape(out) for text in INTERNALS), out


@pytest.mark.parametrize("source", ESCAPES)
def test_data_are_not_rendered_as_a_template(source: str) -> None:
    assert rendered("{{ text }}", {"text": source}).count("<") == 0
    plain = compile_template("t", b"x", b"{{ text }}", b'{"subject": "{{ text }}"}').render({"text": source}, None)
    assert plain.text == source
    assert plain.subject == " ".join(source.split())


def test_a_template_does_not_change_the_data() -> None:
    data = {"items": [1, 2], "nested": {"a": {"b": 1}}}
    for source in ("{{ items.append(3) }}", "{{ nested.a.update(c=2) }}", "{% set nested = 1 %}", "{{ items.sort() }}"):
        with contextlib.suppress(TemplateError):
            rendered(source, data)
    assert data == {"items": [1, 2], "nested": {"a": {"b": 1}}}


def test_no_state_is_kept_from_one_email_to_the_next() -> None:
    template = compile_template("t", b"{% set seen = 1 %}{{ other|default('-') }}", b"t", b'{"subject": "s"}')
    assert template.render({"other": "first"}, None).html == "first"
    assert template.render({}, None).html == "-"


# Templates that would use all memory or time, with ordinary data.
_TWICE = "{% set n = namespace(x='0123456789') %}{% for i in range(60) %}BODY{% endfor %}{{ n.x|length }}"
_FOREVER = "{% for a in range(99999) %}{% for b in range(99999) %}BODY{% endfor %}{% endfor %}"
RUNAWAYS = [
    "{{ range(10**9)|list }}",
    "{{ 'x' * 10**9 }}",
    "{{ 10**9 * 'x' }}",
    "{{ [0] * 10**9 }}",
    "{{ (0,) * 10**9 }}",
    "{{ 10**10**10 }}",
    "{{ 2**(2**40) }}",
    "{{ (2**1000)**1000 }}",
    "{{ 1.0**10**10 * 9**9**9 }}",
    _TWICE.replace("BODY", "{% set n.x = n.x ~ n.x %}"),
    _TWICE.replace("BODY", "{% set n.x = n.x + n.x %}"),
    _TWICE.replace("BODY", "{% set n.x = n.x * 2 %}"),
    _TWICE.replace("BODY", "{% set n.x = [n.x, n.x]|join %}"),
    _TWICE.replace("BODY", "{% set n.x = '%s%s'|format(n.x, n.x) %}"),
    _TWICE.replace("BODY", "{% set n.x = '%s%s' % (n.x, n.x) %}"),
    _TWICE.replace("BODY", "{% set n.x = '{0}{0}'.format(n.x) %}"),
    _TWICE.replace("BODY", "{% set n.x = n.x.replace('0', n.x) %}"),
    _TWICE.replace("BODY", "{% set n.x = n.x|replace('0', n.x) %}"),
    _TWICE.replace("BODY", "{% set n.x = n.x.join([n.x, n.x]) %}"),
    _TWICE.replace("BODY", "{% set n.x %}{{ n.x }}{{ n.x }}{% endset %}"),
    _TWICE.replace("BODY", "{% set n.x %}{% filter upper %}{{ n.x }}{{ n.x }}{% endfilter %}{% endset %}"),
    _TWICE.replace("BODY", "{% macro m() %}{{ n.x }}{{ n.x }}{% endmacro %}{% set n.x = m() %}"),
    _TWICE.replace("BODY", "{% set n.x = n.x|tojson|tojson|tojson %}"),
    _TWICE.replace("BODY", "{% set n.x = (n.x ~ '<')|escape|string|forceescape|string %}"),
    _TWICE.replace("BODY", "{% set n.x = n.x|urlencode|urlencode ~ '/?%' * 9 %}"),
    "{% set n = namespace(x=[0]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x|length }}",
    "{% set n = namespace(x=(0,)) %}{% for i in range(60) %}{% set n.x = n.x * 2 %}{% endfor %}{{ n.x|length }}",
    "{% set n = namespace(x=10**300) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x % 7 }}",
    "{{ ('f' * 2000000)|int(0, 16) // (('e' * 1000000)|int(0, 16)) }}",
    "{{ ('f' * 2000000)|int(0, 16) % (('e' * 1000000)|int(0, 16)) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '%*d' % (10**9, 1) }}",
    "{{ '%-*s' % (10**9, 'x') }}",
    "{{ '%.*f' % (10**9, 1) }}",
    "{{ '%*d'|format(10**9, 1) }}",
    "{{ '%*d'|format(99999, 1) * 99999 }}",
    "{{ percent % {'x': 1} }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:>{w}}'.format(1, w=10**9) }}",
    "{{ '{:>{w}}'.format(1, w=nested.width) }}",
    "{{ '{:>{0[0]}}'.format(nested.list) }}",
    "{{ '{1:>{0.list[0]}}'.format(nested, 1) }}",
    "{{ '{:>{a}{b}{c}}'.format(1, a=9999, b=9999, c=9999) }}",
    "{{ '{n:>{n}}'.format_map({'n': 10**9}) }}",
    "{{ 'x'|center(10**9) }}",
    "{{ 'x'.ljust(10**9) }}",
    "{{ 'x'.zfill(10**9) }}",
    "{{ 'x'.center(99999, 'x') * 99999 }}",
    "{{ '\\t'.expandtabs(10**9) }}",
    "{{ ('\\t' * 100000).expandtabs(99999) }}",
    "{{ ('x' * 2000000).translate({120: 'y' * 1000000})|length }}",
    "{{ ''.maketrans('x' * 2000000, 'y' * 2000000)|length }}",
    "{{ 'x'|indent(10**9) }}",
    "{{ ('x\\n' * 100000)|indent(99999) }}",
    "{{ ('x\\n' * 1000)|indent('y' * 100000) }}",
    "{{ (['x' * 1000000] * 100000)|join }}",
    "{{ (['x' * 1000000] * 100000)|join|length }}",
    "{{ ''.join(['x' * 1000000] * 100000)|length }}",
    "{{ (range(99999)|map('center', 99999)|join)|length }}",
    "{{ (range(99999)|map('center', 99999)|list)|length }}",
    "{{ (range(99999)|map('string')|map('center', 99999)|sort)|length }}",
    "{{ (range(99999)|map('string')|map('center', 99999)|unique|list)|length }}",
    "{{ (range(99999)|map('string')|map('center', 99999)|batch(3)|list)|length }}",
    "{{ range(99999)|slice(99999)|list|length }}{{ range(99999)|batch(1, 'x')|list|length }}" * 9,
    "{{ [1]|batch(99999, 'x')|list|length }}" * 50,
    "{% set n = namespace(x=[]) %}{% for i in range(99999) %}{% set n.x = n.x + ['x' * 1000000] %}{% endfor %}",
    "{% set n = namespace(x=[]) %}{% for i in range(99999) %}{% set n.x = [n.x, 'x'|center(99999)] %}{% endfor %}",
    "{% set s = 'x' * 1000000 %}{% set n = namespace(x=[]) %}"
    "{% for i in range(99999) %}{% set n.x = [n.x, s[1:]] %}{% endfor %}",
    "{% set s = 'x' * 1000000 %}{% set n = namespace(x=[]) %}"
    "{% for i in range(99999) %}{% set n.x = [n.x, s|upper] %}{% endfor %}",
    "{% set s = 'x' * 1000000 %}{% set n = namespace(x=[]) %}"
    "{% for i in range(99999) %}{% set n.x = [n.x, s.upper()] %}{% endfor %}",
    "{% set s = 'x' * 1000000 %}{% set n = namespace(x=[]) %}"
    "{% for i in range(99999) %}{% set n.x = [n.x, s.encode('utf-32')] %}{% endfor %}",
    "{% set s = 'x ' * 500000 %}{% set n = namespace(x=[]) %}"
    "{% for i in range(99999) %}{% set n.x = [n.x, s.split()] %}{% endfor %}",
    "{% set s = 'x' * 1000000 %}{% for i in range(99999) %}{{ s }}{% endfor %}",
    # Literal text is charged when it is captured.
    "{% set x %}{% for i in range(9999) %}" + "y" * 20000 + "{% endfor %}{% endset %}{{ x|length }}",
    "{% macro m() %}{% for i in range(9999) %}" + "y" * 20000 + "{% endfor %}{% endmacro %}{{ m()|length }}",
    # Constants are not computed before the time limit starts.
    "{% set x = 'x'|center(99999) %}" * 1500,
    "{{ 'x'|center(99999) }}" * 1500,
    _FOREVER,
    _FOREVER.replace("BODY", "{% set x = a * b %}"),
    _FOREVER.replace("BODY", "{% if a == b %}{% endif %}"),
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "{% for a in [[1] * 99]|cycle %}{% endfor %}",
    "{{ lipsum(n=1000, max=10000) }}",
    "{{ dict(x='y' * 1000000)|xmlattr * 100 }}",
    "{{ ('a@b.co ' * 250000)|urlize|urlize|urlize }}",
    "{{ ('<' * 1000000)|striptags }}",
    "{{ ('<!--' * 400000)|striptags }}",
    "{{ ('a ' * 900000)|wordwrap(1) }}",
    "{{ ('a' * 1800000)|wordwrap(1, wrapstring='x' * 1000) }}",
    "{{ ('a' * 1800000)|truncate(1800000)|title|capitalize|wordcount }}" * 30,
    "{{ items|map(attribute='name' ~ '.x' * 500000)|list }}",
    "{{ 1|round(99999) }}{{ 1e300|round(-99999) }}{{ 1.5|round(99999, 'ceil') }}",
]  # fmt: skip


@pytest.fixture(scope="module")
def process() -> Iterator[ProcessPoolExecutor]:
    with measured_rendering.process() as pool:
        yield pool


@pytest.mark.parametrize("source", RUNAWAYS, ids=[f"{number}: {source[:60]}" for number, source in enumerate(RUNAWAYS)])
def test_no_template_takes_all_memory_or_time(process: ProcessPoolExecutor, source: str) -> None:
    found = process.submit(measured_rendering.measured, source, DATA, 0.1).result()
    assert found["characters"] <= MAX_OUTPUT
    assert "MemoryError" not in found["error"], "the sandbox must limit memory before Python runs out of it"
    assert found["bytes"] < MOST_MEMORY
    # Without the limits these take minutes. Processor time, since a busy machine takes longer.
    assert found["seconds"] < 1


def test_realistic_templates_are_within_the_limits() -> None:
    items = [{"name": f"Article {number}", "amount": number * 1.5, "tags": ["a", "b"]} for number in range(500)]
    source = """
    {% set total = namespace(sum=0) %}
    {% for item in items|sort(attribute='amount', reverse=true) %}
      {% set total.sum = total.sum + item.amount %}
      <tr><td>{{ loop.index }}. {{ item.name|upper }}: {{ '%.2f'|format(item.amount) }}
      <td>{{ '{:>10,.2f}'.format(item.amount) }}
      <td>{{ item.tags|join(', ') }}{{ (item.name ~ '-' ~ loop.index)|replace('Article', 'No')|truncate(20)|indent(2) }}
    {% endfor %}
    {{ items|length }} {{ items|map(attribute='amount')|sum }} {{ '%05d' % total.sum }} {{ '=' * 70 }} {{ 2 ** 10 }}
    {% for batch in items|batch(3, '-') %}{{ batch|length }}{% endfor %}{{ items|groupby('tags')|length }}
    {{ items[:3]|tojson }} {{ (items|first).name.split(' ')|last }} {{ 'Order %s of 1234567' % 7 }} {{ 'x'.center(70) }}
    """
    out = rendered(source, {"items": items}, seconds=2)
    assert "500. ARTICLE 0" in out
    assert "<td>1. ARTICLE 499: 748.50" in out
    assert "<td>    748.50" in out
    assert "Order 7 of 1234567" in out
    assert "1024" in out


def test_each_email_has_a_budget_of_its_own() -> None:
    template = compile_template("t", b"{{ 'x' * 1000000 }}" * 2, b"t", b'{"subject": "s"}')
    for _ in range(60):
        assert len(template.render({}, None).html) == 2_000_000
