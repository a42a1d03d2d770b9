"""The statement that a mutant changes: a test that does not run it cannot kill the mutant."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence


def lines_of_change(original: Sequence[str], mutant: Sequence[str]) -> set[int]:
    """Return the lines of a function, counted from 0, of which one runs whenever the changed statement runs.

    A compound statement counts without the statements in it. A change of the signature may matter to every call: all
    lines.
    """
    everything = set(range(len(original)))
    first, end = _changed(original, mutant)
    innermost = None
    for statement in _statements(original):
        if statement.lineno - 1 <= first and end <= (statement.end_lineno or statement.lineno):
            innermost = statement  # A later one is inside of those before.
    if innermost is None:
        return everything
    own = _lines(innermost)
    for child in ast.walk(innermost):
        if isinstance(child, ast.stmt) and child is not innermost:
            own -= _lines(child)
    return own if own.issuperset(range(first, end)) else _lines(innermost)


def _changed(original: Sequence[str], mutant: Sequence[str]) -> tuple[int, int]:
    """Return the first changed line and the one after the last."""
    shorter = min(len(original), len(mutant))
    first = next((at for at in range(shorter) if original[at] != mutant[at]), shorter)
    same = next((at for at in range(shorter - first) if original[-1 - at] != mutant[-1 - at]), shorter - first)
    return first, max(first + 1, len(original) - same)


def _statements(function: Sequence[str]) -> Iterator[ast.stmt]:
    """Yield the statements in a function, outer ones first, with the lines that they have in `function`."""
    indented = next(line for line in function if line.strip()).startswith(" ")
    tree = ast.parse("\n".join(["if True:", *function] if indented else function))
    if indented:
        ast.increment_lineno(tree, -1)
    definition = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return (node for part in definition.body for node in ast.walk(part) if isinstance(node, ast.stmt))


def _lines(statement: ast.stmt) -> set[int]:
    return set(range(statement.lineno - 1, statement.end_lineno or statement.lineno))
