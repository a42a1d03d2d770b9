"""Check a value against the published schema, and write it as the contract has it.

This reads the part of JSON Schema that docs/schemas use: `$ref`, `anyOf`, `type`, `enum`, `pattern`, limits of lengths
and counts, `properties`, `required` and `additionalProperties`. A test compares it with a complete validator.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Any, NoReturn

from sesmail_client.errors import InvalidEmailError
from sesmail_client.names import in_python_names, shown, snake_case

Schema = Mapping[str, Any]

MAX_DEPTH = 200
# At the end of every pattern, since a lone `$` lets a trailing line break through. Only confuses in a message.
_NO_LINE_BREAK = r"(?!\n)"
_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (str, "string"),
    (int, "integer"),
    (float, "number"),
    (Mapping, "object"),
    ((list, tuple), "array"),
    (type(None), "null"),
)
_WORDS = {"string": "a text", "object": "an object", "array": "a list", "boolean": "true or false", "null": "None"}


def load_schema(name: str) -> Schema:
    """Return one of the schemas that the package contains."""
    text = resources.files("sesmail_client").joinpath(name).read_text("utf-8")
    schema: Schema = json.loads(text)
    return schema


class SchemaCheck:
    """The rules of one schema document."""

    def __init__(self, document: Schema) -> None:
        self._definitions: Schema = document["$defs"]
        self.main = self._resolved(document)

    def encode(self, value: object, schema: Schema, field: str) -> Any:
        """Return a value as the contract has it, with the contract's names. Raises InvalidEmailError."""
        schema = self._resolved(schema)
        if "anyOf" in schema:
            schema = self._choice(value, schema["anyOf"], field)
        if "enum" in schema:
            return self._enumerated(value, schema, field)
        if isinstance(value, datetime) and schema.get("format") == "date-time":
            value = _time(value, field)
        if (found := json_type(value)) != schema["type"]:
            raise InvalidEmailError(field, describe(value), _WORDS[schema["type"]])
        if found == "string":
            return _text(str(value), schema, field)
        if isinstance(value, Mapping):
            return self._object(value, schema, field)
        if isinstance(value, list | tuple):
            _at_most(len(value), schema.get("maxItems"), field, "entries")
            return [self.encode(item, schema["items"], f"{field}[{i}]") for i, item in enumerate(value)]
        return value

    def _object(self, value: Mapping[Any, Any], schema: Schema, field: str) -> dict[str, Any]:
        if "properties" in schema:
            return self.fields(value, schema, f"{field}.")
        if "additionalProperties" in schema:
            _at_most(len(value), schema.get("maxProperties"), field, "entries")
            rule = schema["additionalProperties"]
            return {
                _key(name, field): self.encode(item, rule, f"{field}.{shown(name)}") for name, item in value.items()
            }
        return {_key(name, field): json_value(item, f"{field}.{shown(name)}") for name, item in value.items()}

    def fields(self, given: Mapping[str, object], schema: Schema, prefix: str = "") -> dict[str, Any]:
        """Return a structure's fields by the contract's names, without those that are None.

        Raises InvalidEmailError.
        """
        names = {snake_case(name): name for name in schema["properties"]}
        for name in given:
            if name not in names:
                _reject_unknown(str(name), names, prefix, schema.get("x-use-instead", {}))
        for name in map(snake_case, schema["required"]):
            if given.get(name) is None:
                raise InvalidEmailError(prefix + name, "nothing", "it is required")
        return {
            names[name]: self.encode(value, schema["properties"][names[name]], prefix + name)
            for name, value in given.items()
            if value is not None
        }

    def _choice(self, value: object, choices: list[Schema], field: str) -> Schema:
        found = "string" if isinstance(value, datetime) else json_type(value)
        resolved = [self._resolved(choice) for choice in choices]
        for choice in resolved:
            if choice.get("type", "string") == found:
                return choice
        words = [_WORDS[choice.get("type", "string")] for choice in resolved]
        raise InvalidEmailError(field, describe(value), " or ".join(words))

    def _enumerated(self, value: object, schema: Schema, field: str) -> Any:
        if value in schema["enum"]:
            return value
        raise InvalidEmailError(field, describe(value), ", ".join(schema["enum"]))

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return self._definitions[reference.rpartition("/")[2]] if reference else schema


def json_type(value: object) -> str:
    """Return the type that a value has in JSON; of anything else the name of its class."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), type(value).__name__)


def describe(value: object) -> str:
    """Describe a value without its content: it may be an address or a name."""
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    if isinstance(value, Mapping | list | tuple):
        return f"{_WORDS[json_type(value)]} of {len(value)}"
    if isinstance(value, bool | int | float | None):
        return str(value)
    return type(value).__name__


def json_value(value: object, field: str, depth: int = 1) -> Any:
    """Return a value that JSON can write, such as template data. Raises InvalidEmailError where there is none."""
    if depth > MAX_DEPTH:
        raise InvalidEmailError(field, f"more than {MAX_DEPTH} levels", f"{MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {
            _key(name, field): json_value(item, f"{field}.{shown(name)}", depth + 1) for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [json_value(item, f"{field}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, str):
        return _unicode(value, field)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidEmailError(field, str(value), "a finite number")
    if json_type(value) == type(value).__name__:
        allowed = "what JSON can write: a text, number, list, object, true, false or None"
        raise InvalidEmailError(field, type(value).__name__, allowed)
    return value


def _reject_unknown(name: str, known: Mapping[str, str], prefix: str, instead: Mapping[str, str]) -> NoReturn:
    if advice := instead.get(re.sub(r"[^a-z0-9]", "", name.casefold())):
        raise InvalidEmailError(prefix + shown(name), "a name of other mail APIs", in_python_names(advice))
    close = difflib.get_close_matches(snake_case(name), known, n=1)
    allowed = f"{prefix}{close[0]} (did you mean it?)" if close else ", ".join(known)
    raise InvalidEmailError(prefix + shown(name), "an unknown field", allowed)


def _text(value: str, schema: Schema, field: str) -> str:
    _unicode(value, field)
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if len(value) < low:
        raise InvalidEmailError(field, describe(value), f"at least {low} characters")
    _at_most(len(value), high, field, "characters")
    if "pattern" in schema and re.search(schema["pattern"], value) is None:
        pattern = schema["pattern"].removesuffix(_NO_LINE_BREAK)
        raise InvalidEmailError(field, describe(value), f"what matches {pattern}")
    return value


def _unicode(value: str, field: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidEmailError(field, "half a surrogate pair", "Unicode text") from None
    return value


def _key(name: object, field: str) -> str:
    if not isinstance(name, str):
        raise InvalidEmailError(field, f"a name that is {type(name).__name__}", "names that are texts")
    return _unicode(name, field)


def _time(value: datetime, field: str) -> str:
    if value.tzinfo is None:
        raise InvalidEmailError(field, "a time without time zone", "a datetime with tzinfo")
    return value.isoformat()


def _at_most(count: int, limit: int | None, field: str, unit: str) -> None:
    if limit is not None and count > limit:
        raise InvalidEmailError(field, f"{count} {unit}", f"at most {limit}")
