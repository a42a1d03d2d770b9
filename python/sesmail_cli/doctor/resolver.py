"""DNS as receivers of mail ask it, through dnspython."""

from __future__ import annotations

import socket

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

_SECONDS = 5.0
_PORT, _LAST_PORT = 53, 65_535
# A record may include what cannot be a name, so nothing can be there.
_NO_NAMES = (
    dns.name.LabelTooLong,
    dns.name.NameTooLong,
    dns.name.EmptyLabel,
    dns.name.BadEscape,
    dns.name.IDNAException,
)


class DnsUnavailableError(Exception):
    """DNS gave no answer, so nothing is known of a record; the message names it and the reason."""


class NameserverError(Exception):
    """The given name server cannot be used."""


class Dns:
    """Asks this machine's resolver, or the one at `nameserver` (HOST or HOST:PORT). Raises NameserverError."""

    def __init__(self, nameserver: str | None = None) -> None:
        self.is_given = bool(nameserver)
        try:
            self._resolver = dns.resolver.Resolver(configure=not nameserver)
        except dns.resolver.NoResolverConfiguration as error:
            raise NameserverError("This machine has no DNS server: name one, such as --nameserver 1.1.1.1.") from error
        self._resolver.lifetime = _SECONDS
        self._resolver.cache = dns.resolver.LRUCache()
        if nameserver:
            host, port = _host_and_port(nameserver)
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port)]

    def texts(self, name: str) -> list[str]:
        """Return the TXT records, each joined from its parts."""
        return [
            b"".join(record.strings).decode("utf-8", "replace")  # type: ignore[attr-defined]
            for record in self._records(name, "TXT")
        ]

    def alias(self, name: str) -> str:
        """Return the target of the CNAME record; empty: there is none."""
        return next((_text(record.target) for record in self._records(name, "CNAME")), "")  # type: ignore[attr-defined]

    def mail_servers(self, name: str) -> list[tuple[int, str]]:
        """Return preference and host of each MX record."""
        found = self._records(name, "MX")
        return sorted((record.preference, _text(record.exchange)) for record in found)  # type: ignore[attr-defined]

    def has_address(self, name: str) -> bool:
        return any(self._records(name, kind) for kind in ("A", "AAAA"))

    def _records(self, name: str, kind: str) -> list[object]:
        try:
            return list(self._resolver.resolve(f"{name.rstrip('.')}.", kind, raise_on_no_answer=False))
        except (dns.resolver.NXDOMAIN, *_NO_NAMES):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise DnsUnavailableError(f"the {kind} record of {name} ({type(error).__name__})") from error


def _text(name: object) -> str:
    return str(name).rstrip(".").lower()


def _host_and_port(given: str) -> tuple[str, int]:
    """Split `192.0.2.1`, `192.0.2.1:5353`, `[::1]:5353` or `ns.example.com`, and look a name up."""
    host, port = given, str(_PORT)
    if given.startswith("["):
        host, _, rest = given[1:].partition("]")
        port = rest.lstrip(":") or port
    elif given.count(":") == 1:
        host, port = given.split(":")
    try:
        if not 0 < int(port) <= _LAST_PORT:
            raise ValueError(port)
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)
    except (OSError, ValueError) as error:
        raise NameserverError(
            f"'{given}' is no name server: give its address, such as 1.1.1.1 or 127.0.0.1:5353."
        ) from error
    return str(found[0][4][0]), int(port)
