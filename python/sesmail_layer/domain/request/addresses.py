"""Email addresses: checked as RFC 5321 and 5322 have them, in the one form that the engine compares and stores.

Syntax by email-validator; internationalised domains are sent in their ASCII form (IDNA). SES accepts no
UTF-8 local parts: https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html
"""

from __future__ import annotations

import re
from functools import lru_cache

_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
# Nearly all addresses: email-validator returns them as they are. No part is too long, no domain is reserved or IDNA.
_ORDINARY = re.compile(
    r"(?=.{6,64}\Z)[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*"
    r"@([a-z0-9]+(-[a-z0-9]+)*\.)+(?!(arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,}\Z"
)


class AddressError(ValueError):
    """SES could not deliver to this address. The message has the reason, never the address."""


@lru_cache(maxsize=1024)
def parse_address(text: str) -> str:
    """Return the address as headers and the envelope have it: domain in lower-case ASCII, local part as written.

    Raises AddressError, also for names that can never receive mail (`.invalid`, `.test`, `localhost`; RFC 6761): each
    would be a certain bounce.
    """
    if _ORDINARY.match(text):
        return text
    # Imported here: it compiles tables of all of Unicode, a tenth of a cold start.
    from email_validator import EmailNotValidError, validate_email

    try:
        parsed = validate_email(
            text,
            check_deliverability=False,
            allow_smtputf8=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            # RFC 5321, 4.5.3.1.1: at most 64 octets before the @-sign.
            strict=True,
        )
    except EmailNotValidError as err:
        raise AddressError(_reason(str(err))) from err
    if parsed.ascii_email is None:
        raise AddressError("Characters outside ASCII are not allowed before the @-sign.")
    if "=?" in parsed.local_part:
        # RFC 2047, 5: never in an address, but some clients decode them there, line breaks included.
        raise AddressError("Encoded words (=?…?=) are not allowed before the @-sign.")
    return parsed.ascii_email


def address_key(address: str) -> str:
    """Return the form under which an address is suppressed, tracked and counted: all of it case-folded."""
    return address.casefold()


def masked(text: str) -> str:
    """Mask an address (or a text in place of one) for messages: `j***@example.com`, `j***` without a domain."""
    local, at, domain = text.rpartition("@")
    if not at:
        local, domain = text, ""
    if domain and not (len(domain) <= 64 and _DOMAIN.fullmatch(domain)):
        domain = "***"
    first = local[:1]
    return f"{first if first.isascii() and first.isalnum() else ''}***{at}{domain}"


def _reason(problem: str) -> str:
    """Return the library's sentence up to where it quotes the address."""
    return re.split(r"\s*[:('\"]", problem)[0].rstrip(".") + "."
