"""Values that the published request schema allows, for hypothesis."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.docs.pages import DOCS

REQUEST: dict[str, Any] = json.loads((DOCS / "schemas/email-request.schema.json").read_text())


def strategy(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for values that a schema allows."""
    if "$ref" in schema:
        return strategy(REQUEST["$defs"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of([strategy(one) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _BY_TYPE[schema["type"]](schema)


def _lists(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy(schema["items"]), min_size=schema.get("minItems", 0), max_size=min(3, schema["maxItems"]))


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "properties" in schema:
        fields = {name: strategy(value) for name, value in schema["properties"].items()}
        required = {name: fields.pop(name) for name in schema["required"]}
        made = st.fixed_dictionaries(required, optional=fields)
        # `then`: the engine's own link is for one recipient.
        return made.filter(lambda found: not _has_copies_of_a_link(found)) if "then" in schema else made
    if "additionalProperties" in schema:
        return st.dictionaries(st.sampled_from(["X-One", "References"]), strategy(schema["additionalProperties"]))
    return st.dictionaries(st.text("abc", min_size=1), st.integers() | st.text(max_size=5), max_size=3)


def _has_copies_of_a_link(request: dict[str, Any]) -> bool:
    return request.get("listUnsubscribe") is True and bool(request.get("cc") or request.get("bcc"))


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    low, high = schema.get("minLength", 0), min(schema.get("maxLength", 40), 40)
    if "pattern" in schema:
        found = st.from_regex(schema["pattern"]).filter(lambda text: low <= len(text) <= schema.get("maxLength", 999))
        return found.filter(lambda text: re.search(schema["pattern"], text) is not None)
    if schema.get("description", "").startswith("An email address"):
        return st.sampled_from(["john@example.com", "jane.doe+tag@sub.example.org", "o'neill@example.co.uk"])
    if schema.get("description", "").startswith("RFC 3339"):
        return st.sampled_from(["2026-11-24T10:31:00Z", "2026-11-25T12:00:00+01:00"])
    return st.text("abc-", min_size=low, max_size=high)


_BY_TYPE: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "null": lambda _: st.none(),
    "boolean": lambda _: st.booleans(),
    "string": _texts,
    "array": _lists,
    "object": _objects,
}
