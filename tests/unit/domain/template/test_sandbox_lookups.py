"""Lookups and calls in the sandbox: what they find, what their errors name, what they cost."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2.exceptions import SecurityError

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template import bounds, generator, prices
from sesmail_layer.domain.template.sandbox import BoundedEnvironment, Captured
from sesmail_layer.domain.template.templates import compile_template
from tests.unit.domain.template.test_prices_room import needs
from tests.unit.domain.template.test_templates_errors import failure, rendered


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% for item in ['a'] %}{{ loop[name] }}{% endfor %}", "1"),
        ("{% set n = namespace(index=7) %}{{ n[name] }}", "7"),
        ("{{ 'a,b'.split(sep=',')|join('-') }}", "a-b"),
        ("{{ '{a} {b}'.format_map({'a': 1, 'b': 'x'}) }}", "1 x"),
    ],
)
def test_a_name_in_a_variable_is_found_and_a_method_has_its_named_arguments(source: str, expected: str) -> None:
    assert rendered(source, name="index") == expected


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{ name['upper'] }}", "Undefined variable: 'upper' is a method of 'str object', not data"),
        ("{{ ({'x': 1}).x() }}", "Undefined variable: 'x' is data, not a method"),
    ],
)
def test_a_lookup_that_fails_names_what_the_template_wrote(source: str, says: str) -> None:
    assert failure(source, name="index") == ("TMPL007", says)


def test_a_template_that_compiles_to_too_much_is_rejected_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "MAX_CODE", 2_000)
    with pytest.raises(PermanentError) as caught:
        compile_template("t", b"{{ a }}" * 100, b"text", b'{"subject": "s"}')
    assert (caught.value.code, caught.value.message) == (
        "TMPL010",
        "Failed to render template 't': it compiles to over 2000 characters",
    )


def test_a_piece_of_captured_output_costs_an_object_and_its_text() -> None:
    needs(bounds.PER_OBJECT + 3, lambda: Captured().append("abc"))


def test_output_is_charged_as_it_is_captured_and_once_more_when_it_is_joined() -> None:
    needs(bounds.PER_OBJECT + 3 + 3, lambda: BoundedEnvironment.concat(iter(["abc"])))
    captured = Captured(["abc"])
    needs(3, lambda: BoundedEnvironment.concat(captured))


def test_what_is_copied_into_a_call_is_spent() -> None:
    needs(800, lambda: [prices.arguments(["a", "b"]) for _ in range(2)])


def test_a_copy_of_a_dict_costs_its_arguments_the_dict_and_an_object() -> None:
    environment: Any = BoundedEnvironment()
    context = environment.from_string("").new_context()
    made = {"a": 1, "b": 2}
    needs(418, lambda: bounds.charged(dict(made)))
    needs(400 + 418 + 1_000, lambda: environment.call(context, dict, made))


def test_a_format_weighs_the_same_with_its_values_in_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = BoundedEnvironment()

    def least(*args: Any, **kwargs: Any) -> int:
        name = "format_map" if args else "format"
        for limit in range(1_000):
            monkeypatch.setattr(bounds, "MAX_VALUE", limit)
            try:
                assert environment.method("{a}!", name)(*args, **kwargs) == "xyz!"
            except SecurityError:
                continue
            return limit
        raise AssertionError

    assert least({"a": "xyz"}) == least(a="xyz")


@pytest.mark.parametrize("source", ["{% include 'x' %}", "{% extends 'x' %}", "{% import 'x' as x %}"])
def test_a_template_is_no_part_of_another(source: str) -> None:
    assert failure(source)[1] == "SecurityError: no include, import or extends: a template is its own three files"
