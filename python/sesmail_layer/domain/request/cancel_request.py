"""The detail of an event `Email Cancel Requested`: a producer cancels one of its emails, or all with a tag."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sesmail_layer.domain.request.email_request import EMAIL_ID, TAG
from sesmail_layer.domain.request.refusals import ALLOWED, Refusal, kind, measured, unknown_field


class CancelDetail(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True
):
    """Exactly one of the two."""

    email_id: Annotated[str, Meta(pattern=EMAIL_ID, description="The emailId of the request")] | None = None
    tag: Annotated[str, Meta(pattern=TAG, description="All emails with this tag that were requested so far")] | None = (
        None
    )


_FIELDS = {"emailId": (EMAIL_ID, ALLOWED["emailId"]), "tag": (TAG, ALLOWED["tags[]"])}


def parse_cancel(detail: Any) -> CancelDetail:
    """Read the event's detail; null means absent. Raises Refusal."""
    if not isinstance(detail, dict):
        raise Refusal(f"detail: found {kind(detail)}; allowed: an object with emailId or tag", code="CAN003")
    given = {name: value for name, value in detail.items() if value is not None}
    for name in given:
        if name not in _FIELDS:
            raise unknown_field(name, _FIELDS)
    if len(given) != 1:
        found = "both" if given else "neither"
        raise Refusal(f"detail: found {found} of emailId and tag; allowed: one of them", code="CAN003")
    [(name, value)] = given.items()
    pattern, allowed = _FIELDS[name]
    if not isinstance(value, str) or re.search(pattern, value) is None:
        found = measured(value) if isinstance(value, str) else kind(value)
        raise Refusal(f"{name}: found {found}; allowed: {allowed}", code="CAN003")
    return CancelDetail(email_id=value) if name == "emailId" else CancelDetail(tag=value)
