"""Writes docs/schemas from the types that the engine itself reads and writes with.

python tools/generators/schemas.py writes them; with --check it fails where a file is not what it would write.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

from sesmail_layer.domain.record.statuses import Status  # noqa: E402
from sesmail_layer.domain.request.email_request import EmailRequest  # noqa: E402
from sesmail_layer.domain.status_event import StatusEvent  # noqa: E402

FOLDER = ROOT / "docs" / "schemas"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NULL = {"type": "null"}

Schema = dict[str, Any]


def request_schema() -> Schema:
    """The detail of an `Email Request`. The engine takes `null` for absent, so every optional field may be null."""
    schema = _document(EmailRequest, "Email Request", "What a producer puts into an event's detail.")
    _main(schema)["properties"] = {
        name: value if name in _main(schema)["required"] else _or_null(value)
        for name, value in _main(schema)["properties"].items()
    }
    return schema


def event_schema() -> Schema:
    """The detail of an `Email Status Changed`. What does not apply is left out, never null."""
    schema = _document(StatusEvent, "Email Status Changed", "What a subscriber finds in an event's detail.")
    properties = _main(schema)["properties"] = {
        name: _not_null(value) for name, value in _main(schema)["properties"].items()
    }
    # `sending` is the engine's own mark, which nobody is told of.
    properties["status"]["enum"] = [status.value for status in Status if status is not Status.SENDING]
    properties["recipientType"]["enum"] = ["cc", "bcc"]
    for name in ("timestamp", "until"):
        properties[name]["format"] = "date-time"
    return schema


def files() -> dict[Path, str]:
    """Every schema file with its text."""
    return {
        FOLDER / "email-request.schema.json": _text(request_schema()),
        FOLDER / "email-status-changed.schema.json": _text(event_schema()),
    }


def _document(kind: type[msgspec.Struct], title: str, description: str) -> Schema:
    return {"$schema": _DRAFT, "title": title, "description": description, **msgspec.json.schema(kind)}


def _main(schema: Schema) -> Schema:
    found: Schema = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    return found


def _or_null(value: Schema) -> Schema:
    if _NULL in value.get("anyOf", []):
        return value
    default = {"default": value["default"]} if "default" in value else {}
    return {"anyOf": [{name: item for name, item in value.items() if name != "default"}, _NULL], **default}


def _not_null(value: Mapping[str, Any]) -> Schema:
    choices = [choice for choice in value.get("anyOf", []) if choice != _NULL]
    return dict(choices[0]) if len(choices) == 1 else dict(value)


def _text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=True) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file is out of date")
    check = parser.parse_args().check
    stale = {path: text for path, text in files().items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        if check:
            print(f"{path.relative_to(ROOT)} is out of date: run python tools/generators/schemas.py", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
