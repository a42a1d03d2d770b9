"""The Lambda function Unsubscribe: the page behind unsubscribe links, and their one-click POST (RFC 8058)."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from sesmail_layer.runtime.imports import quick_imports

with quick_imports():
    from sesmail_layer.composition.unsubscribe import Unsubscribe
    from sesmail_layer.runtime.settings import UnsubscribeSettings


@functools.cache
def _unsubscribe() -> Unsubscribe:
    return Unsubscribe(UnsubscribeSettings.from_env(), Path(__file__).parent / "page")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer a request of API Gateway (payload version 2.0)."""
    return _unsubscribe().handle(event)
