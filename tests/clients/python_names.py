"""A request of the contract in the names of the Python client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sesmail_client.names import snake_case

# The structures with names of the contract; everything else is the producer's own.
_STRUCTURES = ("senderOverride", "listUnsubscribe", "attachments")


def in_python_names(request: Mapping[str, Any]) -> dict[str, Any]:
    return {snake_case(name): _renamed(value) if name in _STRUCTURES else value for name, value in request.items()}


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {snake_case(name): item for name, item in value.items()}
    return [_renamed(item) for item in value] if isinstance(value, list) else value
