"""Email addresses: checked as RFC 5321 and 5322 have them, in the one form that the engine compares and stores.

Syntax by email-validator; internationalised domains go out in their ASCII form (IDNA). SES takes no UTF-8 local parts:
https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html
"""

from __future__ import annotations

from functools import lru_cache


class AddressError(ValueError):
    """An address is not one that SES could deliver to; the message gives the reason and never the address."""


@lru_cache(maxsize=1024)
def parse_address(text: str) -> str:
    """Gives the address as it goes into headers and the envelope: domain in lower-case ASCII, local part as written.

    Raises AddressError. Names that can never receive mail (`.invalid`, `.test`, `localhost`; RFC 6761) are refused too:
    each would be a certain bounce.
    """
    # Here, since its tables are a good part of a cold start, and whoever compares addresses only needs none of them.
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
    """Gives the form under which an address is suppressed, tracked and counted: the whole of it case-folded."""
    return address.casefold()


def masked(text: str) -> str:
    """Makes an address (or what was meant as one) fit to be shown: `j***@example.com`, `j***` without a domain."""
    text = "".join(character if character.isprintable() else "?" for character in text)
    local, at, domain = text.rpartition("@")
    if not at:
        local, domain = text, ""
    return f"{local[:1]}***{at}{domain[:64]}"
