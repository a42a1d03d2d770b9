"""Times as this machine's clock shows them; the engine's own are UTC."""

from __future__ import annotations

import re
from datetime import datetime

_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def local_time(at: str, *, seconds: bool = False) -> str:
    """Write a record's time; its date only where that is not today."""
    try:
        moment = datetime.fromisoformat(at).astimezone()
    except ValueError:
        return at
    clock = f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
    if moment.date() == datetime.now().astimezone().date():
        return clock
    return f"{moment.day} {moment:%b %Y}, {clock}"


def with_local_times(text: str) -> str:
    """Write the UTC times in a sentence as local ones."""
    return _UTC_TIME.sub(lambda found: local_time(found[0]), text)
