"""The Python code of a template: whatever Jinja2 would do by itself is handed to the environment.

Where an error may name an expression, its text goes along: `environment.getattr(order, 'total', 'order.total')`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, MacroRef
from jinja2.exceptions import SecurityError

# Characters of Python code that a template may compile to; the largest file of table cells just fits. Python's
# compiler takes up to 175 bytes of memory for each, and no signal stops it.
MAX_CODE = 1_250_000
_MAX_PARTS = 8


class Generator(CodeGenerator):
    """Passes lookups, `~`, `in`, literals, slices and captured output to the environment. Computes no constants."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._called: set[int] = set()

    def write(self, x: str) -> None:
        super().write(x)
        if self.stream.tell() > MAX_CODE:
            raise SecurityError(f"it compiles to over {MAX_CODE} characters")

    def write_commons(self) -> None:
        super().write_commons()
        self.writeline("look_up = environment.getattr")

    def buffer(self, frame: Frame) -> None:
        frame.buffer = self.temporary_identifier()
        self.writeline(f"{frame.buffer} = environment.captured()")

    def signature(
        self,
        node: nodes.Call | nodes.Filter | nodes.Test,
        frame: Frame,
        extra_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        if node.dyn_args is not None:
            node.dyn_args = _arguments(node.dyn_args)
        if node.dyn_kwargs is not None:
            node.dyn_kwargs = _arguments(node.dyn_kwargs)
        super().signature(node, frame, extra_kwargs)

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        self._called.add(id(node.node))
        super().visit_Call(node, frame, forward_caller=forward_caller)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        self._look_up("environment.method" if id(node) in self._called else "look_up", node, frame)

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if isinstance(node.arg, nodes.Slice):
            self._charge(super().visit_Getitem, node, frame)
        else:
            self._look_up("environment.getitem", node, frame)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:
        if not any(operand.op in ("in", "notin") for operand in node.ops):
            super().visit_Compare(node, frame)
            return
        if len(node.ops) > 1:
            self.fail("'in' is not possible in a chain of comparisons", node.lineno)
        self.write("(not " if node.ops[0].op == "notin" else "(")
        self.write("environment.contains(")
        self.visit(node.expr, frame)
        self.write(", ")
        self.visit(node.ops[0].expr, frame)
        self.write("))")

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

    def macro_def(self, macro_ref: MacroRef, frame: Frame) -> None:
        self.write("environment.function(")
        super().macro_def(macro_ref, frame)
        self.write(")")

    def _look_up(self, function: str, node: nodes.Getattr | nodes.Getitem, frame: Frame) -> None:
        self.write(f"{function}(")
        self.visit(node.node, frame)
        self.write(", ")
        if isinstance(node, nodes.Getattr):
            self.write(repr(node.attr))
        else:
            self.visit(node.arg, frame)
        if not (isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const)):
            self._write_text(node)
        self.write(")")

    def _charge(self, visit: Callable[[Any, Frame], None], node: nodes.Expr, frame: Frame) -> None:
        self.write("environment.charged(")
        visit(node, frame)
        self.write(")")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        """Evaluate no expression at compile time: time and memory are limited only while rendering."""
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if isinstance(node, nodes.Name):
            self._write_text(node)
        super()._output_child_post(node, frame, finalize)

    def _write_text(self, node: nodes.Expr) -> None:
        text = _text(node)
        if text:
            self.write(f", {text!r}")


def _arguments(values: nodes.Expr) -> nodes.Expr:
    """Return the expression for `*values` or `**values` with its values charged."""
    return nodes.Call(nodes.EnvironmentAttribute("arguments"), [values], [], None, None)


def _text(node: nodes.Node) -> str:
    """Return the text of `a.b[c]` and its like, as it is in the template; empty for any other expression."""
    parts: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem) and len(parts) < _MAX_PARTS:
        if isinstance(node, nodes.Getattr):
            parts.append(f".{node.attr}")
        elif isinstance(node.arg, nodes.Const):
            parts.append(f"[{node.arg.value!r}]")
        elif isinstance(node.arg, nodes.Name):
            parts.append(f"[{node.arg.name}]")
        else:
            return ""
        node = node.node
    return "".join([node.name, *reversed(parts)]) if isinstance(node, nodes.Name) else ""
