"""One message as SES receives it: envelope, tags and raw bytes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import Message as MimeMessage
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parseaddr
from typing import Any

Params = Mapping[str, list[str] | str]


def first(params: Params, key: str) -> str:
    """Return the first value of a form field, or the empty string."""
    value = params.get(key, "")
    return value[0] if isinstance(value, list) else value


def members(params: Params, prefix: str) -> list[str]:
    """List `Prefix.member.1`, `.2`, ... of an AWS query request, in order."""
    numbered = re.compile(re.escape(prefix) + r"\.member\.(\d+)$")
    found = {int(match[1]): first(params, key) for key in params if (match := numbered.match(key))}
    return [found[number] for number in sorted(found)]


def tag_pairs(params: Params) -> list[tuple[str, str]]:
    """List the request's `Tags` as (name, value)."""
    numbers = sorted({int(m[1]) for key in params if (m := re.match(r"Tags\.member\.(\d+)\.Name$", key))})
    return [(first(params, f"Tags.member.{n}.Name"), first(params, f"Tags.member.{n}.Value")) for n in numbers]


def header_tags(headers: MimeMessage) -> list[tuple[str, str]]:
    """List the tags of the header `X-SES-MESSAGE-TAGS: name=value, name=value`, which SES also reads."""
    pairs = str(headers.get("X-SES-MESSAGE-TAGS", "")).split(",")
    return [(name.strip(), value.strip()) for name, _, value in (pair.partition("=") for pair in pairs) if name.strip()]


@dataclass(frozen=True)
class Message:
    """One SendRawEmail request, or SendEmail with raw content, as SES reads it."""

    source: str
    destinations: tuple[str, ...]
    configuration_set: str
    tags: tuple[tuple[str, str], ...]
    raw: bytes
    headers: MimeMessage
    api: str = "v1"
    tenant: str = ""
    message_id: str = ""
    account_id: str = ""
    region: str = ""
    accepted_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def from_request(cls, params: Params) -> Message:
        """Read the query request; as in SES, the message's headers supply what the request leaves out."""
        try:
            raw = base64.b64decode(first(params, "RawMessage.Data"))
        except binascii.Error:
            raw = b""
        headers = BytesHeaderParser().parsebytes(raw)
        in_headers = getaddresses([str(value) for name in ("To", "Cc", "Bcc") for value in headers.get_all(name, [])])
        envelope = [parseaddr(address)[1] or address for address in members(params, "Destinations")]
        return cls(
            source=first(params, "Source") or str(headers.get("From", "")),
            destinations=tuple(envelope or [address for _, address in in_headers if address]),
            configuration_set=first(params, "ConfigurationSetName") or str(headers.get("X-SES-CONFIGURATION-SET", "")),
            tags=tuple(tag_pairs(params) or header_tags(headers)),
            raw=raw,
            headers=headers,
        )

    def as_params(self) -> dict[str, list[str]]:
        """Return the form of SendRawEmail, as MiniStack reads it."""
        destinations = {f"Destinations.member.{n}": [to] for n, to in enumerate(self.destinations, start=1)}
        return {"Source": [self.source], "RawMessage.Data": [base64.b64encode(self.raw).decode()], **destinations}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Message:
        """Read a request of v2, which has other names; the headers supply what it leaves out, too."""
        tags = {
            f"Tags.member.{n}.{key}": tag.get(key, "")
            for n, tag in enumerate(given.get("EmailTags") or [], start=1)
            for key in ("Name", "Value")
        }
        groups = given.get("Destination") or {}
        addresses = [address for group in ("To", "Cc", "Bcc") for address in groups.get(f"{group}Addresses") or []]
        params = {f"Destinations.member.{n}": address for n, address in enumerate(addresses, start=1)}
        names = {
            "Source": given.get("FromEmailAddress") or "",
            "ConfigurationSetName": given.get("ConfigurationSetName") or "",
            "RawMessage.Data": given["Content"]["Raw"]["Data"],
        }
        return replace(cls.from_request(names | params | tags), api="v2", tenant=given.get("TenantName") or "")

    def as_json(self, *, with_raw: bool = True) -> dict[str, Any]:
        """Return what the control API shows."""
        return {
            "messageId": self.message_id,
            "source": self.source,
            "destinations": list(self.destinations),
            "configurationSet": self.configuration_set,
            "tenant": self.tenant,
            "api": self.api,
            "tags": dict(self.tags),
            "acceptedAt": self.accepted_at.timestamp(),
        } | ({"rawBase64": base64.b64encode(self.raw).decode()} if with_raw else {})
