"""Who may send what, as Terraform wrote it. A broken rule fails the email; a cap that is reached holds it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.guards.cancelling import Cancellations
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.message import Identity
from sesmail_layer.domain.request.addresses import masked
from sesmail_layer.domain.request.email_request import Priority

_WILDCARDS = {"*": ".*", "?": "."}


class ProducerPolicy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one event source may do; empty lists and absent caps are no limit, but for attachments."""

    enabled: bool = True
    templates: list[str] = []
    """Names or globs."""
    senders: list[str] = []
    """Addresses or globs, compared without case."""
    recipient_domains: list[str] = []
    """`example.com`, or `*.example.com` for its subdomains."""
    attachment_prefixes: list[str] = []
    """`s3://bucket/folder/`, each a folder (with or without the slash); without any, no `s3Uri` is read."""
    emails_per_day: int | None = None
    first_contacts_per_hour: int | None = None
    """Addresses that were never mailed before: protects against an agent that invents them."""
    priority: Priority | None = None
    """Overrides the request's priority."""
    topics: dict[str, str] = {}
    """Topics of its bulk mail with the names that recipients read: the unsubscribe page lists them."""
    ses_tenant: str = ""
    """The tenant in SES that the emails count for; empty: none."""

    @property
    def is_capped(self) -> bool:
        return self.emails_per_day is not None or self.first_contacts_per_hour is not None

    def check_request(self, source: str, template_name: str, recipients: Iterable[str]) -> None:
        """Raises PermanentError `producer_denied` where the request breaks a rule."""
        if not self.enabled:
            raise _denied(source, "it is not enabled", "PROD001")
        if self.templates and not any(fnmatchcase(template_name, glob) for glob in self.templates):
            raise _denied(source, f"templateName '{template_name}' is not among {self.templates}", "PROD002")
        for address in recipients:
            domain = address.rpartition("@")[2].casefold()
            if self.recipient_domains and not any(_in_domain(domain, one) for one in self.recipient_domains):
                raise _denied(source, f"recipient domain '{domain}' is not among {self.recipient_domains}", "PROD003")

    def check_sender(self, source: str, sender: str) -> None:
        """Raises PermanentError `producer_denied` where the resolved sender is not one of the producer's."""
        sender = sender.casefold()
        if self.senders and not any(fnmatchcase(sender, glob.casefold()) for glob in self.senders):
            raise _denied(source, f"the sender is not among {self.senders}", "PROD004")

    def may_read(self, s3_uri: str) -> bool:
        """Return True for an object under one of the producer's prefixes."""
        return any(s3_uri.startswith(prefix.rstrip("/") + "/") for prefix in self.attachment_prefixes)


class Producers(msgspec.Struct, frozen=True):
    """Policies and states as the control table holds them, by event source."""

    policies: dict[str, ProducerPolicy]
    states: dict[str, SendingState]
    role_senders: list[str] | None = None
    """Patterns of the senders that IAM lets the sender's role use, whatever the producer; None: not known."""
    any_paused: bool = False
    """Whether any source is paused, of those that were not asked for too."""
    cancellations: dict[str, Cancellations] = {}
    """Of the sources that have any in force, and of all together."""


def check_role_may_send(identity: Identity, allowed: Iterable[str]) -> None:
    """Raises PermanentError `producer_denied` where IAM would deny SendRawEmail from this sender.

    `allowed` are the values of the role's condition on `ses:FromAddress`, a StringLike: with case, `*` for any
    characters, `?` for one.
    https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-policy-examples.html
    """
    patterns = list(allowed)
    if any(_is_like(pattern, identity.email) for pattern in patterns):
        return
    differs = any(_is_like(pattern.casefold(), identity.email.casefold()) for pattern in patterns)
    raise PermanentError(
        "producer_denied",
        f"The engine may not send from this address: {identity.origin}: found '{masked(identity.email)}'"
        f"{', which differs in case only' if differs else ''}; use an allowed sender, or add this one to "
        f"allowed_sender_addresses in Terraform; allowed: {patterns}",
        code="SNDR002",
    )


def _in_domain(domain: str, allowed: str) -> bool:
    return domain.endswith(allowed[1:]) if allowed.startswith("*.") else domain == allowed


def _denied(source: str, why: str, code: str) -> PermanentError:
    return PermanentError("producer_denied", f"Producer '{source}' may not send this email: {why}", code=code)


def _is_like(pattern: str, text: str) -> bool:
    expression = "".join(_WILDCARDS.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, text) is not None
