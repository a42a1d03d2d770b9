"""Delivery modes: who receives mail where customers must not. In `live` mode nothing of this module runs.

redirect   every email goes to one mailbox; its headers name the recipients that it had
allow      only listed addresses and domains receive mail: an email to another `to` is sunk, other copies are dropped
sink       every email is sunk: rendered and recorded, and not sent
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, Self

import msgspec

from sesmail_layer.domain.request.addresses import address_key

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


class Redirection(msgspec.Struct, frozen=True):
    """Where one email goes in place of its recipients, and those."""

    mailbox: str
    to: str
    cc: list[str]
    bcc: list[str]

    def subject(self, subject: str) -> str:
        """Return the subject with the recipient that the email had."""
        return f"[to {self.to}] {subject}"

    def headers(self) -> Iterable[tuple[str, list[str]]]:
        """Return the headers that name the recipients; those of none are left out."""
        listed = (("X-Original-To", [self.to]), ("X-Original-Cc", self.cc), ("X-Original-Bcc", self.bcc))
        return [(name, addresses) for name, addresses in listed if addresses]

    @staticmethod
    def is_own_header(name: str) -> bool:
        """True for a header that only the engine sets in a redirected email."""
        return name.casefold() in ("x-original-to", "x-original-cc", "x-original-bcc")


class RestrictedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A mode other than `live`. Raises ValueError where no recipient could be meant."""

    mode: Literal["redirect", "allow", "sink"]
    mailbox: str = ""
    """In `redirect` mode, what receives every email."""
    addresses: frozenset[str] = frozenset()
    """In `allow` mode, who receives mail, case-folded."""
    domains: frozenset[str] = frozenset()
    """In `allow` mode, the domains that receive mail: the domain itself, or, as `*.example.com`, its subdomains."""

    def __post_init__(self) -> None:
        if self.mode == "redirect" and not _ADDRESS.fullmatch(self.mailbox):
            raise ValueError("delivery mode redirect needs one address in `to`")
        if self.mode == "allow" and not (self.addresses or self.domains):
            raise ValueError("delivery mode allow needs addresses or domains in `allow`")

    @classmethod
    def of(cls, mode: Literal["redirect", "allow", "sink"], to: str, allow: Iterable[str]) -> Self:
        listed = [entry.strip().casefold() for entry in allow if entry.strip()]
        return cls(
            mode=mode,
            mailbox=to.strip(),
            addresses=frozenset(entry for entry in listed if "@" in entry),
            domains=frozenset(entry for entry in listed if "@" not in entry),
        )

    def redirection(self, to: str, cc: list[str], bcc: list[str]) -> Redirection:
        return Redirection(self.mailbox, to, cc, bcc)

    def sinks(self, to: str) -> bool:
        """Return True for an email that is not sent at all."""
        return self.mode == "sink" or (self.mode == "allow" and not self.allows(to))

    def allows(self, address: str) -> bool:
        """Return True where `allow` lists an address or its domain."""
        key = address_key(address)
        domain = key.rpartition("@")[2]
        parents = domain.split(".")[1:]
        wildcards = {f"*.{'.'.join(parents[first:])}" for first in range(len(parents))}
        return key in self.addresses or not self.domains.isdisjoint({domain, *wildcards})
