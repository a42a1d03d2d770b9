"""What SES rejects and the emulators accept, with SES's own error codes and messages.

https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html and API_MessageTag.html, and
https://docs.aws.amazon.com/ses/latest/dg/quotas.html: a message of up to 40 MB through v2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.ses.message import Message

MAX_MESSAGE_BYTES = {"v1": 10 * 1024 * 1024, "v2": 40 * 1024 * 1024}
MAX_RECIPIENTS = 50
TAG_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,256}")
FEEDBACK_ID_TAGS = ("ses:feedback-id-a", "ses:feedback-id-b")
"""SES's own names with a colon: it writes their values into the header Feedback-ID."""


@dataclass(frozen=True)
class ErrorResponse:
    """An error that SES answers with."""

    code: str
    message: str
    status: int = 400


def exceeded_limit(message: Message, configuration_sets: Mapping[str, Any]) -> ErrorResponse | None:
    """Return SES's error for the first of its limits that the message exceeds."""
    return (
        _size_error(message)
        or _recipients_error(message)
        or _tag_error(message)
        or _configuration_set_error(message, configuration_sets)
    )


def _size_error(message: Message) -> ErrorResponse | None:
    limit = MAX_MESSAGE_BYTES[message.api]
    if len(message.raw) <= limit:
        return None
    text = f"Message length is more than {limit} bytes long: '{len(message.raw)}'."
    return ErrorResponse("InvalidParameterValue", text)


def _recipients_error(message: Message) -> ErrorResponse | None:
    if len(message.destinations) > MAX_RECIPIENTS:
        return ErrorResponse("InvalidParameterValue", f"Recipient count exceeds {MAX_RECIPIENTS}.")
    if not message.destinations:
        return ErrorResponse("InvalidParameterValue", "Destination required.")
    for address in message.destinations:
        local, _, domain = address.rpartition("@")
        if not local or not domain:
            return ErrorResponse("InvalidParameterValue", "Missing final '@domain'")
        if not local.isascii():
            return ErrorResponse("InvalidParameterValue", "Local address contains non-ASCII characters")
        if not domain.isascii() or re.search(r"\s", domain):
            return ErrorResponse("InvalidParameterValue", "Domain contains illegal character")
    return None


def _tag_error(message: Message) -> ErrorResponse | None:
    for name, value in message.tags:
        for kind, text in (("name", name), ("value", value)):
            if not (TAG_PATTERN.fullmatch(text) or (kind == "name" and text in FEEDBACK_ID_TAGS)):
                error = f"Invalid tag {kind} <{text}>: only alphanumeric ASCII characters, '_', and '-' are allowed."
                return ErrorResponse("InvalidParameterValue", error)
    return None


def _configuration_set_error(message: Message, configuration_sets: Mapping[str, Any]) -> ErrorResponse | None:
    name = message.configuration_set
    if not name:
        return None
    if name not in configuration_sets:
        return ErrorResponse("ConfigurationSetDoesNotExist", f"Configuration set <{name}> does not exist.")
    sending = configuration_sets[name].get("SendingOptions") or {}
    if sending.get("SendingEnabled", True):
        return None
    text = f"Sending is paused for configuration set <{name}>."
    return ErrorResponse("ConfigurationSetSendingPausedException", text)
