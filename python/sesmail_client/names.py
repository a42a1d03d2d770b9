"""The names of the contract (`templateName`) and Python's for them (`template_name`)."""

from __future__ import annotations

import re

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def snake_case(name: str) -> str:
    """Return Python's name of a field: `contentBase64` is `content_base64`."""
    return _CAPITAL.sub("_", name).lower()
