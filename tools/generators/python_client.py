"""Write the generated part of the Python client from docs/schemas: its types, and the schemas that it checks by."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sesmail_client.names import snake_case

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
FOLDER = ROOT / "python" / "sesmail_client"
REQUEST = "email-request.schema.json"
EVENT = "email-status-changed.schema.json"
UNSUBSCRIBE = "email-unsubscribe-requested.schema.json"
_HEAD = '"""{about} Generated from docs/schemas by `make docs`: do not edit."""\n\nfrom __future__ import annotations\n'
_SCALARS = {"string": "str", "boolean": "bool", "integer": "int", "object": "Mapping[str, Any]"}
# Left out of `repr`, so that a logged event has no personal data.
_PERSONAL = ("toEmail", "subject", "metadata", "diagnosticCode", "link", "redirectedTo")

Schema = Mapping[str, Any]


def files() -> dict[Path, str]:
    """Return the text of every generated file."""
    texts = {name: (SCHEMAS / name).read_text() for name in (REQUEST, EVENT, UNSUBSCRIBE)}
    documents = {name: json.loads(text) for name, text in texts.items()}
    return {
        **{FOLDER / name: text for name, text in texts.items()},
        FOLDER / "request_types.py": _formatted(request_types(documents[REQUEST], documents[UNSUBSCRIBE])),
        FOLDER / "status_types.py": _formatted(status_types(documents[EVENT])),
    }


def request_types(*documents: Schema) -> str:
    """Return the module with one TypedDict for each structure of what a producer publishes."""
    lines = [_HEAD.format(about="The request, in Python's names.")]
    lines.append("from collections.abc import Mapping\nfrom datetime import datetime")
    lines.append("from typing import Any, Literal, Required, TypedDict\n\n")
    for document in documents:
        main = document["$ref"].rpartition("/")[2]
        definitions = dict(document["$defs"])
        request = definitions.pop(main)
        # Types before those that use them: definitions refer to each other only from the request.
        for name, schema in [*definitions.items(), (main, request)]:
            lines += _definition(name, schema)
    return "\n".join(lines)


def _definition(name: str, schema: Schema) -> Iterator[str]:
    if "enum" in schema:
        yield f"{name} = {_literal(schema['enum'])}\n"
        return
    yield f"class {name}(TypedDict, total=False):"
    yield f'    """{schema["description"]}"""\n'
    for field, value in schema["properties"].items():
        kind = python_type(value)
        yield f"    {snake_case(field)}: {f'Required[{kind}]' if field in schema['required'] else kind}"
        if described := description(value):
            yield f'    """{described}."""'
    yield "\n"


def python_type(schema: Schema) -> str:
    """Return the annotation of a value."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(python_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return _literal(schema["enum"])
    if schema["type"] == "null":
        return "None"
    if schema["type"] == "array":
        return f"list[{python_type(schema['items'])}]"
    if schema["type"] == "object" and "additionalProperties" in schema:
        return f"Mapping[str, {python_type(schema['additionalProperties'])}]"
    if schema.get("format") == "date-time":
        return "str | datetime"
    return _SCALARS[schema["type"]]


def status_types(document: Schema) -> str:
    """Return the module with one class for each status, and their union."""
    event = document["$defs"][document["$ref"].rpartition("/")[2]]
    statuses = event["properties"]["status"]["enum"]
    common = {name: value for name, value in event["properties"].items() if "x-statuses" not in value}
    del common["status"]
    lines = [_HEAD.format(about="The status events, one class for each status.")]
    lines.append("from collections.abc import Mapping\nfrom dataclasses import dataclass, field")
    lines.append("from datetime import datetime\nfrom typing import Any, Literal\n\n")
    lines.append("@dataclass(frozen=True, slots=True, kw_only=True)\nclass StatusEventFields:")
    lines.append('    """What every status event has."""\n')
    lines += [_event_field(name, value, name in event["required"]) for name, value in common.items()]
    for status in statuses:
        lines += _status_class(status, event)
    classes = [class_name(status) for status in statuses]
    lines.append(f"\n\nStatusEvent = {' | '.join(classes)}")
    lines.append(f"Status = {_literal(statuses)}\n")
    mapping = ", ".join(f'"{status}": {class_name(status)}' for status in statuses)
    lines.append(f"CLASSES: Mapping[str, type[StatusEvent]] = {{{mapping}}}\n")
    return "\n".join(lines)


def class_name(status: str) -> str:
    """Return the class of a status: `soft_bounced` is an `EmailSoftBounced`."""
    return "Email" + "".join(word.capitalize() for word in status.split("_"))


def _status_class(status: str, event: Schema) -> Iterator[str]:
    required = {
        name
        for rule in event["allOf"]
        if rule["if"]["properties"]["status"]["const"] == status
        for name in rule["then"]["required"]
    }
    yield "\n\n@dataclass(frozen=True, slots=True, kw_only=True)"
    yield f"class {class_name(status)}(StatusEventFields):"
    yield f'    """An event with the status `{status}`."""\n'
    yield f'    status: Literal["{status}"] = "{status}"'
    for name, value in event["properties"].items():
        if status in value.get("x-statuses", ()):
            yield _event_field(name, value, name in required)


def _event_field(name: str, schema: Schema, required: bool) -> str:
    kind = "datetime" if schema.get("format") == "date-time" else python_type(schema)
    options = ([] if required else ["default=None"]) + (["repr=False"] if name in _PERSONAL else [])
    value = f" = field({', '.join(options)})" if "repr=False" in options else "" if required else " = None"
    return f"    {snake_case(name)}: {kind if required else f'{kind} | None'}{value}"


def description(schema: Schema) -> str:
    """Return what the schema says of a value, or nothing."""
    choices = schema.get("anyOf", [schema])
    return next((str(choice["description"]) for choice in choices if "description" in choice), "")


def _literal(values: list[str]) -> str:
    return f"Literal[{', '.join(json.dumps(value) for value in values)}]"


def _formatted(code: str) -> str:
    """Format as `make fmt` does."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(FOLDER / "generated.py"), "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def main() -> None:
    for path, text in files().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
