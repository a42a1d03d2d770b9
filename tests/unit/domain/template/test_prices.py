"""What filters and methods need while they run is checked before they do."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest
from jinja2.exceptions import SecurityError

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template import bounds, prices
from sesmail_layer.domain.template.sandbox import Captured
from sesmail_layer.domain.template.templates import compile_template
from tests.unit.domain.template import measured_rendering


def test_every_filter_of_jinja_has_a_price() -> None:
    from jinja2.filters import FILTERS

    assert FILTERS.keys() == prices.FILTERS


HALF_EMOJI, MILLION = "('😀' * 500000)", "('a' * 1000000)"
TOO_MUCH = [
    "{{ ('😀' * 3800000)|sort }}",
    *[f"{{{{ {HALF_EMOJI}|{name} }}}}" for name in ("sort", "list", "groupby(0)", "slice(3)|list", "join(' ')")],
    *[f"{{{{ {MILLION}|{name} }}}}" for name in ("sort", "urlize", "title", "wordwrap", "pprint", "list", "join(' ')")],
    *[f"{{{{ {MILLION}|{name} }}}}" for name in ("map('lower')|list", "batch(2)|list", "batch(2)|join")],
    *[f"{{{{ ({MILLION} ~ {MILLION}).{name} }}}}" for name in ("split('b')", "rsplit('b')", "splitlines()")],
    f"{{{{ ({MILLION} ~ {MILLION} ~ {MILLION}).title() }}}}",
    f"{{{{ ({MILLION} ~ {MILLION} ~ {MILLION}).swapcase() }}}}",
    f"{{{{ ({MILLION} ~ {MILLION} ~ {MILLION})|striptags }}}}",
    f"{{{{ ({MILLION} ~ {MILLION} ~ {MILLION})|tojson }}}}",
    f"{{{{ ({MILLION} ~ {MILLION} ~ {MILLION})|urlencode }}}}",
    "{{ ['a' * 1000, 'b'] * 1000 }}{{ (['a' * 1000] * 3900)|tojson }}",
    "{{ ([2 ** 4000] * 500000)|join }}",
    "{{ ([1.5] * 500000)|join }}",
    "{{ cycler(*('a' * 1000000)) }}",
    "{% macro m() %}{{ varargs|length }}{% endmacro %}{{ m(*('a' * 1000000)) }}",
    "{% macro m() %}{{ kwargs|length }}{% endmacro %}{{ m(**dict(range(99998)|map('string')|batch(2))) }}",
    "{{ dict(('a' * 1000000)|batch(2)) }}",
    "{{ (range(99999)|map('select')|list)|length }}",
    "{{ [[[[1] * 1000] * 20] * 3]|tojson(16) }}",
    *[
        "{% set n = namespace(x=1) %}{% for i in range(200) %}{% for j in range(200) %}{% set n.x = "
        + made
        + " %}{% endfor %}{% endfor %}"
        for made in ("cycler(n.x)", "joiner(n.x)", "namespace(x=n.x)", "dict(x=n.x)", "[1]|select")
    ],
    *[
        "{% set n = namespace(x=1) %}{% for i in range(99999) %}{% set n.x = " + made + " %}{% endfor %}"
        for made in ("[n.x]", "(n.x,)", "{'x': n.x}", "namespace(x=[n.x])")
    ],
    "{% for i in range(200) %}{% for j in range(200) %}{% macro m() %}{% endmacro %}{% endfor %}{% endfor %}",
    "{{ {'a' * 5000: [1] * 500}|pprint }}",
    "{{ ('a.' * 1000000)|map(attribute='a.' * 100000)|list }}",
    *[f"{{{{ 'ab'|round({size}, 'ceil') }}}}" for size in (1, 9, 99_999)],
    *[f"{{{{ [1, 2]|round({size}, 'floor') }}}}" for size in (1, 9, 99_999)],
    *[f"{{{{ '%999999999d' is {test} }}}}" for test in ("odd", "even", "divisibleby(3)", "divisibleby(num=3)")],
    "{{ ['%999999999d']|select('odd')|list }}",
    *[f"{{{{ [1]|batch({size})|list }}}}" for size in ("0", "-1", "1.5", "none", "'a'", "linecount=0", "1e9")],
    "{{ [1, 2]|sort(attribute=',' * 2000) }}",
]


# Of memory and of the processor's time. Only the sender's time limit ends what takes longer.
MOST_MEMORY, MOST_SECONDS = 48 * 1024 * 1024, 2.5


@pytest.fixture(scope="module")
def process() -> Iterator[ProcessPoolExecutor]:
    with measured_rendering.process() as pool:
        yield pool


@pytest.mark.parametrize("source", TOO_MUCH)
def test_what_needs_too_much_is_rejected_before_it_runs(process: ProcessPoolExecutor, source: str) -> None:
    found = process.submit(measured_rendering.measured, source, {}, 60).result()
    assert "SecurityError: " in found["error"]
    assert found["bytes"] < MOST_MEMORY
    assert found["seconds"] < MOST_SECONDS


LONG, PART = "('a' * 100000)", "('b' ~ 'a' * 10000)"
SEARCHES = [
    *[f"{LONG}.{name}({PART})" for name in ("find", "rfind", "index", "rindex", "count", "partition", "rpartition")],
    *[f"{LONG}.{name}({PART})" for name in ("split", "rsplit", "strip", "lstrip", "rstrip")],
    *[f"({LONG}|safe).{name}({PART})" for name in ("rfind", "rsplit", "strip", "rpartition")],
    f"{LONG}.replace({PART}, '')",
    f"{LONG}.replace({PART}, '', 1)",
    f"{LONG}.split(sep={PART})",
    f"{LONG}.rsplit(sep={PART}, maxsplit=1)",
    f"{LONG}|replace({PART}, '')",
    f"{LONG}|trim({PART})",
    f"{LONG}|trim(chars={PART})",
    f"[{LONG}]|map('trim', {PART})|list",
    f"{PART} in {LONG}",
    f"{PART} not in {LONG}",
    f"{PART} is in({LONG})",
    f"[{PART}]|select('in', {LONG})|list",
    "('.' * 20000 ~ 'a.')|urlize",
]


@pytest.mark.parametrize("expression", SEARCHES)
def test_a_search_that_no_signal_would_end_is_rejected(expression: str) -> None:
    template = compile_template("t", f"{{{{ {expression} }}}}".encode(), b"t", b'{"subject": "s"}')
    with pytest.raises(PermanentError, match="SecurityError: a search of over 67108864 steps"):
        template.render({}, None)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("('a,b' * 1000).rfind('b')", "2999"),
        ("'b' in ('a' * 3000000)", "False"),
        ("('x' * 100000).strip('xyz')|length", "0"),
        ("('word ' * 1000)|urlize|length", "5000"),
        ("range(20000)|map('string')|join|length", "88890"),
        ("('a b ' * 10000).split()|length", "20000"),
        ("('😀' * 1000)|sort|length", "1000"),
        ("[[1, [2]]]|tojson(2)|length", "38"),
    ],
)
def test_what_templates_do_is_within_the_limits(expression: str, expected: str) -> None:
    assert compile_template("t", f"{{{{ {expression} }}}}".encode(), b"t", b'{"subject": "s"}').render(
        {}, None
    ).html == (expected)


def test_a_filter_has_room_for_what_the_budget_has_left() -> None:
    price = prices.LIST_FILTERS["list"]
    with bounds.metered():
        bounds.spend(bounds.BUDGET - price * 10)
        assert prices.checked_filter("list", "x" * 10, (), {}) == "x" * 10
        with pytest.raises(SecurityError, match="the template builds too much"):
            prices.checked_filter("list", "x" * 11, (), {})


def test_each_captured_piece_is_charged_even_an_empty_one() -> None:
    with bounds.metered():
        bounds.spend(bounds.BUDGET - 3 * bounds.PER_OBJECT - 5)
        captured = Captured()
        captured.append("")
        captured.extend(["a", "😀"])
        with pytest.raises(SecurityError, match="the template builds too much"):
            captured.append("")
        assert captured == ["", "a", "😀"]
