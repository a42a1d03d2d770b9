"""Write the generated part of the TypeScript client from docs/schemas: its types, and the schemas that it checks by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.generators.python_client import EVENT, REQUEST, ROOT, SCHEMAS, UNSUBSCRIBE, Schema, class_name, description

FOLDER = ROOT / "clients" / "typescript" / "src" / "generated"
_HEAD = "// Generated from docs/schemas by `make docs`: do not edit.\n"
_SCALARS = {"string": "string", "boolean": "boolean", "integer": "number", "null": "null"}


def files() -> dict[Path, str]:
    """Return the text of every generated file."""
    request, event, unsubscribe = (json.loads((SCHEMAS / name).read_text()) for name in (REQUEST, EVENT, UNSUBSCRIBE))
    return {
        FOLDER / "requestTypes.ts": request_types(request, unsubscribe),
        FOLDER / "statusTypes.ts": status_types(event),
        FOLDER / "schemas.ts": _schemas(requestSchema=request, eventSchema=event, unsubscribeSchema=unsubscribe),
    }


def request_types(*documents: Schema) -> str:
    """Return the module with one interface for each structure of what a producer publishes."""
    lines = [_HEAD]
    for name, schema in (each for document in documents for each in document["$defs"].items()):
        if "enum" in schema:
            lines.append(f"export type {name} = {_literals(schema['enum'])};\n")
            continue
        lines += [f"/** {schema['description']} */", f"export interface {name} {{"]
        for field, value in schema["properties"].items():
            lines += _field(field, value, field in schema["required"])
        lines.append("}\n")
    return "\n".join(lines)


def typescript_type(schema: Schema) -> str:
    """Return the type of a value that a producer gives."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(typescript_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return _literals(schema["enum"])
    if schema["type"] == "array":
        return f"readonly {typescript_type(schema['items'])}[]"
    if schema["type"] == "object":
        # Not a Record: an interface of the producer's has no index signature.
        values = schema.get("additionalProperties")
        return f"Readonly<Record<string, {typescript_type(values)}>>" if values else "object"
    if schema.get("format") == "date-time":
        return "string | Date"
    return _SCALARS[schema["type"]]


def status_types(document: Schema) -> str:
    """Return the module with one interface for each status, and their union."""
    event = document["$defs"][document["$ref"].rpartition("/")[2]]
    statuses = event["properties"]["status"]["enum"]
    lines = [_HEAD, "/** What every status event has. */", "export interface StatusEventFields {"]
    for name, value in event["properties"].items():
        if "x-statuses" not in value and name != "status":
            lines += _field(name, _read(value), name in event["required"])
    lines.append("}\n")
    for status in statuses:
        lines += _status_interface(status, event)
    union = "\n  | ".join(map(class_name, statuses))
    lines.append(f"export type StatusEvent =\n  | {union};\n")
    lines.append("export type Status = StatusEvent['status'];\n")
    return "\n".join(lines)


def _status_interface(status: str, event: Schema) -> Iterator[str]:
    rules = [rule for rule in event["allOf"] if rule["if"]["properties"]["status"]["const"] == status]
    required = {name for rule in rules for name in rule["then"]["required"]}
    yield f"/** An event with the status `{status}`. */"
    yield f"export interface {class_name(status)} extends StatusEventFields {{"
    yield f"  status: '{status}';"
    for name, value in event["properties"].items():
        if status in value.get("x-statuses", ()):
            yield from _field(name, _read(value), name in required)
    yield "}\n"


def _read(schema: Schema) -> Schema:
    """Return the schema of a value that a subscriber reads: times are texts, objects have any names."""
    if schema.get("type") == "object":
        return {"$ref": "#/Readonly<Record<string, unknown>>"}
    return {name: value for name, value in schema.items() if name != "format"}


def _field(name: str, schema: Schema, required: bool) -> Iterator[str]:
    if described := description(schema):
        yield f"  /** {described}. */"
    yield f"  {name}{'' if required else '?'}: {typescript_type(schema)};"


def _schemas(**documents: Schema) -> str:
    def constant(name: str, document: Schema) -> str:
        return f"export const {name}: Document = {json.dumps(document, indent=2)};\n"

    imported = "import type { Document } from '../schemaCheck.js';\n"
    return "\n".join([_HEAD, imported, *(constant(name, document) for name, document in documents.items())])


def _literals(values: list[Any]) -> str:
    return " | ".join(f"'{value}'" for value in values)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
