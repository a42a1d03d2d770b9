"""The emails that the emulated SES accepted, as their recipients read them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from localcloud.emulator import Emulator


@dataclass(frozen=True)
class Mail:
    """One accepted message: envelope, tags and raw bytes."""

    message_id: str
    source: str
    destinations: tuple[str, ...]
    raw: bytes
    tags: tuple[tuple[str, str], ...] = ()
    configuration_set: str = ""
    accepted_at: float = 0.0

    @cached_property
    def parsed(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def subject(self) -> str:
        return str(self.parsed["Subject"])

    def body(self, kind: str) -> str:
        """Return the decoded `plain` or `html` part."""
        part = self.parsed.get_body((kind,))
        return "" if part is None else str(part.get_content())

    def tag(self, name: str) -> str:
        """Decode a tag's value, which the engine writes as unpadded base64url."""
        value = dict(self.tags)[name]
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()


def mails(emulator: Emulator, after: int = 0, limit: int | None = None) -> list[Mail]:
    """List the accepted messages from the given number on, in order of acceptance; at most `limit`."""
    if emulator.has_full_ses:
        most = "" if limit is None else f"&limit={limit}"
        answer = emulator.request("GET", f"_sesmail/messages?after={after}{most}")
        return [_from_launcher(message) for message in answer["messages"]]
    end = None if limit is None else after + limit
    return [_from_localstack(message) for message in emulator.request("GET", "_aws/ses")["messages"][after:end]]


def message_ids(emulator: Emulator, after: int = 0) -> list[str]:
    """List the ids of the accepted messages from the given number on, without the messages."""
    if emulator.has_full_ses:
        answer = emulator.request("GET", f"_sesmail/messages?after={after}&raw=0")
        return [message["messageId"] for message in answer["messages"]]
    return [message["Id"] for message in emulator.request("GET", "_aws/ses")["messages"][after:]]


def _from_launcher(message: dict[str, Any]) -> Mail:
    return Mail(
        message["messageId"],
        message["source"],
        tuple(message["destinations"]),
        base64.b64decode(message["rawBase64"]),
        tuple(message["tags"].items()),
        message["configurationSet"],
        message["acceptedAt"],
    )


def _from_localstack(message: dict[str, Any]) -> Mail:
    raw = message.get("RawData", "").encode()
    parsed = message_from_bytes(raw, policy=policy.default)
    destinations = tuple(
        address.addr_spec for header in ("To", "Cc") if header in parsed for address in parsed[header].addresses
    )
    return Mail(message["Id"], message.get("Source", ""), destinations, raw)
