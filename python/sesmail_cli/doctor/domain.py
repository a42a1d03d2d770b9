"""Checks of the senders' domains: DKIM, MAIL FROM, SPF and DMARC, as SES has them and as DNS answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sesmail_cli.doctor.dmarc import DmarcReport, examine_dmarc
from sesmail_cli.doctor.facts import Facts
from sesmail_cli.doctor.findings import Check, Finding, needs_fix, ok, shortened, skipped
from sesmail_cli.doctor.senders import SenderIdentity, sender_identities
from sesmail_cli.doctor.spf import RECORD, examine_spf

_SHOWN_PROBLEMS = 5


def _identities(facts: Facts) -> list[SenderIdentity]:
    """Return the senders' identities, each once: several From domains may share one."""
    return list({each.name: each for each in sender_identities(facts)}.values())


def _listed(problems: Sequence[str]) -> str:
    """The first of a record's problems: a hostile one may have thousands."""
    shown, more = problems[:_SHOWN_PROBLEMS], len(problems) - _SHOWN_PROBLEMS
    return "; ".join([*(shortened(problem, 300) for problem in shown), *([f"and {more} more"] if more > 0 else [])])


# --- DKIM -----------------------------------------------------------------------------------------------------------


def dkim(facts: Facts) -> Iterable[Finding]:
    for identity in _identities(facts):
        attributes = identity.attributes.get("DkimAttributes", {})
        if "@" in identity.name and not attributes.get("Tokens"):
            yield needs_fix(
                f"{identity.name} is a single address, and SES does not sign its mail",
                fix=f"Verify the domain {identity.domain} instead, with modules/domain or by:",
                command=f"aws sesv2 create-email-identity --email-identity {identity.domain}",
                subject=identity.name,
            )
        elif not attributes.get("SigningEnabled"):
            yield needs_fix(
                f"SES does not sign the mail of {identity.name}",
                fix="Switch signing on.",
                command="aws sesv2 put-email-identity-dkim-attributes --signing-enabled "
                f"--email-identity {identity.name}",
                subject=identity.name,
            )
        elif attributes.get("SigningAttributesOrigin") == "EXTERNAL":
            yield from _own_key(facts, identity)
        else:
            yield from _easy_dkim(facts, identity)


def _easy_dkim(facts: Facts, identity: SenderIdentity) -> Iterator[Finding]:
    """Three CNAME records, to SES's hosted zone of this region."""
    attributes = identity.attributes["DkimAttributes"]
    name, zone = identity.name, attributes.get("SigningHostedZone") or "dkim.amazonses.com"
    wrong = []
    for token in attributes.get("Tokens", ()):
        record, target = f"{token}._domainkey.{name}", f"{token}.{zone}".lower()
        found = facts.dns.alias(record)
        if found != target:
            wrong.append((f"{record}. CNAME {target}.", found, f"{token}.".lower()))
    status = attributes.get("Status")
    elsewhere = [found.removeprefix(token) for _, found, token in wrong if found.startswith(token)]
    if elsewhere:
        yield needs_fix(
            f"the DKIM records of {name} point to {elsewhere[0]}, and SES publishes this region's keys in {zone}",
            fix=f'Set dkim_hosted_zone = "{zone}" in modules/domain and apply it, or correct the records by hand:',
            command="\n".join(record for record, *_ in wrong),
            subject=name,
        )
    elif wrong:
        others = [found for _, found, _ in wrong if found]
        state = f"; {others[0]} is there instead" if others else ""
        yield needs_fix(
            f"{len(wrong)} of the 3 DKIM records of {name} {'is' if len(wrong) == 1 else 'are'} not in DNS{state}",
            fix="Publish it:" if len(wrong) == 1 else "Publish them:",
            command="\n".join(record for record, *_ in wrong),
            subject=name,
        )
    elif status != "SUCCESS":
        yield needs_fix(
            f"the DKIM records of {name} are in DNS, and SES has not accepted them ({status})",
            fix="Wait up to an hour. If it stays so, SES has given up after 72 hours; make it look again:",
            command=f"aws sesv2 put-email-identity-dkim-signing-attributes --email-identity {name} "
            "--signing-attributes-origin AWS_SES --signing-attributes NextSigningKeyLength=RSA_2048_BIT",
            subject=name,
        )
    else:
        yield ok(f"SES signs for {name}, and its three keys are in DNS", subject=name)


def _own_key(facts: Facts, identity: SenderIdentity) -> Iterator[Finding]:
    """A key of your own (BYODKIM): one TXT record under your selector."""
    attributes = identity.attributes["DkimAttributes"]
    for selector in attributes.get("Tokens", ()):
        record = f"{selector}._domainkey.{identity.name}"
        if not any("p=" in text for text in facts.dns.texts(record)):
            yield needs_fix(
                f"the public key of {identity.name} is not in DNS",
                fix="Publish the public key that belongs to the private key that you gave to SES:",
                command=f'{record}. TXT "p=..."',
                subject=identity.name,
            )
        else:
            yield ok(f"SES signs for {identity.name} with your key, which is in DNS", subject=identity.name)


# --- MAIL FROM and SPF ----------------------------------------------------------------------------------------------


def mail_from(facts: Facts) -> Iterable[Finding]:
    for identity in _identities(facts):
        attributes = identity.attributes.get("MailFromAttributes", {})
        domain = attributes.get("MailFromDomain", "")
        if not domain:
            yield needs_fix(
                f"{identity.name} has no MAIL FROM domain of its own: mail goes out under amazonses.com",
                fix="Use modules/domain, or set one and publish its MX and SPF records.",
                command=f"aws sesv2 put-email-identity-mail-from-attributes --email-identity {identity.name} "
                f"--mail-from-domain mail.{identity.name.rpartition('@')[2]}",
                subject=identity.name,
            )
        else:
            yield _mail_server(facts, identity, domain, attributes.get("MailFromDomainStatus", ""))


def _mail_server(facts: Facts, identity: SenderIdentity, domain: str, status: str) -> Finding:
    wanted = f"feedback-smtp.{facts.region}.amazonses.com"
    found = [host for _, host in facts.dns.mail_servers(domain)]
    record = f"{domain}. MX 10 {wanted}."
    if found != [wanted]:
        state = f"has {' and '.join(found)}" if found else "is not in DNS"
        return needs_fix(
            f"the MX record of {domain} {state}; SES needs {wanted} alone",
            fix="Publish this record, and remove any other MX record of that name:",
            command=record,
            subject=identity.name,
        )
    if status != "SUCCESS":
        return needs_fix(
            f"the MX record of {domain} is in DNS, and SES has not accepted it ({status or 'no state'})",
            fix="Wait up to an hour. If it stays so, SES has given up after 72 hours; set it again:",
            command=f"aws sesv2 put-email-identity-mail-from-attributes --email-identity {identity.name} "
            f"--mail-from-domain {domain}",
            subject=identity.name,
        )
    return ok(f"bounces of {identity.name} go to SES by {domain}", subject=identity.name)


def spf(facts: Facts) -> Iterable[Finding]:
    for identity in _identities(facts):
        domain = identity.attributes.get("MailFromAttributes", {}).get("MailFromDomain", "")
        if not domain:
            yield skipped(f"{identity.name} has no MAIL FROM domain, which SPF is looked up for", subject=identity.name)
            continue
        report = examine_spf(domain, facts.dns)
        if not report.record and not report.problems:
            report.problems.append(f"{domain} has no SPF record")
        elif not report.problems and not report.allows_ses:
            report.problems.append(f"the SPF record of {domain} does not include amazonses.com")
        elif not report.problems and report.allows_everyone:
            report.problems.append(f"the SPF record of {domain} ends with +all, so everyone may send in its name")
        if report.problems:
            yield needs_fix(
                _listed(report.problems),
                fix=f"Give {domain} one SPF record:",
                command=f'{domain}. TXT "{RECORD}"',
                subject=domain,
            )
        else:
            yield ok(f"{domain} lets SES send, with {report.lookups} of 10 look-ups", subject=domain)


# --- DMARC ----------------------------------------------------------------------------------------------------------


def dmarc(facts: Facts) -> Iterable[Finding]:
    for identity in {each.domain: each for each in sender_identities(facts)}.values():
        domain = identity.domain
        report = examine_dmarc(domain, facts.dns)
        suggested = f'_dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
        if not report.name:
            yield needs_fix(f"{domain} has no DMARC record", fix="Publish one:", command=suggested, subject=domain)
        elif report.problems:
            yield needs_fix(
                f"the DMARC record of {report.name.removeprefix('_dmarc.')} is not valid: {_listed(report.problems)}",
                fix=f"Give {report.name} one valid record. Now it has: {shortened(report.record, 500)}",
                command=suggested.replace(f"_dmarc.{domain}.", f"{report.name}."),
                subject=domain,
            )
        else:
            yield _alignment(identity, report)


def _alignment(identity: SenderIdentity, report: DmarcReport) -> Finding:
    """Whether DKIM or SPF counts for the From domain (RFC 7489, section 3.1)."""
    domain, tags = identity.domain, report.tags
    signer = identity.name.rpartition("@")[2]
    mail_from = identity.attributes.get("MailFromAttributes", {}).get("MailFromDomain", "")
    by_signature = tags.get("adkim", "r").lower() == "r" or signer == domain
    strict_spf = tags.get("aspf", "r").lower() == "s" and mail_from not in ("", domain)
    if not by_signature:
        return needs_fix(
            f"adkim=s of {report.name} rejects the signature of {signer} for mail from {domain}",
            fix=f"Verify {domain} as an identity of its own, or relax the record:",
            command=f'{report.name}. TXT "{_with(report.record, "adkim", "r")}"',
            subject=domain,
        )
    if strict_spf:
        return needs_fix(
            f"aspf=s of {report.name} keeps SPF from counting: MAIL FROM is {mail_from}, not {domain}",
            fix="Relax it, else DMARC rests on DKIM alone and a changed message fails:",
            command=f'{report.name}. TXT "{_with(report.record, "aspf", "r")}"',
            subject=domain,
        )
    return ok(f"{domain} has the policy {report.policy or 'none'}, and its mail aligns", subject=domain)


def _with(record: str, tag: str, value: str) -> str:
    parts = (part.strip() for part in record.split(";"))
    kept = [part for part in parts if part and part.partition("=")[0].strip().lower() != tag]
    return "; ".join([*kept, f"{tag}={value}"])


# --- tracking -------------------------------------------------------------------------------------------------------


def tracking(facts: Facts) -> Iterable[Finding]:
    options = ((facts.configuration_set_details if facts.configuration_set else None) or {}).get("TrackingOptions", {})
    domain = options.get("CustomRedirectDomain", "")
    if not domain:
        yield skipped("opens and clicks are tracked through SES's own domain")
        return
    target, found = f"r.{facts.region}.awstrack.me", facts.dns.alias(domain)
    behind_cdn = options.get("HttpsPolicy") == "REQUIRE" or (found and found != target)
    if not (facts.dns.has_address(domain) if behind_cdn else found == target):
        yield needs_fix(
            f"{domain} is not in DNS: tracked links and open pixels lead nowhere",
            fix="Publish its record (with HTTPS, it points to your CDN instead):",
            command=f"{domain}. CNAME {target}.",
            subject=domain,
        )
    else:
        yield ok(f"tracked links go through {domain}", subject=domain)


_GROUP = "Domain"
CHECKS = (
    Check(
        id="dkim",
        group=_GROUP,
        title="DKIM",
        why="Unsigned mail goes to spam, and Gmail and Yahoo reject it; SES verifies the domain by these records.",
        run=dkim,
        needs_dns=True,
    ),
    Check(
        id="mail-from",
        group=_GROUP,
        title="MAIL FROM",
        why="Without it SPF is that of amazonses.com and does not count for your domain's DMARC.",
        run=mail_from,
        needs_dns=True,
    ),
    Check(
        id="spf",
        group=_GROUP,
        title="SPF",
        why="Receivers treat mail from a server that SPF does not list as forged; a broken record lists none.",
        run=spf,
        needs_dns=True,
    ),
    Check(
        id="dmarc",
        group=_GROUP,
        title="DMARC",
        why="Gmail and Yahoo ask every sender of many emails for it; without it anyone can forge your domain.",
        run=dmarc,
        needs_dns=True,
    ),
    Check(
        id="tracking",
        group=_GROUP,
        title="Tracking domain",
        why="SES rewrites links to this domain: without its record no recipient can follow them.",
        run=tracking,
        needs_dns=True,
    ),
)
