"""What a template looks up: the data's keys first, methods only to call them, and nothing else of Python's."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from jinja2.utils import missing

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template import attributes
from sesmail_layer.domain.template.sandbox import BoundedEnvironment
from sesmail_layer.domain.template.templates import compile_template

METHODS_OF_A_DICT = [name for name in dir(dict) if not name.startswith("_")]


def rendered(source: str, /, **data: Any) -> str:
    return compile_template("t", source.encode(), b"t", b'{"subject": "s"}').render(data, None).html


def error(source: str, /, **data: Any) -> str:
    with pytest.raises(PermanentError) as caught:
        rendered(source, **data)
    return caught.value.message.removeprefix("Failed to render template 't': ")


@pytest.mark.parametrize("name", METHODS_OF_A_DICT)
def test_a_key_is_found_before_a_method_of_its_name(name: str) -> None:
    assert rendered(f"{{{{ data.{name} }}}}{{{{ data['{name}'] }}}}", data={name: "value"}) == "valuevalue"


@pytest.mark.parametrize("name", METHODS_OF_A_DICT)
def test_a_method_that_is_not_called_is_never_written(name: str) -> None:
    assert error(f"{{{{ data.{name} }}}}", data={}).startswith("Undefined variable: ")


def test_a_method_is_found_where_it_is_called_even_beside_a_key_of_its_name() -> None:
    assert rendered("{{ data.get('get') }}{{ data.keys()|list|length }}", data={"get": 1, "keys": 2}) == "12"


def test_a_macro_in_a_dict_or_namespace_can_be_called() -> None:
    macro = "{% macro m(x) %}[{{ x }}]{% endmacro %}"
    assert rendered(macro + "{% set d = {'get': m} %}{{ d.get(1) }}") == "[1]"
    assert rendered(macro + "{% set n = namespace(f=m) %}{{ n.f(2) }}") == "[2]"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ book.title }}", "Undefined variable: 'book.title' is a method of 'str object', not data"),
        ("{{ order.lines[0].name.upper }}", "Undefined variable: 'order.lines[0].name.upper' is a method of"),
        ("{{ order[key].upper }}", "Undefined variable: 'order[key].upper' is a method of 'str object', not data"),
        ("{{ (book ~ '').title }}", "Undefined variable: 'title' is a method of 'str object', not data"),
        ("{{ book.format }}", "Undefined variable: 'book.format' is a method of 'str object', not data"),
        ("{{ order.total() }}", "Undefined variable: 'order.total' is data, not a method"),
        ("{{ order.lines[0].upper() }}", "Undefined variable: 'dict object' has no attribute 'upper'"),
        ("{{ order() }}", "SecurityError: only macros, methods and functions can be called"),
        ("{{ book.encode() }}", "Undefined variable: 'str object' has no attribute 'encode'"),
        ("{{ book.nope }}", "Undefined variable: 'str object' has no attribute 'nope'"),
        ("{{ order.lines[9] }}", "Undefined variable: 'list object' has no element 9"),
        ("{{ order[['a']] }}", "Undefined variable: 'dict object' has no element (a name from the data)"),
        ("{{ order[key] }}", "no error"),
        ("{{ order[book] }}", "Undefined variable: 'order[book]' is undefined"),
        ("{{ order.lines[order.total] }}", "'list object' has no element (a name from the data)"),
        ("{{ order.lines|map(attribute='nme')|join }}", "'dict object' has no attribute 'nme'"),
        ("{% set n = namespace(a=1) %}{{ n.b }}", "has no attribute 'b'"),
        ("{{ 5 .real }}", "Undefined variable: 'int object' has no attribute 'real'"),
        ("{{ range(3).start }}", "Undefined variable: 'range object' has no attribute 'start'"),
        ("{{ dict.fromkeys('ab') }}", "Undefined variable: 'type object' has no attribute 'fromkeys'"),
        ("{{ range }}", "Undefined variable: 'range' is a function that is not called, not data"),
        ("{{ order.lines|reverse }}", "'an expression' is a list that was not read (add |list or |join), not data"),
        ("{{ namespace(a=1) }}", "'an expression' is a 'jinja2.utils.Namespace object', not data"),
        ("{{ [range] }}", "SecurityError: a 'function object' is no text"),
    ],
)
def test_an_error_names_the_expression_as_it_is_in_the_template(source: str, message: str) -> None:
    data: dict[str, Any] = {"book": "Emma", "key": "a", "order": {"a": "x", "lines": [{"name": "y"}], "total": 5}}
    if message == "no error":
        assert rendered(source, **data) == "x"
    else:
        assert message in error(source, **data)


def test_everything_of_jinja_can_be_used() -> None:
    source = """
    {%- macro m(a, b=2) %}{{ a }}{{ b }}{{ caller() if caller is defined else '' }}{% endmacro -%}
    {%- set n = namespace(x=1) %}{% set n.x = n.x + 1 %}{{ n.x }}{{ n['x'] }}
    {%- for i in [3, 4] %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.cycle('a', 'b') }}
      {{- loop.changed(i) }}{{ loop.previtem|default('-') }}{{ loop.nextitem|default('-') }}{{ loop.length }}
    {%- endfor %}
    {%- set c = cycler('x', 'y') %}{{ c.next() }}{{ c.current }}{% set j = joiner('|') %}{{ j() }}{{ j() }}
    {{- m(1) }}{{ m(b=1, a=2) }}{{ m.name }}{{ m.arguments|join }}{% call m(1) %}!{% endcall %}
    {%- block b %}B{% endblock %}{{ self.b() }}{% for g in [{'k': 1}]|groupby('k') %}{{ g.grouper }}{{ g.list|length }}
    {%- endfor %}{{ dict(a=1).a }}{{ 1.0.is_integer() }}{{ 'b' in 'abc' }}{{ 'b' not in 'abc' }}{{ [1, 2].index(2) }}
    {%- for x in [1, [2]] recursive %}{{ x if x is number else loop(x) }}{% endfor %}{{ '%s-%s'|format(*[1, 2]) }}
    {{- m(*[1], **{'b': 3}) }}{{ 'a' if 1 < 2 <= 2 }}"""
    expected = (
        "22" "1TrueFalseaTrue-42" "2FalseTruebTrue3-2" "xy" "|" "12" "21" "m" "ab" "12!" "B" "B" "11" "1" "True"
        "TrueFalse" "1" "12" "1-2" "13" "a"
    )  # fmt: skip
    assert "".join(rendered(source).split()) == expected


def test_of_an_imported_template_only_what_it_exports_is_found() -> None:
    module = BoundedEnvironment().from_string("{% macro m() %}{% endmacro %}{% set x = 1 %}").module

    assert attributes.own(module, "x") == 1
    assert attributes.is_function(attributes.own(module, "m"))
    for name in ("_body_stream", "__name__", "y"):
        assert attributes.own(module, name) is missing


def test_only_a_named_tuple_has_fields() -> None:
    class Row(NamedTuple):
        name: str = "Ada"

    class Other:
        _fields = ("name",)
        name = "Ada"

    assert attributes.own(Row(), "name") == "Ada"
    assert [attributes.own(value, "name") for value in (Other(), ("Ada",))] == [missing, missing]
