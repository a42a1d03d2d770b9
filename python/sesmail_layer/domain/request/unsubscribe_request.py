"""The detail of an event `Email Unsubscribe Requested`: a recipient left on a producer's own page."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sesmail_layer.domain.request.addresses import AddressError, address_key, parse_address
from sesmail_layer.domain.request.email_request import EMAIL_ID, TEMPLATE_NAME, Address
from sesmail_layer.domain.request.refusals import ALLOWED, Refusal, invalid_address, kind, measured, unknown_field

_PATTERNS = {"emailId": EMAIL_ID, "topic": TEMPLATE_NAME}
_FIELDS = ("emailId", "email", "topic")


class UnsubscribeDetail(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True
):
    """An email to the recipient alone, or the address, with or without a topic."""

    email_id: (
        Annotated[str, Meta(pattern=EMAIL_ID, description="An email to the recipient; it names the topic too")] | None
    ) = None
    email: Address | None = None
    topic: (
        Annotated[
            str,
            Meta(pattern=TEMPLATE_NAME, description="What the recipient leaves; absent: all your bulk mail"),
        ]
        | None
    ) = None


def parse_unsubscribe(detail: Any) -> UnsubscribeDetail:
    """Read the event's detail; null means absent. `email` is returned case-folded. Raises Refusal."""
    if not isinstance(detail, dict):
        raise Refusal(f"detail: found {kind(detail)}; allowed: an object with emailId or email", code="UNS001")
    given = {name: value for name, value in detail.items() if value is not None}
    for name in given:
        if name not in _FIELDS:
            raise unknown_field(name, _FIELDS)
    if ("emailId" in given) == ("email" in given) or ("emailId" in given and "topic" in given):
        found = ", ".join(sorted(given)) or "none of them"
        raise Refusal(f"detail: found {found}; allowed: emailId alone, or email with or without topic", code="UNS001")
    for name, pattern in _PATTERNS.items():
        if name in given:
            _check(name, given[name], pattern)
    if "email" in given:
        given["email"] = _address(given["email"])
    return UnsubscribeDetail(email_id=given.get("emailId"), email=given.get("email"), topic=given.get("topic"))


def _check(name: str, value: object, pattern: str) -> None:
    if not isinstance(value, str) or re.search(pattern, value) is None:
        found = measured(value) if isinstance(value, str) else kind(value)
        raise Refusal(f"{name}: found {found}; allowed: {ALLOWED[name]}", code="UNS001")


def _address(value: object) -> str:
    if not isinstance(value, str):
        raise Refusal(f"email: found {kind(value)}; allowed: one address", code="UNS001")
    try:
        return address_key(parse_address(value))
    except AddressError as err:
        raise invalid_address("email", value, "It is not a valid address.") from err
