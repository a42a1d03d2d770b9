"""SES message tags: sent with an email, and returned in each of its events.

SES answers 400 to a value outside `[A-Za-z0-9_-]`, so each is written as unpadded base64url:
https://docs.aws.amazon.com/ses/latest/APIReference/API_MessageTag.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

MAX_VALUE = 256
_NAMES = ("emailId", "attempt", "source", "redirected")
_MAX_RAW_BYTES = MAX_VALUE * 3 // 4


def encode_tags(
    email_id: str, attempt: int, template_name: str, source: str, *, redirected: bool = False
) -> dict[str, str]:
    """Return the tags of one attempt at an email; a source that is too long is cut."""
    values = {"emailId": email_id, "attempt": str(attempt), "templateName": template_name, "source": source}
    if redirected:
        values["redirected"] = "true"
    return {name: _encode(value) for name, value in values.items()}


def feedback_id_tags(source: str, topic: str) -> dict[str, str]:
    """Return the tags from which SES writes bulk mail's Feedback-ID: complaint rates by producer and topic.

    https://docs.aws.amazon.com/ses/latest/dg/monitor-using-event-publishing.html
    """
    values = {"ses:feedback-id-a": source, "ses:feedback-id-b": topic}
    return {name: re.sub("[^A-Za-z0-9_-]", "_", value)[:MAX_VALUE] for name, value in values.items()}


def decode_tags(tags: Mapping[str, Any]) -> dict[str, str]:
    """Decode an event's tags, each of them a list of one value; leave out SES's own, and whatever is not ours."""
    found = {}
    for name in _NAMES:
        values = tags.get(name)
        value = values[0] if isinstance(values, list) and values else None
        if isinstance(value, str) and (decoded := decode_tag(value)):
            found[name] = decoded
    return found


def decode_tag(value: str) -> str | None:
    """Decode a tag; None if `encode_tags` did not write it."""
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def _encode(value: str) -> str:
    raw = value.encode()[:_MAX_RAW_BYTES].decode(errors="ignore").encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
