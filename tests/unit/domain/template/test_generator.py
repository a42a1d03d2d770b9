"""The code of a template: what its expressions are called in errors, and what cannot be written."""

from __future__ import annotations

import pytest
from jinja2 import TemplateSyntaxError
from jinja2.exceptions import SecurityError

from sesmail_layer.domain.template import generator
from sesmail_layer.domain.template.sandbox import BoundedEnvironment

ENVIRONMENT = BoundedEnvironment(autoescape=True)


def code(expression: str) -> str:
    return ENVIRONMENT.compile("{{ " + expression + " }}", raw=True)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("order", ", 'order')"),
        ("order.total", ", 'total', 'order.total')"),
        ("order.lines[0].total", ", 'total', 'order.lines[0].total')"),
        ("order['a b'].total", ", 'total', \"order['a b'].total\")"),
        ("order[key]", ", 'order[key]')"),
        ("order[key].total", ", 'total', 'order[key].total')"),
        ("a.b.c.d.e.f.g.h.i", ", 'i', 'a.b.c.d.e.f.g.h.i')"),
        ("a.b.c.d.e.f.g.h.i.j", ", 'j')"),
        ("(a ~ b).total", ", 'total')"),
        ("order[a ~ b].total", ", 'total')"),
        ("order['total']", ", 'total')"),
        ("order[0]", ", 0)"),
    ],
)
def test_a_lookup_carries_its_text_in_the_template(expression: str, text: str) -> None:
    assert text in code(expression)


def test_only_what_is_called_is_looked_up_as_a_method() -> None:
    assert code("name.upper().title").count("environment.method(") == 1
    assert "look_up(environment.call(context, environment.method(" in code("name.upper().title")
    assert "environment.method(" not in code("f(name.upper)")


@pytest.mark.parametrize(("expression", "start"), [("a in b", "(environment"), ("a not in b", "(not environment")])
def test_membership_is_tested_by_the_environment(expression: str, start: str) -> None:
    assert f"{start}.contains(" in code(expression)


@pytest.mark.parametrize("expression", ["a in b in c", "a < b in c", "a not in b == c"])
def test_membership_is_no_part_of_a_chain(expression: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="'in' is not possible in a chain of comparisons"):
        code(expression)


def test_values_that_become_arguments_are_charged_once() -> None:
    assert code("f(*items, **more)").count("environment.arguments") == 2
    assert code("x|join(*items)").count("environment.arguments") == 1
    assert "environment.arguments" not in code("f(a, b=c)")


def test_everything_that_is_made_passes_the_environment() -> None:
    for expression in ("[a]", "(a, b)", "{'a': b}", "a[1:]"):
        assert code(expression).count("environment.charged(") == 1
    assert "environment.joined(markup_join" in code("a ~ b")
    assert "environment.captured()" in ENVIRONMENT.compile("{% set a %}b{% endset %}", raw=True)
    assert "environment.function(Macro(" in ENVIRONMENT.compile("{% macro a() %}{% endmacro %}", raw=True)


def test_a_chain_with_membership_is_an_error_of_its_line() -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        ENVIRONMENT.compile("a\nb{{ a in b in c }}")
    assert (caught.value.message, caught.value.lineno) == ("'in' is not possible in a chain of comparisons", 2)


def test_a_template_may_compile_to_as_much_code_as_the_limit_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    characters = len(code("order.total"))
    monkeypatch.setattr(generator, "MAX_CODE", characters)
    assert len(code("order.total")) == characters
    monkeypatch.setattr(generator, "MAX_CODE", characters - 1)
    with pytest.raises(SecurityError, match=rf"^it compiles to over {characters - 1} characters$"):
        code("order.total")


def test_the_text_of_a_template_is_a_constant_of_its_code_and_no_expression_is_one() -> None:
    source = ENVIRONMENT.compile("<p>Hello {{ 1 + 1 }}</p>", raw=True)
    assert "yield '<p>Hello '\n" in source
    assert "yield escape(environment.finalize(environment.call_binop(context, '+', 1, 1)))\n" in source
