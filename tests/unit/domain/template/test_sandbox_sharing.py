"""Values that contain one another many times: however they are made, they are weighed before they are used.

Sixty times doubled, a list has 2**60 items, takes no memory to speak of, and is compared or written for ever.
"""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.templates import compile_template
from sesmail_layer.runtime.time_limit import time_limit

pytestmark = pytest.mark.usefixtures("no_garbage_collection_calls_back")
MACROS = (
    "{% set n = namespace(x=['x' * 1000]) %}"
    "{% macro var() %}{% set n.x = varargs %}{% endmacro %}{% macro kw() %}{% set n.x = kwargs %}{% endmacro %}"
)
DOUBLED = {
    "list": "{% set n.x = [n.x, n.x] %}",
    "tuple": "{% set n.x = (n.x, n.x) %}",
    "dict": "{% set n.x = {'a': n.x, 'b': n.x} %}",
    "dict()": "{% set n.x = dict(a=n.x, b=n.x) %}",
    "dict of pairs": "{% set n.x = dict([('a', n.x), ('b', n.x)]) %}",
    "sum": "{% set n.x = [n.x] + [n.x] %}",
    "product": "{% set n.x = [n.x] * 2 %}",
    "batch": "{% set n.x = [n.x]|batch(2, n.x)|first %}",
    "slice": "{% set n.x = [n.x]|slice(1, n.x)|first %}",
    "slices": "{% set n.x = [n.x, n.x, 1]|slice(2)|first %}",
    "sort": "{% set n.x = {'a': n.x, 'b': n.x}|dictsort %}",
    "items": "{% set n.x = {'a': n.x, 'b': n.x}|items|list %}",
    "groups": "{% set n.x = [{'k': 1, 'v': n.x}, {'k': 1, 'v': n.x}]|groupby('k') %}",
    "values": "{% set n.x = {'a': n.x, 'b': n.x}.values()|list %}",
    "map": "{% set n.x = [{'v': n.x}, {'v': n.x}]|map(attribute='v')|list %}",
    "arguments": "{{ var(n.x, n.x) }}",
    "more arguments": "{{ var(*[n.x, n.x]) }}",
    "named arguments": "{{ kw(a=n.x, b=n.x) }}",
}


def build(double: str, times: int, use: str) -> str:
    loop = "{% for i in range(" + str(times) + ") %}" + double + "{% endfor %}"
    return MACROS + loop + "{% set first = n.x %}{% set n.x = ['x' * 1000] %}" + loop + use


@pytest.mark.parametrize("use", ["{{ first == n.x }}", "{{ first < n.x }}", "{{ first in [n.x] }}", "{{ first }}"])
@pytest.mark.parametrize("double", DOUBLED.values(), ids=DOUBLED.keys())
def test_a_value_that_is_doubled_without_end_is_rejected(double: str, use: str) -> None:
    source = build(double, 60, use)
    template = compile_template("t", source.encode(), b"t", b'{"subject": "s"}')
    with pytest.raises(PermanentError, match="SecurityError: "), time_limit(2):
        template.render({}, None)


@pytest.mark.parametrize("double", DOUBLED.values(), ids=DOUBLED.keys())
def test_a_value_that_is_doubled_a_few_times_is_not(double: str) -> None:
    source = build(double, 3, "{{ first == n.x }}")
    assert compile_template("t", source.encode(), b"t", b'{"subject": "s"}').render({}, None).html == "True"
