"""Every type that a function may convert to is prepared: the process crashes where two threads are the first to do so.

The types are derived: from a composition root along the imports, each call that converts, with the types among its
arguments. A function that converts to a type of its caller's converts wherever it is called.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.architecture.sources import LAYER_SOURCES_BY_MODULE as MODULES
from tests.architecture.sources import Source

ROOTS = ("sesmail_layer.composition.email_sender", "sesmail_layer.composition.feedback_processor")
# msgspec's functions that take a type.
CONVERTING = {"convert", "decode", "Decoder"}
# Modules that a root imports for something else, with types that it never converts to.
NOT_CONVERTED = {
    ("sesmail_layer.composition.feedback_processor", "EmailRequest"): "it passes requests on without parsing them",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def imported(module: str) -> set[str]:
    """Return a module and all modules of the layer that it imports, however deep; those for types alone are not."""
    found: set[str] = set()
    left = [module]
    while left:
        if (name := left.pop()) in MODULES and name not in found:
            found.add(name)
            left += MODULES[name].imports_at_run_time()
    return found


def calls(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Call))


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def names_given(call: ast.Call) -> set[str]:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return {each.id for argument in given for each in ast.walk(argument) if isinstance(each, ast.Name)}


def parameters_of_types(function: Function) -> set[str]:
    """Return the parameters that are types, such as `kind: type[T]`."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return {each.arg for each in arguments if each.annotation and "type[" in ast.unparse(each.annotation)}


def converting(sources: list[Source]) -> set[str]:
    """Return the names of the functions that convert to a type, their own argument included."""
    found = set(CONVERTING)
    while True:
        more = {
            function.name
            for source in sources
            for function in ast.walk(source.tree)
            if isinstance(function, Function)
            and any(
                called(call) in found and names_given(call) & parameters_of_types(function) for call in calls(function)
            )
        }
        if more <= found:
            return found
        found |= more


def converted_to(root: str) -> set[Any]:
    sources = [MODULES[name] for name in sorted(imported(root))]
    functions = converting(sources)
    return {
        kind
        for source in sources
        for call in calls(source.tree)
        if called(call) in functions
        for name in names_given(call)
        if is_struct(kind := getattr(importlib.import_module(source.module), name, None))
    }


def is_struct(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, msgspec.Struct) and found is not msgspec.Struct


def prepared_by(root: str) -> set[Any]:
    given = [names_given(call) for call in calls(MODULES[root].tree) if called(call) == "prepare_types"]
    return {getattr(importlib.import_module(root), name) for name in set().union(*given)}


@pytest.mark.parametrize("root", ROOTS)
def test_a_root_prepares_every_type_that_its_modules_convert_to(root: str) -> None:
    needless = {kind for kind in converted_to(root) if (root, kind.__name__) in NOT_CONVERTED}
    assert converted_to(root) - needless == prepared_by(root)


def test_the_types_are_found_through_the_functions_that_pass_them_on() -> None:
    found = converting(list(MODULES.values()))
    assert {"from_item", "read_row", "read_attributes", "unwrapped"} <= found
    assert {kind.__name__ for kind in converted_to(ROOTS[1])} >= {"PastEmail", "FeedbackHop", "TrackingRecord"}


def test_every_exception_is_needed() -> None:
    found = {(root, kind.__name__) for root in ROOTS for kind in converted_to(root)}
    assert set(NOT_CONVERTED) <= found
