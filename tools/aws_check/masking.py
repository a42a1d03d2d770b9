"""Masks what a report must not show, so that it can be attached to a public issue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
# An account id is twelve digits; also those of other accounts, in messages of AWS.
_ACCOUNT = re.compile(r"(?<![0-9A-Fa-f-])\d{12}(?![0-9A-Fa-f-])")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_IAM_ID = re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA|ANPA|AGPA)[A-Z0-9]{12,124}\b")
_IP = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
# Of SES's events: who called, and what the email says.
_PRIVATE_TAGS = ("ses:caller-identity", "ses:source-ip", "ses:outgoing-ip", "ses:from-domain")
_PRIVATE_KEYS = (*_PRIVATE_TAGS, "headers", "commonHeaders", "remoteMtaIp", "sourceIp", "callerIdentity")


@dataclass(frozen=True)
class Mask:
    """Hides the account's id, every address, the sender's domain, IAM's ids and IP addresses."""

    account_id: str
    sender: str

    def text(self, text: str) -> str:
        """Mask a text."""
        found = text.replace(self.account_id, "ACCOUNT") if self.account_id else text
        domain = self.sender.rpartition("@")[2]
        found = _ADDRESS.sub("ADDRESS", found)
        if domain:
            found = re.sub(rf"(?<![\w.-]){re.escape(domain)}(?![\w-])", "SENDER-DOMAIN", found, flags=re.IGNORECASE)
        for pattern, label in ((_ACCOUNT, "ACCOUNT"), (_IAM_ID, "IAM-ID"), (_IP, "IP")):
            found = pattern.sub(label, found)
        return found

    def value(self, value: Any) -> Any:
        """Mask every text in a value of JSON's types; what holds headers or names the caller becomes MASKED."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {
                self.text(str(key)): "MASKED" if key in _PRIVATE_KEYS else self.value(each)
                for key, each in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(each) for each in value]
        return value
