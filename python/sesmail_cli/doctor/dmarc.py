"""DMARC records (RFC 7489, and RFC 9989's walk up the tree)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from sesmail_cli.doctor.resolver import Dns

_POLICIES = ("none", "quarantine", "reject")
_VALUES: Mapping[str, tuple[str, ...]] = {
    "sp": _POLICIES,
    "np": _POLICIES,
    "adkim": ("r", "s"),
    "aspf": ("r", "s"),
    "t": ("y", "n"),
}


class DmarcReport(msgspec.Struct):
    name: str = ""
    """Where the record is; empty: there is none."""
    record: str = ""
    tags: dict[str, str] = {}
    problems: list[str] = []

    @property
    def policy(self) -> str:
        return self.tags.get("p", "")


def examine_dmarc(domain: str, dns: Dns) -> DmarcReport:
    """Read the record of a From domain, or of the nearest domain above it. Raises DnsUnavailableError."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        name = f"_dmarc.{'.'.join(labels[start:])}"
        found = [text for text in dns.texts(name) if text.lower().lstrip().startswith("v=dmarc1")]
        if found:
            return _read(name, found, dns)
    return DmarcReport()


def _read(name: str, found: list[str], dns: Dns) -> DmarcReport:
    report = DmarcReport(name=name, record=found[0])
    if len(found) > 1:
        report.problems.append(f"{name} has {len(found)} DMARC records, and receivers then use none")
        return report
    pairs = [part.partition("=") for part in found[0].split(";") if part.strip()]
    names = [key.strip().lower() for key, _, _ in pairs]
    report.tags = {key.strip().lower(): value.strip() for key, _, value in pairs}
    report.problems += _problems(pairs, names, report.tags)
    report.problems += _report_problems(report.tags.get("rua", ""), name.removeprefix("_dmarc."), dns)
    return report


def _problems(pairs: list[tuple[str, str, str]], names: list[str], tags: Mapping[str, str]) -> Iterator[str]:
    if tags.get("v") != "DMARC1" or names[0] != "v":
        yield "it does not begin with v=DMARC1"
    if tags.get("p", "").lower() not in _POLICIES:
        given = f"'{tags['p']}'" if "p" in tags else "missing"
        yield f"its policy p is {given}, and must be none, quarantine or reject"
    for key, allowed in _VALUES.items():
        if key in tags and tags[key].lower() not in allowed:
            yield f"{key}={tags[key]} must be {' or '.join(allowed)}"
    for key, sign, _ in pairs:
        if not sign:
            yield f"'{key.strip()}' has no value"
    for key in sorted({key for key in names if names.count(key) > 1}):
        yield f"it has {key} more than once"


def _report_problems(rua: str, owner: str, dns: Dns) -> Iterator[str]:
    """A report goes to another domain only if that one agrees (RFC 7489, section 7.1)."""
    for uri in filter(None, (part.strip() for part in rua.split(","))):
        address = uri[len("mailto:") :].partition("!")[0]
        host = address.rpartition("@")[2].lower()
        if not uri.lower().startswith("mailto:") or "@" not in address:
            yield f"rua has '{uri}', which is no address of the form mailto:NAME@DOMAIN"
        elif not _related(host, owner):
            agreed = f"{owner}._report._dmarc.{host}"
            if not any(text.lower().startswith("v=dmarc1") for text in dns.texts(agreed)):
                yield f'{host} does not accept its reports: that needs the TXT record {agreed} "v=DMARC1"'


def _related(one: str, other: str) -> bool:
    """Whether two hosts are in one organisation, by their last two labels: a list of public suffixes is not asked."""
    return one.split(".")[-2:] == other.split(".")[-2:]
