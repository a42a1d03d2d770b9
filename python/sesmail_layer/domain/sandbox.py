"""Jinja2 for templates and data that nobody vouches for: sandboxed, and bounded in what an expression may build.

Jinja2's own sandbox keeps a template from Python's insides; it does not keep it from memory
(https://jinja.palletsprojects.com/en/stable/sandbox/#security-considerations). Hence the bounds here. Render time is
bounded by the caller, who knows a clock.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_OUTPUT = 2 * 1024 * 1024
"""Characters of one rendered part. Gmail cuts a message off at 102 KB; this is far from any real email."""
_MAX_NUMBER = 100_000
"""The largest count, width or repetition that a filter or method is handed."""
_WIDTHS = re.compile(r"\d{5,}")


class _Generator(CodeGenerator):
    """`~` is the one operator that Jinja2's sandbox lets nobody intercept."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.bounded(")
        super().visit_Concat(node, frame)
        self.write(")")


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Renders undefined names as errors, and refuses expressions that would build something huge."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(autoescape=autoescape, undefined=StrictUndefined, keep_trailing_newline=False, cache_size=0)
        del self.globals["lipsum"]
        self.filters = {name: _guarded(name, function) for name, function in self.filters.items()}

    @staticmethod
    def bounded(value: str) -> str:
        """Called by generated code with what `~` has joined."""
        _check_size(len(value))
        return value

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "*":
            _check_size(_size(left) * (right if isinstance(right, int) else 1))
            _check_size(_size(right) * (left if isinstance(left, int) else 1))
        elif operator == "**":
            _check_power(left, right)
        elif operator == "+":
            _check_size(_size(left) + _size(right))
        elif isinstance(left, str):
            _check_widths(left)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        # A method's own object is its first operand: `text.replace(a, b)` is to be judged as `text|replace(a, b)`.
        # Jinja2 wraps str.format, so the object hides one step further down.
        method = getattr(obj, "__wrapped__", obj)
        operands = (getattr(method, "__self__", None), *args, *kwargs.values())
        _check_operands(getattr(obj, "__name__", ""), operands)
        return super().call(context, obj, *args, **kwargs)


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        _check_operands(name, (*args, *kwargs.values()))
        return function(*args, **kwargs)

    return guarded


def _check_operands(name: str, operands: Collection[Any]) -> None:
    texts = []
    for operand in operands:
        if isinstance(operand, int) and abs(operand) > _MAX_NUMBER:
            raise SecurityError(f"{name}: a number over {_MAX_NUMBER}")
        if isinstance(operand, str):
            texts.append(operand)
    if name in ("format", "format_map"):
        _check_widths("".join(texts))
    if name == "replace" and len(texts) > 2:
        text, old, new = texts[:3]
        _check_size(len(text) + (text.count(old) if old else len(text) + 1) * len(new))
    if name == "join" and texts:
        _check_size(max(map(len, texts)) * max((_size(operand) for operand in operands), default=0))


def _check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * max(exponent, 0) > 1_024:
        raise SecurityError("**: a number over 1,024 bits")


def _check_widths(text: str) -> None:
    if _WIDTHS.search(text):
        raise SecurityError(f"a width over {_MAX_NUMBER // 10} in a format")


def _check_size(size: int) -> None:
    if size > MAX_OUTPUT:
        raise SecurityError(f"a value over {MAX_OUTPUT} characters or items")


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple) else 0
