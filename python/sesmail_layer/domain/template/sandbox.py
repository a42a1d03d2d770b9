"""Jinja2 for untrusted templates and data: sandboxed, and with limits on what an expression may build.

Jinja2's own sandbox protects Python's internals, but does not limit memory. So everything that makes a value
(operators, literals, slices, calls, filters, captured output) is checked by bounds.py. The caller limits the time to
compile and to render.
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

# The allowed methods of text. The results of translate, expandtabs, maketrans and encode could be huge.
_TEXT_METHODS = frozenset(
    "capitalize casefold center count endswith find format format_map index isalnum isalpha isascii isdecimal isdigit "
    "isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip partition removeprefix "
    "removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip striptags "
    "swapcase title unescape upper zfill".split()
)
_INSERTING_FILTERS = frozenset({"indent", "replace", "urlize", "wordwrap"})
# Characters of Python code that a template may compile to; the largest file of table cells just fits. Python's
# compiler takes up to 175 bytes of memory for each, and no signal stops it.
MAX_CODE = 1_250_000


class _Generator(CodeGenerator):
    """Passes `~`, literals and slices, which Jinja2 has no hooks for, to the environment. Computes no constants."""

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
        self._charge(super().visit_List, node, frame)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        if node.ctx == "load":
            self._charge(super().visit_Tuple, node, frame)
        else:
            super().visit_Tuple(node, frame)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        self._charge(super().visit_Dict, node, frame)

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if isinstance(node.arg, nodes.Slice):
            self._charge(super().visit_Getitem, node, frame)
        else:
            super().visit_Getitem(node, frame)

    def _charge(self, visit: Callable[[Any, Frame], None], node: nodes.Expr, frame: Frame) -> None:
        self.write("environment.charged(")
        visit(node, frame)
        self.write(")")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        """Evaluate no expression at compile time: time and memory are limited only while rendering."""
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Rejects undefined names, and expressions that would build huge values."""

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
        # Their numbers are amounts and times, not counts, so they are not guarded; they have limits of their own.
        self.filters |= FILTERS

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """Join captured output (blocks, macros, `{% set %}…{% endset %}`); called by generated code."""
        pieces = list(pieces)
        bounds.checked(sum(map(len, pieces)))
        return bounds.charged("".join(pieces))

    @staticmethod
    def joined(join: Callable[[Iterable[Any]], str], parts: tuple[Any, ...]) -> str:
        """Evaluate `a ~ b`; called by generated code."""
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
    """Check a call of a text method; its main operands are positional only."""
    if name == "join" and args:
        return (bounds.checked_items(args[0], text), *args[1:])
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
        elif name in _INSERTING_FILTERS:
            _check_insertion(name, operands)
        return bounds.charged(function(*args, **kwargs))

    return guarded


def _with_items(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Check the arguments of `join` as Jinja2 passes them: context, items, separator."""
    separator = kwargs.get("d", args[2] if len(args) > 2 else "")
    return (args[0], bounds.checked_items(args[1], separator), *args[2:])


def _check_insertion(name: str, operands: list[Any]) -> None:
    texts = [operand for operand in operands if isinstance(operand, str)]
    if name == "replace" and len(texts) > 2:
        bounds.check_replace(texts[0], texts[1], texts[2])
        return
    counts = (int,) if name == "indent" else ()
    values = [operand for operand in operands if isinstance(operand, (str, list, dict, tuple, *counts))]
    for value, other in itertools.combinations(values, 2):
        bounds.check_product(value, other)
