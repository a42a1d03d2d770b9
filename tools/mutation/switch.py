"""Put a mutant in the place of its function.

mutmut's own way is a wrapper around every function, which chooses at every call: a fifth of a run's time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from tools.mutation.reach import function_of

# mutmut's key for the unchanged copy of a function.
ORIGINAL = "_mutmut_orig"
Copies = dict[str, Any]

FUNCTIONS: dict[str, tuple[FunctionType, Copies]] = {}
"""The functions that have mutants, by mutmut's name, with their copies."""
_registered: list[tuple[FunctionType, Copies]] = []


def register(mutants: Copies, is_classmethod: bool = False) -> Callable[[Any], Any]:
    """Stand in for mutmut's `wrap_in_trampoline`. `mutants` is filled after the function is defined."""

    def unchanged(function: Any) -> Any:
        _registered.append((function, mutants))
        return function

    return unchanged


def use_originals() -> None:
    """Let each function run mutmut's copy of it, so that a line number says in which copy it is."""
    for function, mutants in _registered:
        original = _plain(mutants[ORIGINAL])
        FUNCTIONS[f"{function.__module__}.{function_of(original.__name__)}"] = function, mutants
        _copy(original, function)


def use(mutant: str) -> None:
    """Let the function of a mutant do what the mutant does, in this process."""
    function, mutants = FUNCTIONS[function_of(mutant)]
    _copy(_plain(mutants[mutant.rpartition(".")[2]]), function)


def clear_caches() -> None:
    """Clear the layer's caches: a cached result hides a call."""
    modules = [module for name, module in sys.modules.items() if name.startswith("sesmail_layer.")]
    values: list[Any] = [value for module in modules for value in vars(module).values()]
    for value in values:
        if hasattr(value, "cache_clear"):
            value.cache_clear()


def _plain(function: Any) -> FunctionType:
    """Return the function of a class method."""
    plain: FunctionType = getattr(function, "__func__", function)
    return plain


def _copy(source: FunctionType, target: FunctionType) -> None:
    # A method that no longer calls `super()` needs no `__class__`, but its function has it.
    target.__code__ = source.__code__.replace(co_freevars=target.__code__.co_freevars)
    target.__defaults__ = source.__defaults__
    target.__kwdefaults__ = source.__kwdefaults__
