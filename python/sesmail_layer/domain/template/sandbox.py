"""Jinja2 for templates and data that nobody vouches for: sandboxed, and bounded in what an expression may build.

Jinja2's own sandbox keeps a template from Python's insides; it does not keep it from memory. So everything that makes
a value (operators, literals, slices, calls, filters, captured output) goes past bounds.py. The time to compile
and to render is bounded by the caller, who knows a clock.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sesmail_layer.domain.template import bounds
from sesmail_layer.domain.template.formatting import FILTERS

# What a text can be asked for. Not: translate, expandtabs, maketrans and encode, which make much out of little.
_TEXT_METHODS = frozenset(
    "capitalize casefold center count endswith find format format_map index isalnum isalpha isascii isdecimal isdigit "
    "isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip partition removeprefix "
    "removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip striptags "
    "swapcase title unescape upper zfill".split()
)
_PUTS_ONE_INTO_ANOTHER = frozenset({"indent", "replace", "urlize", "wordwrap"})


MAX_CODE = 1_250_000
"""Characters of Python that a template may become: what a file of nothing but table cells does. Python takes up to 175
bytes of memory for each, and no signal ends its compiler."""


class _Generator(CodeGenerator):
    """Hands what Jinja2 lets nobody intercept to the environment: `~`, literals, slices. Computes nothing itself."""

    def write(self, x: str) -> None:
        super().write(x)
        if self.stream.tell() > MAX_CODE:
            raise SecurityError(f"it compiles to over {MAX_CODE} characters")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        join = "markup_join" if frame.eval_ctx.autoescape else "str_join"
        if frame.eval_ctx.volatile:
            join = "(markup_join if context.eval_ctx.autoescape else str_join)"
        self.write(f"environment.joined({join}, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:
        self._made(super().visit_List, node, frame)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        if node.ctx == "load":
            self._made(super().visit_Tuple, node, frame)
        else:
            super().visit_Tuple(node, frame)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        self._made(super().visit_Dict, node, frame)

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if isinstance(node.arg, nodes.Slice):
            self._made(super().visit_Getitem, node, frame)
        else:
            super().visit_Getitem(node, frame)

    def _made(self, visit: Callable[[Any, Frame], None], node: nodes.Expr, frame: Frame) -> None:
        self.write("environment.charged(")
        visit(node, frame)
        self.write(")")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        """Leaves expressions to the rendering, where time and memory are bounded."""
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Renders undefined names as errors, and refuses expressions that would build something huge."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"+", "*", "**", "%"})
    charged = staticmethod(bounds.charged)

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=StrictUndefined,
            keep_trailing_newline=False,
            cache_size=0,
            optimized=False,
            finalize=bounds.charged,
        )
        del self.globals["lipsum"]
        self.filters = {name: _guarded(name, function) for name, function in self.filters.items()}
        # Theirs are amounts and times, not counts; they bound what they are given themselves.
        self.filters |= FILTERS

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """Called by generated code with captured output: blocks, macros, `{% set %}…{% endset %}`."""
        pieces = list(pieces)
        bounds.checked(sum(map(len, pieces)))
        return bounds.charged("".join(pieces))

    @staticmethod
    def joined(join: Callable[[Iterable[Any]], str], parts: tuple[Any, ...]) -> str:
        """Called by generated code for `a ~ b`."""
        bounds.weight(parts)
        return bounds.charged(join(parts))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr not in _TEXT_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        def bounded(*args: Any, **kwargs: Any) -> str:
            bounds.check_format(value.__self__, (args, kwargs))
            return wrapped(*args, **kwargs)

        return functools.update_wrapper(bounded, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "*":
            bounds.check_repetition(left, right)
        elif operator == "**":
            bounds.check_power(left, right)
        elif operator == "%" and isinstance(left, str):
            bounds.check_percent(left, right)
        return bounds.charged(super().call_binop(context, operator, left, right))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        name, text = getattr(obj, "__name__", ""), getattr(obj, "__self__", None)
        bounds.check_numbers(name, (*args, *kwargs.values()))
        if isinstance(text, str):
            args = _checked_method(name, text, args)
        return bounds.charged(super().call(context, obj, *args, **kwargs))


def _checked_method(name: str, text: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Checks what is asked of a text; a method takes its main operands by position only."""
    if name == "join" and args:
        return (bounds.joinable(args[0], text), *args[1:])
    if name == "replace" and len(args) > 1 and all(isinstance(arg, str) for arg in args[:2]):
        bounds.check_replace(text, args[0], args[1])
    return args


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        operands = [*args, *kwargs.values()]
        bounds.check_numbers(name, operands)
        if name == "join":
            args = _with_items(args, kwargs)
        elif name == "format":
            bounds.check_percent(str(args[0]), operands[1:])
        elif name == "sum" and not isinstance(kwargs.get("start", args[3] if len(args) > 3 else 0), int | float):
            raise SecurityError("sum: of numbers only")
        elif name in _PUTS_ONE_INTO_ANOTHER:
            _check_insertion(name, operands)
        return bounds.charged(function(*args, **kwargs))

    return guarded


def _with_items(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """`join` as Jinja2 calls it: its context, the items, the joint."""
    joint = kwargs.get("d", args[2] if len(args) > 2 else "")
    return (args[0], bounds.joinable(args[1], joint), *args[2:])


def _check_insertion(name: str, operands: list[Any]) -> None:
    texts = [operand for operand in operands if isinstance(operand, str)]
    if name == "replace" and len(texts) > 2:
        bounds.check_replace(texts[0], texts[1], texts[2])
        return
    counts = (int,) if name == "indent" else ()
    values = [operand for operand in operands if isinstance(operand, (str, list, dict, tuple, *counts))]
    for value, other in itertools.combinations(values, 2):
        bounds.check_product(value, other)
