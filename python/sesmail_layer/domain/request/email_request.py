"""The request for an email: what a producer may ask for, and the refusal that names the field where it asks wrongly.

The types below are the contract: docs/schemas/email-request.schema.json is generated from them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sesmail_layer.domain.mime import harmless_url
from sesmail_layer.domain.request.addresses import AddressError, address_key, parse_address
from sesmail_layer.domain.request.envelopes import PRODUCERS_OWN, fault_of, with_storable_numbers
from sesmail_layer.domain.request.headers import HEADER_TEXT, MAX_LINE, check_headers
from sesmail_layer.domain.request.refusals import (
    ALLOWED,
    Refusal,
    invalid_address,
    kind,
    listed,
    measured,
    refusal_of,
    reject_misleading_names,
)
from sesmail_layer.domain.template.files import canonical_locale
from sesmail_layer.domain.times import rfc3339_seconds, utc_text

MAX_RECIPIENTS = 50
"""Of one message: https://docs.aws.amazon.com/ses/latest/dg/quotas.html"""
MAX_URL = 900
_LAST_SECOND = 253_402_300_799.0
"""Of the year 9999."""
MAX_METADATA_BYTES = 16 * 1024
MAX_METADATA_DEPTH = 28
"""DynamoDB stores 32 levels: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
MAX_DEPTH = 200
# `(?!\n)`: in Python a lone $ would let a trailing line break through.
TEMPLATE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$(?!\n)"
EMAIL_ID = r"^[A-Za-z0-9_.:-]{1,128}$(?!\n)"
MAX_TAGS = 5
TAG = r"^[A-Za-z0-9_-]{1,64}$(?!\n)"
# Marks that reverse the text after them: a file `gpj.exe` is shown as `exe.jpg`, a name as another sender's.
_NO_REVERSING = r"\u202a-\u202e\u2066-\u2069"
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
# https://www.rfc-editor.org/rfc/rfc2045#section-5.1
CONTENT_TYPE = rf'^[A-Za-z0-9_.+-]+/[A-Za-z0-9_.+-]+(?: *; *{_WORD}=(?:{_WORD}|"[ !#-\[\]-~]*"))*$(?!\n)'

Address = Annotated[str, Meta(min_length=3, max_length=320, description="An email address (RFC 5321)")]
HeaderText = Annotated[str, Meta(max_length=MAX_LINE, pattern=HEADER_TEXT)]
Tag = Annotated[str, Meta(pattern=TAG)]
Topic = Annotated[str, Meta(pattern=TEMPLATE_NAME, description="What kind of mail it is; default: templateName")]
OwnLink = Annotated[bool, Meta(description="true: a link of the engine's own page, for bulk mail without cc and bcc")]
Time = Annotated[str, Meta(min_length=20, max_length=40, description="RFC 3339, such as 2026-11-24T10:31:00Z")]


class Priority(StrEnum):
    TRANSACTIONAL = "transactional"
    BULK = "bulk"


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True): ...


class Sender(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the email is from, in place of the template's and the default sender; at least one of the two."""

    email: Address | None = None
    name: (
        Annotated[str, Meta(max_length=320, pattern=rf"^[^\x00-\x1f\x7f-\x9f\u2028\u2029{_NO_REVERSING}]*$(?!\n)")]
        | None
    ) = None


class Attachment(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file to go with the email: base64 content, or an S3 object under a prefix that the producer was given."""

    filename: Annotated[
        str,
        Meta(min_length=1, max_length=255, pattern=rf"^[^\x00-\x1f\x7f-\x9f\u2028\u2029{_NO_REVERSING}/\\]+$(?!\n)"),
    ]
    content_type: Annotated[str, Meta(max_length=255, pattern=CONTENT_TYPE)] | None = None
    content_base64: str | None = None
    s3_uri: (
        Annotated[str, Meta(max_length=1100, pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$(?!\n)")] | None
    ) = None
    content_id: Annotated[str, Meta(max_length=128, pattern=r"^[A-Za-z0-9._@-]+$(?!\n)")] | None = None
    """Makes it an inline image: `<img src="cid:…">`."""


class ListUnsubscribe(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a recipient unsubscribes; an https url also offers one click (RFC 8058). At least one of the two."""

    url: Annotated[str, Meta(max_length=MAX_URL, pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[!-;=?-~]+$(?!\n)")] | None = None
    mailto: (
        Annotated[
            str,
            Meta(
                max_length=MAX_URL,
                pattern=r"^([Mm][Aa][Ii][Ll][Tt][Oo]:)?(?![Mm][Aa][Ii][Ll][Tt][Oo]:)[!-;=?-~]+$(?!\n)",
            ),
        ]
        | None
    ) = None


class EmailRequest(_Part, frozen=True, kw_only=True):
    """One email that a producer asks for."""

    to: Address
    template_name: Annotated[str, Meta(pattern=TEMPLATE_NAME, description="A folder under templates/ in the bucket")]
    template_data: Annotated[dict[str, Any], Meta(description="Handed to the template")] = {}
    email_id: Annotated[str, Meta(pattern=EMAIL_ID, description="Makes a repeated request one email")] | None = None
    subject: Annotated[HeaderText, Meta(min_length=1, description="Overrides the template's subject")] | None = None
    sender_override: Sender | None = None
    reply_to: Address | Annotated[list[Address], Meta(max_length=25)] | None = None
    metadata: Annotated[dict[str, Any], Meta(description="Stored, and echoed in every status event; 16 KB")] | None = (
        None
    )
    cc: Annotated[list[Address], Meta(max_length=49)] = []
    bcc: Annotated[list[Address], Meta(max_length=49)] = []
    attachments: Annotated[list[Attachment], Meta(max_length=100)] = []
    headers: Annotated[dict[str, HeaderText], Meta(max_length=50)] = {}
    list_unsubscribe: ListUnsubscribe | OwnLink | None = None
    priority: Priority = Priority.TRANSACTIONAL
    send_at: Time | None = None
    expires_at: Time | None = None
    locale: (
        Annotated[
            str, Meta(max_length=35, pattern=r"^[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8})*$(?!\n)", description="BCP 47")
        ]
        | None
    ) = None
    sensitive: bool | None = None
    tags: Annotated[list[Tag], Meta(max_length=MAX_TAGS, description="Stored, and echoed in status events")] = []
    topic: Topic | None = None

    @property
    def reply_to_addresses(self) -> list[str]:
        if self.reply_to is None:
            return []
        return [self.reply_to] if isinstance(self.reply_to, str) else self.reply_to


FIELDS = EmailRequest.__struct_encode_fields__


def parse_request(detail: object, *, now: float, max_schedule_days: int = 30) -> tuple[EmailRequest, list[str]]:
    """Parse and validate an event's detail; return the request and the names of unknown fields. Raises Refusal."""
    if not isinstance(detail, Mapping):
        raise Refusal(f"detail must be an object, found {kind(detail)}")
    if _depth(detail) > MAX_DEPTH:
        raise Refusal(f"detail: nested more than {MAX_DEPTH} levels deep; allowed: {MAX_DEPTH}")
    if (fault := fault_of(detail)) is not None:
        raise Refusal(f"{fault.field}: found {fault.found}; allowed: {fault.allowed}")
    given = {name: value for name, value in detail.items() if value is not None}
    for name, code in (("to", "VAL001"), ("templateName", "VAL002")):
        if given.get(name, "") == "":
            raise Refusal(f"Missing required field: '{name}'", code=code)
    unknown = sorted(set(given) - set(FIELDS))
    if unknown:
        reject_misleading_names(unknown, FIELDS)
    given = {
        name: given[name] if name in PRODUCERS_OWN else _without_nulls(given[name]) for name in FIELDS if name in given
    }
    if "headers" in given:
        check_headers(given["headers"])
    try:
        request = msgspec.convert(given, EmailRequest)
    except msgspec.ValidationError as err:
        raise refusal_of(err, given) from err
    return _checked(request, now, max_schedule_days), listed(unknown) if unknown else []


def fingerprint(detail: Mapping[str, Any], source: str) -> str:
    """Identify a producer's request: SHA-256 of its canonical JSON, without nulls and without emailId."""
    given = {name: value for name, value in detail.items() if value is not None and name != "emailId"}
    try:
        canonical = json.dumps([source, given], sort_keys=True, separators=(",", ":"), default=str)
    except RecursionError:
        canonical = source  # Too deep to be accepted: it only has to differ from other requests.
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_nulls(value: Any) -> Any:
    """Drop nulls inside the engine's own structures as well."""
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _checked(request: EmailRequest, now: float, max_schedule_days: int) -> EmailRequest:
    to, cc, bcc = _recipients(request)
    _check_metadata(request.metadata)
    _check_attachments(request.attachments)
    _check_list_unsubscribe(request)
    return msgspec.structs.replace(
        request,
        list_unsubscribe=request.list_unsubscribe or None,
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=[_address(item, f"replyTo[{i}]") for i, item in enumerate(request.reply_to_addresses)] or None,
        sender_override=_checked_sender(request.sender_override),
        metadata=None if request.metadata is None else with_storable_numbers(request.metadata),
        locale=request.locale and canonical_locale(request.locale),
        tags=list(dict.fromkeys(request.tags)),
        **_checked_times(request, now, max_schedule_days),
    )


def _recipients(request: EmailRequest) -> tuple[str, list[str], list[str]]:
    """Return to, cc and bcc with every mailbox once, whatever its case: the first spelling stays."""
    to = _address(request.to, "to")
    seen = {address_key(to)}
    copies: dict[str, list[str]] = {"cc": [], "bcc": []}
    for field, given in (("cc", request.cc), ("bcc", request.bcc)):
        for i, item in enumerate(given):
            address = _address(item, f"{field}[{i}]")
            if address_key(address) not in seen:
                copies[field].append(address)
                seen.add(address_key(address))
    if len(seen) > MAX_RECIPIENTS:
        raise Refusal(f"to, cc and bcc: {len(seen)} recipients, at most {MAX_RECIPIENTS} are allowed")
    return to, copies["cc"], copies["bcc"]


def _address(text: str, field: str) -> str:
    try:
        return parse_address(text)
    except AddressError as err:
        raise invalid_address(field, text, _reason(err, text)) from err


def _reason(err: AddressError, text: str) -> str:
    """Return the reason, unless it has a part of the address in it."""
    reason = str(err)
    parts = [part for part in re.split(r"[@\s]", text) if len(part) > 2]
    return "It is not a valid address." if any(part in reason for part in parts) else reason


def _check_list_unsubscribe(request: EmailRequest) -> None:
    unsubscribe = request.list_unsubscribe
    if unsubscribe is True and (request.cc or request.bcc):
        one_link = "all would get the link that unsubscribes to: send an email to each, or give listUnsubscribe.url"
        raise Refusal(f"listUnsubscribe: found true in a request with cc or bcc; allowed: with to alone; {one_link}")
    if not isinstance(unsubscribe, ListUnsubscribe):
        return
    if not (unsubscribe.url or unsubscribe.mailto):
        raise Refusal("listUnsubscribe: needs url, mailto or both")
    for field, url in (("url", unsubscribe.url), ("mailto", unsubscribe.mailto)):
        if (length := len(harmless_url(url or ""))) > MAX_URL:
            raise Refusal(f"listUnsubscribe.{field}: found {length} characters as encoded; allowed: {MAX_URL}")


def _checked_sender(sender: Sender | None) -> Sender | None:
    if sender is None:
        return None
    if sender.email is None and sender.name is None:
        raise Refusal("senderOverride: needs email, name or both")
    if sender.email is None:
        return sender
    return Sender(email=_address(sender.email, "senderOverride.email"), name=sender.name)


def metadata_fault(metadata: Mapping[str, Any]) -> str | None:
    """Return why an object cannot be stored as a record's metadata; None where it can."""
    if _depth(metadata) > MAX_METADATA_DEPTH:
        return f"nested more than {MAX_METADATA_DEPTH} levels deep; allowed: {MAX_METADATA_DEPTH}"
    if (fault := fault_of(metadata)) is not None:
        return f"found {fault.found}; allowed: {fault.allowed}"
    if _has_empty_name(metadata):
        return "an empty name; allowed: names of at least one character"
    size = len(json.dumps(metadata, separators=(",", ":"), ensure_ascii=False, default=str).encode())
    if size > MAX_METADATA_BYTES:
        return f"{size} bytes as JSON; allowed: {MAX_METADATA_BYTES}"
    return None


def _check_metadata(metadata: Mapping[str, Any] | None) -> None:
    fault = metadata_fault(metadata or {})
    if fault:
        raise Refusal(f"metadata: {fault}")


def _depth(value: object) -> int:
    """Count how deep objects and lists are nested, without recursion; stop where it is too deep."""
    depth, level = 0, [value]
    while depth <= MAX_DEPTH and (level := [item for item in level if isinstance(item, Mapping | list)]):
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, Mapping) else item)]
    return depth


def _has_empty_name(value: object) -> bool:
    if isinstance(value, Mapping):
        return "" in value or any(map(_has_empty_name, value.values()))
    return isinstance(value, list) and any(map(_has_empty_name, value))


# Rejected by mail systems and by SES: https://docs.aws.amazon.com/ses/latest/dg/mime-types.html
_EXECUTABLE = frozenset(
    "ade adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp its js jse ksh lib lnk "
    "mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1 msh2 mshxml msh1xml msh2xml msi "
    "msp mst ops pcd pif plg prf prg reg scf scr sct shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs "
    "vps vsmacros vss vst vsw vxd ws wsc wsf wsh xnk".split()
)


def _check_attachments(attachments: Iterable[Attachment]) -> None:
    for i, attachment in enumerate(attachments):
        field = f"attachments[{i}]"
        if (attachment.content_base64 is None) == (attachment.s3_uri is None):
            raise Refusal(f"{field}: needs contentBase64 or s3Uri, and not both")
        # Windows ignores spaces and dots at the end.
        extension = attachment.filename.rstrip(" .").rpartition(".")[2].casefold()
        if extension in _EXECUTABLE:
            raise Refusal(f"{field}.filename: files of type .{extension} are not allowed (SES refuses them)")


def _checked_times(request: EmailRequest, now: float, max_schedule_days: int) -> dict[str, str | None]:
    """Return sendAt and expiresAt as the engine writes times."""
    send_at, expires_at = _seconds("sendAt", request.send_at), _seconds("expiresAt", request.expires_at)
    if send_at is not None and send_at > now + max_schedule_days * 86_400:
        raise Refusal(f"sendAt: '{request.send_at}' is more than {max_schedule_days} days ahead")
    if send_at is not None and expires_at is not None and expires_at <= send_at:
        raise Refusal(f"expiresAt: '{request.expires_at}' is not after sendAt '{request.send_at}'")
    return {
        "send_at": None if send_at is None else utc_text(send_at),
        "expires_at": None if expires_at is None else utc_text(expires_at),
    }


def _seconds(field: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        # Neither end of the calendar is a time that `utc_text` can write with any offset.
        return min(max(rfc3339_seconds(text), 0.0), _LAST_SECOND)
    except ValueError as err:
        raise Refusal(f"{field}: found {measured(text)}; allowed: {ALLOWED[field]}") from err
