"""Undefined names, and the names that an error may quote: those in the template's own source, never those in the data.

Jinja2 quotes whatever name was looked up, also one that the data gave: `{{ order[key] }}`.
"""

from __future__ import annotations

import re
from typing import Any

from jinja2 import StrictUndefined
from jinja2.utils import missing, object_type_repr

from sesmail_layer.domain.template import bounds

_LONGEST_NAME = 100


def quoted(name: object) -> str:
    """Quote a name from the template; only mention one that came from the data."""
    text = str(name) if isinstance(name, str | int) else ""
    if 0 < len(text) <= _LONGEST_NAME and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", bounds.source()):
        return repr(name)
    return "(a name from the data)"


class UndefinedName(StrictUndefined):
    """Like Jinja2's StrictUndefined, without names from the data in its message."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint or self._undefined_obj is missing:
            return super()._undefined_message
        kind = "attribute" if isinstance(self._undefined_name, str) else "element"
        return f"{object_type_repr(self._undefined_obj)!r} has no {kind} {quoted(self._undefined_name)}"

    def __repr__(self) -> Any:
        """A list of undefined names is not text either."""
        return self._fail_with_undefined_error()
