"""SPF records as receivers evaluate them (RFC 7208), as far as that can be said without a sender's address."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from sesmail_cli.doctor.findings import shortened
from sesmail_cli.doctor.resolver import Dns

SES = "amazonses.com"
RECORD = f"v=spf1 include:{SES} ~all"
# Section 4.6.4: more are a permanent error, which DMARC takes for a failure.
MOST_LOOKUPS = 10
_LOOKUPS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_TERM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9_.-]*)(?:[:=]([^\s/]+))?((?:/{1,2}\d+)*)")
_MECHANISMS = _LOOKUPS | {"all", "ip4", "ip6", "exp"}
_VERSION = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)


class SpfReport(msgspec.Struct):
    """What is wrong with a domain's record; empty: nothing."""

    record: str = ""
    allows_ses: bool = False
    allows_everyone: bool = False
    lookups: int = 0
    problems: list[str] = []


def examine_spf(domain: str, dns: Dns) -> SpfReport:
    """Read the record and all that it includes. Raises DnsUnavailableError."""
    report = SpfReport()
    _follow(domain, dns, report, seen=[])
    if report.lookups > MOST_LOOKUPS:
        report.problems.append(f"it needs {report.lookups} DNS look-ups, and receivers stop after {MOST_LOOKUPS}")
    return report


def _follow(domain: str, dns: Dns, report: SpfReport, *, seen: list[str]) -> None:
    found = [text for text in dns.texts(domain) if _VERSION.match(text)]
    if not seen:
        report.record = found[0] if found else ""
    if len(found) != 1:
        if seen or len(found) > 1:
            report.problems.append(
                f"{shortened(domain)} has {len(found) or 'no'} SPF record{'s' if len(found) > 1 else ''}"
            )
        return
    for qualifier, name, value in _terms(found[0], report):
        if name in _LOOKUPS:
            report.lookups += 1
        if name == "all":
            report.allows_everyone |= not seen and qualifier in ("", "+")
            return
        if name in ("include", "redirect"):
            _include(value, qualifier, dns, report, seen=[*seen, domain])


def _include(value: str, qualifier: str, dns: Dns, report: SpfReport, *, seen: list[str]) -> None:
    target = value.rstrip(".").lower()
    if target == SES:
        report.allows_ses |= qualifier in ("", "+")  # Its record has addresses only, so nothing further is looked up.
    elif target in seen:
        report.problems.append(f"{shortened(target)} includes itself")
    elif "%" not in target and report.lookups <= MOST_LOOKUPS:
        _follow(target, dns, report, seen=seen)


def _terms(record: str, report: SpfReport) -> Iterator[tuple[str, str, str]]:
    """Yield qualifier, name and value; `redirect` comes last, and only without `all` (section 6.1)."""
    terms = []
    for word in record.split()[1:]:
        match = _TERM.fullmatch(word)
        name = match[2].lower() if match else ""
        if match is None or (name not in _MECHANISMS and "=" not in word):
            report.problems.append(f"'{shortened(word)}' is no SPF term")
            continue
        terms.append((match[1], name, match[3] or ""))
    names = [name for _, name, _ in terms]
    yield from (term for term in terms if term[1] not in ("redirect", "exp"))
    if "all" not in names:
        yield from (term for term in terms if term[1] == "redirect")
