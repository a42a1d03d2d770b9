"""The names of the contract (`templateName`) and Python's for them (`template_name`)."""

from __future__ import annotations

import re

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_CAMEL_CASE = re.compile(r"\b[a-z]+(?:[A-Z0-9][a-z0-9]*)+\b")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def snake_case(name: str) -> str:
    """Return Python's name of a field: `contentBase64` is `content_base64`."""
    return _CAPITAL.sub("_", name).lower()


def in_python_names(text: str) -> str:
    """Return a text in which the contract's names are Python's."""
    return _CAMEL_CASE.sub(lambda name: snake_case(name[0]), text)


def shown(name: str) -> str:
    """Return a name where it looks like one, else its length: it may be an address."""
    return name if _FIELD_NAME.fullmatch(name) else f"(a name of {len(name)} characters)"
