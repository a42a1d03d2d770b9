"""Hostile data for starters, made from their samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sesmail_cli.templates.files import TemplateFiles

MARKUP = "<script>alert(1)</script><b>'\"&amp;</b> --> {{ 7 * 7 }}"
RIGHT_TO_LEFT = "שלום \u202eعالم"
LONG = "W" * 200

HOSTILE: dict[str, Callable[[str], str]] = {
    "markup": lambda _: MARKUP,
    "quotes": lambda _: 'O\'Brien "the" `quote` \\ & Söhne',
    "right to left": lambda _: RIGHT_TO_LEFT,
    "very long": lambda _: LONG,
    "many lines": lambda _: "one\n\ntwo\r\nthree",
}


def sample(template: TemplateFiles, name: str = "sample.json") -> dict[str, Any]:
    data: dict[str, Any] = json.loads(template.text(name))
    return data


def with_every_text(value: Any, change: Callable[[str], str], key: str = "") -> Any:
    """Return the data with every text changed, except empty ones and addresses that the sender checks."""
    if isinstance(value, dict):
        return {name: with_every_text(item, change, name) for name, item in value.items()}
    if isinstance(value, list):
        return [with_every_text(item, change) for item in value]
    changes = isinstance(value, str) and value and key not in ("senderEmail", "formSenderEmail", "replyToEmail")
    return change(value) if changes else value


def with_empty_lists(data: dict[str, Any]) -> dict[str, Any]:
    return {name: [] if isinstance(value, list) else value for name, value in data.items()}
