"""What SES refuses and no emulator does, with SES's own error codes and words.

https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html and API_MessageTag.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.ses.message import Message

MAX_MESSAGE_BYTES = 10 * 1024 * 1024
MAX_RECIPIENTS = 50
TAG_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True)
class Refusal:
    """An answer of SES that is not an acceptance."""

    code: str
    message: str
    status: int = 400


def refusal_of(message: Message, configuration_sets: Mapping[str, Any]) -> Refusal | None:
    """The first of SES's limits that the message breaks, or None."""
    return (
        _bad_size(message)
        or _bad_recipients(message)
        or _bad_tag(message)
        or _bad_configuration_set(message, configuration_sets)
    )


def _bad_size(message: Message) -> Refusal | None:
    if len(message.raw) <= MAX_MESSAGE_BYTES:
        return None
    words = f"Message length is more than {MAX_MESSAGE_BYTES} bytes long: '{len(message.raw)}'."
    return Refusal("InvalidParameterValue", words)


def _bad_recipients(message: Message) -> Refusal | None:
    if len(message.destinations) > MAX_RECIPIENTS:
        return Refusal("InvalidParameterValue", f"Recipient count exceeds {MAX_RECIPIENTS}.")
    if not message.destinations:
        return Refusal("InvalidParameterValue", "Destination required.")
    for address in message.destinations:
        local, _, domain = address.rpartition("@")
        if not local or not domain:
            return Refusal("InvalidParameterValue", "Missing final '@domain'")
        if not local.isascii():
            return Refusal("InvalidParameterValue", "Local address contains non-ASCII characters")
        if not domain.isascii() or re.search(r"\s", domain):
            return Refusal("InvalidParameterValue", "Domain contains illegal character")
    return None


def _bad_tag(message: Message) -> Refusal | None:
    for name, value in message.tags:
        for kind, text in (("name", name), ("value", value)):
            if not TAG_PATTERN.fullmatch(text):
                words = f"Invalid tag {kind} <{text}>: only alphanumeric ASCII characters, '_', and '-' are allowed."
                return Refusal("InvalidParameterValue", words)
    return None


def _bad_configuration_set(message: Message, configuration_sets: Mapping[str, Any]) -> Refusal | None:
    name = message.configuration_set
    if not name:
        return None
    if name not in configuration_sets:
        return Refusal("ConfigurationSetDoesNotExist", f"Configuration set <{name}> does not exist.")
    sending = configuration_sets[name].get("SendingOptions") or {}
    if sending.get("SendingEnabled", True):
        return None
    return Refusal("ConfigurationSetSendingPausedException", f"Sending is paused for configuration set <{name}>.")
