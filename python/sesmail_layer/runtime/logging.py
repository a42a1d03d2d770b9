"""Structured logs: an event with keys per line, as JSON, without addresses."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from sesmail_layer.domain.plain_text import redacted


class Logger:
    """Writes one line for each event of its level or above, with the context in every line."""

    def __init__(self, level: str, context: dict[str, str]) -> None:
        self._level = logging.getLevelNamesMapping()[level]
        self._context = context

    def debug(self, event: str, **data: Any) -> None:
        self._write(logging.DEBUG, event, data)

    def info(self, event: str, **data: Any) -> None:
        self._write(logging.INFO, event, data)

    def warning(self, event: str, **data: Any) -> None:
        self._write(logging.WARNING, event, data)

    def error(self, event: str, **data: Any) -> None:
        self._write(logging.ERROR, event, data)

    def critical(self, event: str, **data: Any) -> None:
        self._write(logging.CRITICAL, event, data)

    def _write(self, level: int, event: str, data: dict[str, Any]) -> None:
        if level < self._level:
            return
        time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        line = {**self._context, **data, "event": event, "level": logging.getLevelName(level), "time": time}
        line |= _traceback(line.pop("exc_info", None))
        # One call for the line and its end: the sender's threads write at the same time.
        sys.stdout.write(json.dumps(_redacted_value(line)) + "\n")
        sys.stdout.flush()


def configure(level: str, **context: str) -> Logger:
    """Return a logger with the context (function, environment, …) in every line."""
    return Logger(level, context)


def _traceback(error: object) -> dict[str, Any]:
    """Render an exception as its type and stack: its message may quote values (`KeyError: 'john'`)."""
    if error is True:
        error = sys.exc_info()[1]
    if not isinstance(error, BaseException):
        return {}
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "traceback": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


def _redacted_value(value: object) -> object:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted_value(item) for item in value]
    if isinstance(value, dict):
        return {_redacted_value(key): _redacted_value(item) for key, item in value.items()}
    return value if isinstance(value, bool | int | float | None) else redacted(str(value))
