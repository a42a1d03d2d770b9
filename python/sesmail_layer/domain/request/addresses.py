"""Email addresses: checked as RFC 5321 and 5322 have them, in the one form that the engine compares and stores.

Syntax by email-validator; internationalised domains are sent in their ASCII form (IDNA). SES accepts no
UTF-8 local parts: https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html
"""

from __future__ import annotations

from functools import lru_cache


class AddressError(ValueError):
    """SES could not deliver to this address. The message has the reason, never the address."""


@lru_cache(maxsize=1024)
def parse_address(text: str) -> str:
    """Return the address as headers and the envelope have it: domain in lower-case ASCII, local part as written.

    Raises AddressError, also for names that can never receive mail (`.invalid`, `.test`, `localhost`; RFC 6761): each
    would be a certain bounce.
    """
    # Imported here: its tables are a good part of a cold start, and comparing addresses does not need them.
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
        raise AddressError(str(err)) from err
    if parsed.ascii_email is None:
        raise AddressError("Characters outside ASCII are not allowed before the @-sign.")
    return parsed.ascii_email


def address_key(address: str) -> str:
    """Return the form under which an address is suppressed, tracked and counted: all of it case-folded."""
    return address.casefold()


def masked(text: str) -> str:
    """Mask an address (or a text in place of one) for messages: `j***@example.com`, `j***` without a domain."""
    text = "".join(character if character.isprintable() else "?" for character in text)
    local, at, domain = text.rpartition("@")
    if not at:
        local, domain = text, ""
    return f"{local[:1]}***{at}{domain[:64]}"
