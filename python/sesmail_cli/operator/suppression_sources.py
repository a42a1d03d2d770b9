"""What the entries of other providers' suppression lists mean here.

Formats: SendGrid https://www.twilio.com/docs/sendgrid/api-reference/suppressions-suppressions (and its CSV downloads) ·
Mailgun https://documentation.mailgun.com/en/latest/api-suppressions.html ·
Postmark https://postmarkapp.com/developer/api/suppressions-api ·
SES https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SuppressedDestinationSummary.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import NamedTuple

from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.suppression_files import Row, column_name
from sesmail_layer.domain.guards.suppression import (
    SUPPRESSION_TYPES,
    TOMBSTONE_PREFIX,
    Suppression,
    SuppressionReason,
    source_key,
    split_source_key,
    topic_key,
)
from sesmail_layer.domain.plain_text import CONTROLS
from sesmail_layer.domain.request.addresses import AddressError, address_key, parse_address
from sesmail_layer.domain.request.email_request import TEMPLATE_NAME
from sesmail_layer.domain.times import utc_text


class Source(StrEnum):
    SENDGRID = "sendgrid"
    MAILGUN = "mailgun"
    POSTMARK = "postmark"
    SES = "ses"
    SES_ACCOUNT = "ses-account"
    CSV = "csv"


class ListKind(StrEnum):
    """What a whole file is a list of, where its rows have no reason of their own."""

    BOUNCES = "bounces"
    BLOCKS = "blocks"
    INVALID_EMAILS = "invalid-emails"
    COMPLAINTS = "complaints"
    UNSUBSCRIBES = "unsubscribes"


class Skipped(StrEnum):
    """Why a valid entry is not imported."""

    TRANSIENT = "transient"
    EXPIRED = "expired"


class RowError(ValueError):
    """The row cannot be imported. The message never has the address."""


class Reading(NamedTuple):
    entry: Suppression | Skipped
    has_unreadable_date: bool


class Options(NamedTuple):
    source: Source
    kind: ListKind | None
    now: float
    reason: SuppressionReason = SuppressionReason.MANUAL
    """Of rows of a CSV file without one."""
    include_transient: bool = False
    default_source: str | None = None
    """`source` of entries of files that name none."""
    columns: Mapping[str, str] = {}
    """Names of columns of a CSV file, by the field that they hold."""


_EMAIL = ("email", "emailaddress", "address", "recipient", "mail")
_DATE = (
    "addedtosuppressiondate", "createdat", "created", "lastupdatetime", "date", "timestamp", "suppressedat",
)  # fmt: skip
_REASON = ("reason", "suppressionreason", "suppressiontype", "type")
FIELDS = {"email": _EMAIL, "reason": _REASON, "date": _DATE}

_KIND_REASONS = {
    ListKind.BOUNCES: SuppressionReason.HARD_BOUNCE,
    ListKind.BLOCKS: SuppressionReason.CONSECUTIVE_SOFT_BOUNCES,
    ListKind.INVALID_EMAILS: SuppressionReason.HARD_BOUNCE,
    ListKind.COMPLAINTS: SuppressionReason.SPAM_COMPLAINT,
    ListKind.UNSUBSCRIBES: SuppressionReason.UNSUBSCRIBE,
}
# Parts of file names, such as SendGrid's suppression_spam_reports.csv.
_FILE_NAMES = {
    "unsub": ListKind.UNSUBSCRIBES,
    "optout": ListKind.UNSUBSCRIBES,
    "spam": ListKind.COMPLAINTS,
    "complaint": ListKind.COMPLAINTS,
    "block": ListKind.BLOCKS,
    "invalid": ListKind.INVALID_EMAILS,
    "bounce": ListKind.BOUNCES,
}
# Other words for reasons, with letters and digits only.
_WORDS = {column_name(reason): reason for reason in SuppressionReason} | {
    "bounce": SuppressionReason.HARD_BOUNCE,
    "bounced": SuppressionReason.HARD_BOUNCE,
    "hard": SuppressionReason.HARD_BOUNCE,
    "invalid": SuppressionReason.HARD_BOUNCE,
    "softbounceexceeded": SuppressionReason.CONSECUTIVE_SOFT_BOUNCES,
    "complaint": SuppressionReason.SPAM_COMPLAINT,
    "complained": SuppressionReason.SPAM_COMPLAINT,
    "spam": SuppressionReason.SPAM_COMPLAINT,
    "spamreport": SuppressionReason.SPAM_COMPLAINT,
    "unsubscribed": SuppressionReason.UNSUBSCRIBE,
    "optout": SuppressionReason.UNSUBSCRIBE,
    "manualsuppression": SuppressionReason.MANUAL,
}
_DETAIL_LENGTH = 1_000
# A spreadsheet's dates are days since 1899-12-30: these are of 1954 to 2119, and no list has Unix seconds so small.
# https://support.microsoft.com/en-us/office/date-systems-in-excel-e7fe7167-48a9-4b96-bb53-5612a800b487
_FIRST_DAY, _LAST_DAY, _UNIX_DAY, _DAY_SECONDS = 20_000, 80_000, 25_569, 86_400
_LEAST_SECONDS = 1e8
# The year 9999 ends.
_MOST_SECONDS = 253_402_300_800


def kind_of(source: Source, names: Collection[str], file_name: str) -> ListKind | None:
    """Find what a file lists by its columns, then by its name; None: its rows have reasons. Raises UsageError."""
    possible = _possible(source, set(names))
    if len(possible) < 2:
        return next(iter(possible), None)
    plain = column_name(file_name)
    for word, kind in _FILE_NAMES.items():
        if word in plain and kind in possible:
            return kind
    choices = " or ".join(f"--list {kind}" for kind in possible)
    raise UsageError(f"The columns ({', '.join(names)}) do not say what {file_name} is a list of: give {choices}.")


def _possible(source: Source, names: set[str]) -> list[ListKind]:
    if source is Source.SENDGRID:
        if "status" in names:
            return [ListKind.BOUNCES, ListKind.BLOCKS]
        if "ip" in names:
            return [ListKind.COMPLAINTS]
        if names & {"groupid", "groupname"}:
            return [ListKind.UNSUBSCRIBES]
        return [ListKind.INVALID_EMAILS] if "reason" in names else [ListKind.UNSUBSCRIBES, ListKind.COMPLAINTS]
    if source is Source.MAILGUN:
        if names & {"code", "error"}:
            return [ListKind.BOUNCES]
        return [ListKind.UNSUBSCRIBES] if names & {"tags", "tag"} else [ListKind.COMPLAINTS, ListKind.UNSUBSCRIBES]
    return []


def read_entry(row: Row, options: Options) -> Reading:
    """Turn a row into the engine's entry. Raises RowError."""
    address = _address(_field(row, "email", options), options.source)
    reason = _reason(row, options)
    if _is_transient(row, options):
        if not options.include_transient:
            return Reading(Skipped.TRANSIENT, False)
        reason = SuppressionReason.CONSECUTIVE_SOFT_BOUNCES
    added, expires = _field(row, "date", options), row.values.get("expiresat", "")
    seconds = point_of(added, options.now)
    expiry = _expiry(expires)
    if expiry is not None and expiry <= options.now:
        return Reading(Skipped.EXPIRED, False)
    entry = Suppression(
        email=address,
        suppression_type=SUPPRESSION_TYPES[reason],
        reason=reason,
        added_to_suppression_date=utc_text(options.now if seconds is None else seconds),
        source=_detail(row, options, "source") or options.default_source,
        email_id=_detail(row, options, "emailid"),
        ses_message_id=_detail(row, options, "sesmessageid"),
        bounce_sub_type=_detail(row, options, "bouncesubtype"),
        diagnostic_code=_diagnostic(row, options),
        note=_detail(row, options, "note"),
        topic=_topic(address),
        expires_at=None if expiry is None else utc_text(expiry),
        ttl=None if expiry is None else int(expiry),
    )
    return Reading(entry, bool(added) and seconds is None)


def _field(row: Row, field: str, options: Options) -> str:
    chosen = options.columns.get(field)
    if chosen is not None:
        return row.values.get(column_name(chosen), "")
    return next((row.values[name] for name in FIELDS[field] if row.values.get(name)), "")


def _topic(key: str) -> str | None:
    return key.rpartition("#")[2] if "#" in key.rpartition("@")[2] and not split_source_key(key) else None


def _address(text: str, source: Source) -> str:
    if source is Source.CSV and text.startswith(TOMBSTONE_PREFIX) and text[len(TOMBSTONE_PREFIX) :].isalnum():
        return text  # An erased address in an export of this engine.
    if source is Source.CSV and (left := split_source_key(text)):
        return source_key(_address(left[0], source), left[1])
    address, mark, topic = text.rpartition("#")
    if source is Source.CSV and mark and re.search(TEMPLATE_NAME, topic):
        return topic_key(_address(address, source), topic)  # A topic that somebody left, in an export of this engine.
    if not text:
        raise RowError("there is no address")
    if "\ufffd" in text:
        raise RowError("the address is not UTF-8: save the file as UTF-8")
    try:
        return address_key(parse_address(text))
    except AddressError as err:
        raise RowError(f"no email address: {err}") from err


def _reason(row: Row, options: Options) -> SuppressionReason:
    if options.kind is not None:
        return _KIND_REASONS[options.kind]
    word = _field(row, "reason", options)
    if not word:
        if options.source is not Source.CSV:
            raise RowError("there is no reason")
        return options.reason
    found = _WORDS.get(column_name(word))
    if found is None:
        raise RowError(f"unknown reason '{CONTROLS.sub('', word)[:40]}': allowed are {', '.join(SuppressionReason)}")
    if options.source is Source.POSTMARK and found is SuppressionReason.MANUAL:
        # A recipient's own suppression is an unsubscription; Customer and Admin are the sender's side.
        by_recipient = row.values.get("origin", "").casefold() == "recipient"
        return SuppressionReason.UNSUBSCRIBE if by_recipient else found
    return found


def _is_transient(row: Row, options: Options) -> bool:
    """SendGrid's blocks, and bounces with a status of temporary failures, may end by themselves."""
    temporary = row.values.get("status", "").startswith("4")
    return options.kind is ListKind.BLOCKS or (options.kind is ListKind.BOUNCES and temporary)


def _diagnostic(row: Row, options: Options) -> str | None:
    if options.source is Source.CSV:
        return _detail(row, options, "diagnosticcode")
    if options.kind not in (ListKind.BOUNCES, ListKind.BLOCKS, ListKind.INVALID_EMAILS):
        return None
    text = row.values.get("reason") or row.values.get("error") or ""
    return _printable(text[:_DETAIL_LENGTH])


def _detail(row: Row, options: Options, name: str) -> str | None:
    return _printable(row.values.get(name, "")) if options.source is Source.CSV else None


def _printable(text: str) -> str | None:
    return CONTROLS.sub(" ", text).strip() or None


def _expiry(text: str) -> float | None:
    """Return when an entry expires; None, never, also for what cannot be read: no mail goes out for a wrong time."""
    return _seconds(text) if text else None


def point_of(text: str, now: float) -> float | None:
    """Return a date (ISO 8601, RFC 2822, Unix seconds or milliseconds) as a Unix time; None: it is none, or ahead."""
    seconds = _seconds(text)
    return seconds if seconds is not None and 0 < seconds <= now else None


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return _timestamp(text)
    if _FIRST_DAY < number < _LAST_DAY:
        return (number - _UNIX_DAY) * _DAY_SECONDS
    if abs(number) < _LEAST_SECONDS:
        return _timestamp(text)  # 20240203 is a date; 2024 and 0 are none.
    seconds = number / 1000 if abs(number) > 1e11 else number
    return seconds if 0 < seconds < _MOST_SECONDS else None


def _timestamp(text: str) -> float | None:
    moment = _moment(text.removesuffix(" UTC"))
    return moment.timestamp() if moment and 0 < moment.timestamp() < _MOST_SECONDS else None


def _moment(text: str) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            moment.timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return moment
    return None
