"""What a template may look up in a value: the data's own keys first, and Python's methods only to call them.

`order.items` is the order's items, where Python would give the method of a dict. A method that is not called is no
value: printed, it would be `<built-in method title of str object at 0x…>` in a customer's email.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from jinja2.environment import TemplateModule
from jinja2.runtime import BlockReference, LoopContext, Macro, TemplateReference
from jinja2.utils import Cycler, Joiner, Namespace, missing

from sesmail_layer.domain.template.prices import TEXT_METHODS

_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(TEXT_METHODS),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
    float: frozenset({"is_integer"}),
    LoopContext: frozenset({"changed", "cycle"}),
    Cycler: frozenset({"next", "reset"}),
    BlockReference: frozenset({"super"}),
}
_VALUES: dict[type, frozenset[str]] = {
    LoopContext: frozenset("depth depth0 first index index0 last length nextitem previtem revindex revindex0".split()),
    Cycler: frozenset({"current"}),
    Macro: frozenset({"arguments", "caller", "catch_kwargs", "catch_varargs", "name"}),
}
_FUNCTIONS = (BlockReference, Joiner, LoopContext, Macro, BuiltinMethodType, FunctionType, MethodType)
_CLASSES = (dict, Cycler, Joiner, Namespace)


def own(value: Any, name: str) -> Any:
    """Return what a value holds under a name, or `missing`."""
    if isinstance(value, Mapping):
        return value.get(name, missing)
    if isinstance(value, Namespace):
        return value._Namespace__attrs.get(name, missing)
    if isinstance(value, TemplateReference):
        return _block(value, name)
    if isinstance(value, TemplateModule):
        return missing if name.startswith("_") else value.__dict__.get(name, missing)
    named = isinstance(value, tuple) and name in getattr(value, "_fields", ())
    if named or _allows(_VALUES, value, name):
        return getattr(value, name)
    return missing


def has_method(value: Any, name: str) -> bool:
    return _allows(_METHODS, value, name)


def is_function(value: Any) -> bool:
    return isinstance(value, _FUNCTIONS) or value in _CLASSES


def _block(reference: TemplateReference, name: str) -> Any:
    try:
        return reference[name]
    except KeyError:
        return missing


def _allows(table: dict[type, frozenset[str]], value: Any, name: str) -> bool:
    return any(isinstance(value, kind) and name in names for kind, names in table.items())
