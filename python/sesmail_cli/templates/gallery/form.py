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


def fields_of(
    required: Sequence[str], optional: Sequence[str], data: Mapping[str, Any], samples: Sequence[Mapping[str, Any]] = ()
) -> list[Field]:
    """Return a field for each declared variable and each other name in the data: the required ones first.

    A variable that the data does not have is of the kind that a sample gives it.
    """
    names = dict.fromkeys([*required, *optional, *data])
    return [_field(name, data.get(name), name in required, _example(samples, name)) for name in names]


def with_fields(
    data: Mapping[str, Any], given: Mapping[str, str], required: Sequence[str], kinds: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the data with what a form changed. Values keep their type; an optional one that is emptied is left out.

    A value that the data does not have yet is of its kind in `kinds`; default: a text.
    """
    changed = dict(data)
    for name, sent in given.items():
        text, before = _lines(sent), _field(name, data.get(name), False)
        if text == _lines(before.value):
            continue
        kind = (kinds or {}).get(name, "text") if data.get(name) is None else before.kind
        value = _typed(kind, text)
        if value == "" and name not in required:
            changed.pop(name, None)
        else:
            changed[name] = value
    return changed


def _example(samples: Sequence[Mapping[str, Any]], name: str) -> Any:
    return next((sample[name] for sample in samples if sample.get(name) is not None), None)


def _field(name: str, value: Any, required: bool, example: Any = None) -> Field:
    match value:
        case None if example is not None:
            kind = _field(name, example, required).kind
            return Field(name, kind, "Not given" if kind == "data" else "", required)
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


def _typed(kind: str, text: str) -> Any:
    if kind == "flag":
        return {"true": True, "false": False}.get(text, "")
    if kind == "number":
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return value if isinstance(value, int | float) else text
    return text
