"""A form made from a template's variables, next to the JSON that it fills."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

# A form changes a NUL and a lone CR, and UTF-8 has no surrogates.
_NOT_IN_FORMS = re.compile("[\\x00\\ud800-\\udfff]|\\r(?!\\n)")
_SURROGATES = re.compile("[\\ud800-\\udfff]")
_LONG = 60
"""A text of more characters gets several lines."""


class Field(NamedTuple):
    name: str
    kind: str
    """`text`, `lines`, `number`, `flag`, or `data`: a list, an object or the like, which only the JSON changes."""
    value: str
    required: bool


def parse_data(text: str) -> dict[str, Any] | None:
    """Return the data as an object; None where it is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def as_json(data: Mapping[str, Any]) -> str:
    """Write data as JSON for people; surrogates are escaped, which no page can hold."""
    return escape_surrogates(json.dumps(data, indent=2, ensure_ascii=False))


def escape_surrogates(text: str) -> str:
    """Escape surrogates in JSON text."""
    return _SURROGATES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def fields_of(required: Sequence[str], optional: Sequence[str], data: Mapping[str, Any]) -> list[Field]:
    """Return a field for each declared variable and each other name in the data: the required ones first."""
    names = dict.fromkeys([*required, *optional, *data])
    return [_field(name, data.get(name), name in required) for name in names]


def with_fields(data: Mapping[str, Any], given: Mapping[str, str], required: Sequence[str]) -> dict[str, Any]:
    """Return the data with what a form changed. Values keep their type; an optional one that is emptied is left out."""
    changed = dict(data)
    for name, sent in given.items():
        text = _lines(sent)
        if text == _lines(_field(name, data.get(name), False).value):
            continue
        value = _typed(data.get(name), text)
        if value == "" and name not in required:
            changed.pop(name, None)
        else:
            changed[name] = value
    return changed


def _field(name: str, value: Any, required: bool) -> Field:
    match value:
        case bool():
            return Field(name, "flag", "true" if value else "false", required)
        case int() | float():
            return Field(name, "number", json.dumps(value), required)
        case None:
            return Field(name, "text", "", required)
        case list():
            return Field(name, "data", f"{len(value)} in a list", required)
        case dict():
            return Field(name, "data", f"{len(value)} values", required)
    text = str(value)
    if _NOT_IN_FORMS.search(name + text):
        return Field(name, "data", "A text that no form can hold", required)
    return Field(name, "lines" if "\n" in text or len(text) > _LONG else "text", text, required)


def _lines(text: str) -> str:
    """Return a text as a form has it, whatever its line ends."""
    return text.replace("\r\n", "\n")


def _typed(before: Any, text: str) -> Any:
    if isinstance(before, bool):
        return {"true": True, "false": False}.get(text, "")
    if isinstance(before, int | float):
        try:
            value = json.loads(text)
        except ValueError:
            return text
        return value if isinstance(value, int | float) else text
    return text
