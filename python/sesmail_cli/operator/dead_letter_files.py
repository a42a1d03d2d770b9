"""One dead-letter message in full, on the terminal or in a file: it may contain addresses and template data."""

from __future__ import annotations

import json
import os
import re
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sesmail_cli.operator.dead_letters import Classification, DeadLetterMessage
from sesmail_layer.domain.times import utc_text

_ENCODER = json.JSONEncoder(indent=2)
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")

Inspected = tuple[DeadLetterMessage, Classification]


def document(message: DeadLetterMessage, found: Classification) -> dict[str, Any]:
    """Return a message as JSON: the body as SQS has it, and parsed where it is JSON."""
    try:
        parsed = json.loads(message.body)
        # What is nested too deeply can be read and not written.
        deque(_ENCODER.iterencode([[parsed]]), maxlen=0)
    except (ValueError, RecursionError):
        parsed = None
    return {
        "messageId": message.message_id,
        "sentAt": utc_text(message.sent_at),
        "what": found.what,
        "cause": found.cause,
        "why": found.why,
        "target": found.target,
        "stays": found.stays,
        "attributes": dict(message.attributes),
        "json": parsed,
        "body": message.body,
    }


def save(messages: Iterable[Inspected], folder: Path) -> list[Path]:
    """Write each message to `folder`/<message id>.json, readable by its owner alone. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for message, found in messages:
        path = folder / f"{_UNSAFE.sub('_', message.message_id)}.json"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(document(message, found), file, indent=2)
        written.append(path)
    return written
