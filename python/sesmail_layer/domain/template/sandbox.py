"""Jinja2 for untrusted templates and data: sandboxed, and with limits on what an expression may build.

Jinja2's own sandbox protects Python's internals, but does not limit memory. So everything that makes a value
(operators, literals, slices, calls, filters, captured output) is checked by bounds.py and prices.py, before it is made
where that takes more than its result. The caller limits the time to compile and to render.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, NoReturn

from jinja2 import Template, Undefined, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.utils import missing, object_type_repr

from sesmail_layer.domain.template import attributes, bounds, prices
from sesmail_layer.domain.template.colors import COLOR_FILTERS
from sesmail_layer.domain.template.formatting import FILTERS
from sesmail_layer.domain.template.generator import Generator
from sesmail_layer.domain.template.undefined import UndefinedName, quoted


class Captured(list[str]):
    """Output that a block, a macro or `{% set %}…{% endset %}` captures; each piece is charged as it comes."""

    def append(self, piece: str) -> None:
        bounds.spend(bounds.PER_OBJECT + bounds.size(piece))
        super().append(piece)

    def extend(self, pieces: Iterable[str]) -> None:
        for piece in pieces:
            self.append(piece)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Rejects undefined names, and expressions that would build huge values."""

    code_generator_class = Generator
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})
    captured = Captured
    charged = staticmethod(bounds.charged)
    arguments = staticmethod(prices.arguments)
    function = staticmethod(prices.function)

    def __init__(self, **options: Any) -> None:
        options = {"cache_size": 0, **options}
        super().__init__(**options, undefined=UndefinedName, optimized=False, finalize=bounds.printed)
        del self.globals["lipsum"]
        self.filters = {name: _guarded(name, self.filters[name]) for name in self.filters if name in prices.FILTERS}
        # Their numbers are amounts and times, not counts, so they are not guarded; they have limits of their own.
        self.filters |= FILTERS | COLOR_FILTERS
        self.tests |= {name: _guarded_test(name, self.tests[name]) for name in prices.TESTS}

    def handle_exception(self, *_: Any, **__: Any) -> NoReturn:
        """Raise what the template raised. Jinja2's own rewritten traceback would keep all values in memory."""
        raise

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """Join captured output; called by generated code."""
        if not isinstance(pieces, Captured):
            captured = Captured()
            captured.extend(pieces)
            pieces = captured
        return bounds.charged("".join(pieces))

    @staticmethod
    def joined(join: Callable[[Iterable[Any]], str], parts: tuple[Any, ...]) -> str:
        """Evaluate `a ~ b`; called by generated code."""
        bounds.checked(sum(map(bounds.text_weight, parts)))
        return bounds.charged(join(parts))

    @staticmethod
    def contains(value: Any, container: Any) -> bool:
        """Evaluate `value in container`; called by generated code."""
        prices.check_membership(value, container)
        return value in container

    def getattr(self, obj: Any, attribute: str, text: str = "") -> Any:
        """Look up `obj.attribute`, whose text in the template is given where it has one."""
        if isinstance(obj, Undefined):
            return obj[attribute]
        value = attributes.own(obj, attribute)
        if value is not missing:
            return value
        hint = None
        if attributes.has_method(obj, attribute):
            hint = f"{text!r}" if text else quoted(attribute)
            hint += f" is a method of {object_type_repr(obj)!r}, not data"
        return self.undefined(hint, obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any, text: str = "") -> Any:
        """Look up `obj[argument]`; its text in the template is given where the argument is a variable."""
        if isinstance(obj, Undefined):
            return obj[argument]
        if isinstance(obj, str | list | tuple | range | Mapping):
            try:
                return obj[argument]
            except (TypeError, LookupError):
                pass
        value = attributes.own(obj, argument) if isinstance(argument, str) else missing
        if value is not missing:
            return value
        if text:
            return self.undefined(f"{text!r} is undefined")
        return self.getattr(obj, argument) if isinstance(argument, str) else self.undefined(obj=obj, name=argument)

    def method(self, obj: Any, attribute: str, text: str = "") -> Any:
        """Look up `obj.attribute` to call it: the one place where a method is a value; called by generated code."""
        value = missing if isinstance(obj, Undefined) else attributes.own(obj, attribute)
        if value is missing or not attributes.is_function(value):
            if attributes.has_method(obj, attribute):
                function = getattr(obj, attribute)
                return self.wrap_str_format(function) or function
            if value is not missing:
                raise UndefinedError(f"{text or attribute!r} is data, not a method")
            value = self.getattr(obj, attribute, text)
        return value

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        def bounded(*args: Any, **kwargs: Any) -> str:
            values = tuple(args[0].values()) if value.__name__ == "format_map" else (*args, *kwargs.values())
            bounds.check_format(value.__self__, values)
            return bounds.charged(wrapped(*args, **kwargs))

        return functools.update_wrapper(bounded, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "*":
            bounds.check_repetition(left, right)
        elif operator == "**":
            bounds.check_power(left, right)
        elif operator == "%" and isinstance(left, str):
            bounds.check_percent(left, right)
        return bounds.charged(super().call_binop(context, operator, left, right))

    def is_safe_callable(self, obj: Any) -> bool:
        return isinstance(obj, Undefined) or attributes.is_function(obj)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not self.is_safe_callable(obj):
            raise SecurityError("only macros, methods and functions can be called")
        text = getattr(obj, "__self__", None)
        if isinstance(text, str):
            name = obj.__name__
            args = prices.checked_method(name, text, args, kwargs)
            return bounds.charged(super().call(context, obj, *args, **kwargs))
        if obj is safe_range:
            bounds.check_numbers("range", args)
        if isinstance(obj, type):
            args = tuple(prices.arguments(arg) if isinstance(arg, Iterable) else arg for arg in args)
            return prices.function(bounds.charged(super().call(context, obj, *args, **kwargs)))
        if isinstance(obj, Macro) and (obj.catch_varargs or obj.catch_kwargs):
            bounds.weight((args, kwargs))
        return super().call(context, obj, *args, **kwargs)

    def _filter_test_common(self, name: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a filter or test by a name that an expression gives: `map(name)`, `select(name)`."""
        if name not in self.filters and name not in self.tests:
            raise SecurityError(f"no filter or test is named {quoted(name)}")
        return super()._filter_test_common(name, *args, **kwargs)

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> Template:
        if self.loader is None:
            raise SecurityError("no include, import or extends: a template is its own three files")
        return super()._load_template(name, globals)


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that is checked before it runs, and charged for its result."""
    offset = int(hasattr(function, "jinja_pass_arg"))

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        value = prices.checked_filter(name, args[offset], args[offset + 1 :], kwargs)
        return prices.result(name, function(*args[:offset], value, *args[offset + 1 :], **kwargs))

    return guarded


def _guarded_test(name: str, function: Any) -> Callable[..., Any]:
    @functools.wraps(function)
    def guarded(value: Any, *args: Any, **kwargs: Any) -> Any:
        prices.checked_test(name, value, (*args, *kwargs.values()))
        return function(value, *args, **kwargs)

    return guarded
