"""The names that errors quote: those in the template's own source."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from sesmail_layer.domain.template.bounds import metered
from sesmail_layer.domain.template.undefined import UndefinedName, quoted

HIDDEN = "(a name from the data)"


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("total", "{{ order.total }}", "'total'"),
        ("total", "{{ order['total'] }}", "'total'"),
        ("total", "{{ order.totals }}", HIDDEN),
        ("total", "{{ subtotal }}", HIDDEN),
        ("first name", "{{ order['first name'] }}", "'first name'"),
        ("a+b", "{{ order['a+b'] }}", "'a+b'"),
        ("a+b", "{{ order['aab'] }}", HIDDEN),
        (7, "{{ items[7] }}", "7"),
        (7, "{{ items[70] }}", HIDDEN),
        ("", "{{ order[''] }}", HIDDEN),
        (["total"], "{{ total }}", HIDDEN),
        (None, "{{ None }}", HIDDEN),
        ("x" * 100, "x" * 100, repr("x" * 100)),
        ("x" * 101, "x" * 101, HIDDEN),
    ],
)
def test_only_a_name_in_the_source_is_quoted(name: object, source: str, expected: str) -> None:
    with metered(source):
        assert quoted(name) == expected
    assert quoted(name) == HIDDEN


@pytest.mark.parametrize(
    ("undefined", "message"),
    [
        (UndefinedName(name="total"), "'total' is undefined"),
        (UndefinedName("there is no next item"), "there is no next item"),
        (UndefinedName(obj={}, name="total"), "'dict object' has no attribute 'total'"),
        (UndefinedName(obj={}, name="secret"), f"'dict object' has no attribute {HIDDEN}"),
        (UndefinedName(obj=[], name=7), "'list object' has no element 7"),  # type: ignore[arg-type]
        (UndefinedName(obj=None, name="total"), "'None' has no attribute 'total'"),
    ],
)
def test_the_message_has_no_name_from_the_data(undefined: UndefinedName, message: str) -> None:
    for use in (str, repr, bool, len, iter, hash):
        with metered("{{ order.total }}{{ items[7] }}"), pytest.raises(UndefinedError) as caught:
            use(undefined)
        assert caught.value.message == message
