"""Checks of who sends: an identity that SES has verified for the default sender and for each producer's senders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from sesmail_cli.doctor.facts import APPLY, Facts
from sesmail_cli.doctor.findings import Check, Finding, needs_fix, ok, skipped
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.guards.producers import check_role_may_send
from sesmail_layer.domain.message import Identity

_WILD = frozenset("*?")


class SenderIdentity(msgspec.Struct, frozen=True):
    """A From domain and the identity under which SES sends for it."""

    domain: str
    name: str
    attributes: Mapping[str, Any]

    @property
    def is_verified(self) -> bool:
        return bool(self.attributes.get("VerifiedForSendingStatus"))


def default_sender(facts: Facts) -> Iterable[Finding]:
    address = facts.environment.get("DEFAULT_SENDER_EMAIL", "")
    if not address:
        yield needs_fix(
            "no default sender is set", fix="Set it.", command='default_sender_email = "no-reply@example.com"'
        )
        return
    yield from _examine(facts, address, address, subject=address)
    if facts.role_senders:
        yield from _role_allows(facts, address)


def _role_allows(facts: Facts, address: str) -> Iterator[Finding]:
    try:
        check_role_may_send(Identity(address, "", [], "default_sender_email"), facts.role_senders)
    except PermanentError:
        yield needs_fix(
            f"the sender's role may not send from {address}: emails from it fail with SNDR002",
            fix="Apply Terraform again: it writes the default sender into the role's policy.",
            command=APPLY,
            subject=address,
        )


def producer_senders(facts: Facts) -> Iterable[Finding]:
    found = False
    for source, patterns in facts.producer_senders.items():
        name = "default_producer" if source == "*" else f"producer {source}"
        for pattern in patterns:
            found = True
            yield from _examine(facts, pattern, f"{name}: {pattern}", subject=source)
    own = _by_operator(facts)
    for pattern in own:
        yield from _examine(facts, pattern, f"allowed_sender_addresses: {pattern}", subject=pattern)
    if not found and not own:
        yield skipped("no producer has senders of its own: all send from the default sender's domain")


def _by_operator(facts: Facts) -> list[str]:
    """List the role's senders that are neither the default sender's domain nor a producer's."""
    by_producers = {_key(pattern) for patterns in facts.producer_senders.values() for pattern in patterns}
    domain = facts.environment.get("DEFAULT_SENDER_EMAIL", "").rpartition("@")[2]
    # With a producer that is not enabled, its senders stay in the role's policy.
    disabled = {
        _key(str(pattern))
        for key, item in facts.control_items.items()
        if key.startswith("producer#") and not item.get("enabled", True)
        for pattern in item.get("senders", ())
    }
    known = by_producers | disabled | {f"*@{domain}"}
    return [pattern for pattern in facts.role_senders if _key(pattern) not in known]


def _key(pattern: str) -> str:
    local, _, domain = pattern.rpartition("@")
    return f"{local}@{domain.lower()}"


def _examine(facts: Facts, pattern: str, what: str, *, subject: str) -> Iterator[Finding]:
    domain = sender_domain(pattern)
    if not domain:
        yield skipped(f"{what}: it names no domain that could be looked up", subject=subject)
        return
    identity = identity_of(facts, pattern)
    if identity is None:
        yield needs_fix(
            f"{what}: SES has no identity for {domain} in {facts.region}",
            fix="Verify the domain: with modules/domain, or by this command and its three DKIM records.",
            command=f"aws sesv2 create-email-identity --email-identity {domain}",
            subject=subject,
        )
    elif not identity.is_verified:
        yield needs_fix(
            f"{what}: SES has not verified the identity {identity.name}",
            fix=_how_to_verify(identity.name),
            command=f"aws sesv2 get-email-identity --email-identity {identity.name}",
            subject=subject,
        )
    else:
        yield ok(f"{what}, by the verified identity {identity.name}", subject=subject)


def _how_to_verify(name: str) -> str:
    if "@" in name:
        return "Follow the link in the mail that SES sent to the address, or better, verify its domain. Its state:"
    return (
        f"Publish the DKIM records of {name} (the check DKIM names them); SES looks for them for 72 hours. Its state:"
    )


# --- identities -----------------------------------------------------------------------------------------------------


def sender_identities(facts: Facts) -> list[SenderIdentity]:
    """Return each From domain that the engine may send from, with its identity, the default sender's first."""
    patterns = [facts.environment.get("DEFAULT_SENDER_EMAIL", "")]
    patterns += [pattern for senders in facts.producer_senders.values() for pattern in senders]
    patterns += _by_operator(facts)
    found = [identity for pattern in patterns if (identity := identity_of(facts, pattern))]
    return list({(each.domain, each.name): each for each in found}.values())


def identity_of(facts: Facts, pattern: str) -> SenderIdentity | None:
    """Return the identity that SES uses for a sender: the address's, its domain's, or that of a domain above it.

    https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html
    """
    domain = sender_domain(pattern)
    names = [pattern] if domain and not _WILD & set(pattern) else []
    labels = domain.split(".") if domain else []
    names += [".".join(labels[start:]) for start in range(max(0, len(labels) - 1))]
    known = [SenderIdentity(domain, name, found) for name in names if (found := facts.identity(name)) is not None]
    return next((identity for identity in known if identity.is_verified), known[0] if known else None)


def sender_domain(pattern: str) -> str:
    """Return a sender's domain, or of `*@*.example.com` the domain below which it is; empty: any."""
    labels = pattern.rpartition("@")[2].lower().split(".")
    wild = [number for number, label in enumerate(labels) if _WILD & set(label)]
    left = labels[wild[-1] + 1 :] if wild else labels
    return ".".join(left) if len(left) > 1 else ""


_GROUP = "Senders"
_WHY = "SES rejects every email from an address that is not verified in this region."
CHECKS = (
    Check(id="default-sender", group=_GROUP, title="Default sender", why=_WHY, run=default_sender),
    Check(id="producer-senders", group=_GROUP, title="Other senders", why=_WHY, run=producer_senders),
)
