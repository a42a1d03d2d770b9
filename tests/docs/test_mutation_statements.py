"""A mutation run gives a mutant only the tests that run the statement that it changes."""

from __future__ import annotations

import pytest

from tools.mutation.statements import lines_of_change

FUNCTION = """
def _(a, b=1):
    \"\"\"Text.\"\"\"
    if a < b:
        c = call(
            a,
            b,
        )
    elif a == 2:
        return 3
    for x in a:
        try:
            use(x)
        except KeyError:
            pass
    match a:
        case 1 if b:
            return 5
    return 4
""".split("\n")


def changed(before: str, after: str, function: list[str] = FUNCTION) -> list[str]:
    """The lines of which one runs whenever the changed line runs."""
    at = next(number for number, line in enumerate(function) if before in line)
    with_change = [*function[:at], *([function[at].replace(before, after)] if after else []), *function[at + 1 :]]
    return [function[line].strip() for line in sorted(lines_of_change(function, with_change))]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("return 4", "return 5", ["return 4"]),
        ("use(x)", "use(None)", ["use(x)"]),
        # An argument on a line of its own, changed or left out.
        ("            a,", "            None,", ["c = call(", "a,", "b,", ")"]),
        ("            b,", "", ["c = call(", "a,", "b,", ")"]),
        # Of a compound statement only what decides.
        ("if a < b", "if a <= b", ["if a < b:"]),
        ("elif a == 2", "elif a != 2", ["elif a == 2:"]),
        ("in a:", "in None:", ["for x in a:"]),
        ("case 1 if b", "case 1 if not b", ["match a:", "case 1 if b:"]),
    ],
)
def test_a_change_needs_a_test_that_runs_its_statement(before: str, after: str, lines: list[str]) -> None:
    assert changed(before, after) == lines


def test_in_a_method_as_well() -> None:
    method = ["", *(f"    {line}" if line else "" for line in ["@classmethod", *FUNCTION[1:]])]
    assert changed("return 3", "return 4", method) == ["return 3"]


def test_a_change_of_the_signature_may_matter_to_every_line() -> None:
    assert lines_of_change(FUNCTION, [line.replace("b=1", "b=2") for line in FUNCTION]) == set(range(len(FUNCTION)))
