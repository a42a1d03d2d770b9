"""Refusals of a request: which field, what was found, what is allowed. Never an address, never content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.request.addresses import masked
from sesmail_layer.domain.request.foreign_names import advice_for, folded

_TIME = "an RFC 3339 time such as 2026-11-24T10:31:00Z"
_LINE = "a text of at most 998 characters without line breaks and other control characters"

ALLOWED = {
    "to": "one email address",
    "templateName": "letters, digits, _ and -, at most 128, the first a letter or digit",
    "templateData": "an object",
    "emailId": "letters, digits and _.:-, at most 128",
    "subject": f"{_LINE}, not empty",
    "senderOverride": "an object with email, name or both",
    "senderOverride.email": "an email address",
    "senderOverride.name": "a text of at most 320 characters without control characters and marks that reverse text",
    "replyTo": "an email address, or a list of at most 25",
    "replyTo[]": "an email address",
    "metadata": "an object",
    "cc": "a list of at most 49 email addresses",
    "cc[]": "an email address",
    "bcc": "a list of at most 49 email addresses",
    "bcc[]": "an email address",
    "attachments": "a list of at most 100 objects",
    "attachments[]": "an object with filename, contentBase64 or s3Uri, and perhaps contentType and contentId",
    "attachments[].filename": "1 to 255 characters without / and \\, control characters and marks that reverse text",
    "attachments[].contentType": "a media type such as application/pdf, or text/calendar; method=REQUEST",
    "attachments[].contentBase64": "a text in base64",
    "attachments[].s3Uri": "s3://BUCKET/KEY",
    "attachments[].contentId": "letters, digits and ._@-, at most 128",
    "headers": "an object of at most 50 texts",
    "headers[]": _LINE,
    "listUnsubscribe": "true, or an object with url, mailto or both",
    "listUnsubscribe.url": "an http or https URL of at most 900 ASCII characters",
    "listUnsubscribe.mailto": "an address or mailto: URL of at most 900 ASCII characters",
    "priority": "'transactional' or 'bulk'",
    "sendAt": _TIME,
    "expiresAt": _TIME,
    "locale": "a BCP 47 language tag such as fr-CA",
    "sensitive": "true or false",
    "tags": "a list of at most 5 names",
    "tags[]": "letters, digits, _ and -, at most 64",
    "topic": "letters, digits, _ and -, at most 128, the first a letter or digit",
}
"""Allowed values of each field; `[]` is an item of a list or a value of an object."""

_ADDRESSES = frozenset({"to", "replyTo", "replyTo[]", "cc[]", "bcc[]", "senderOverride.email"})
_QUOTED = frozenset(
    {"templateName", "emailId", "priority", "sendAt", "expiresAt", "locale", "sensitive", "tags[]", "topic"}
)
"""Fields of ids, times and fixed words. Any other value is content or personal: only its length is shown."""
_WORD = re.compile(r"[A-Za-z0-9_.:/+-]{1,40}")
_FIELD_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$-]{0,39}")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
# A near miss is no longer than this, and no request has more of them: the search is quadratic.
_LONGEST_NAME, _MOST_NAMES = 24, 200
_SHOWN_NAMES = 20
_LONGEST_NUMBER = 40


class Refusal(PermanentError):
    """A request that no retry can fix. The message names the field, what was found and what is allowed."""

    def __init__(self, message: str, *, code: str = "VAL005") -> None:
        super().__init__("validation_error", f"Validation error: {message}", code=code)


def refusal_of(err: msgspec.ValidationError, detail: Mapping[str, Any]) -> Refusal:
    """Translate msgspec's `Expected …, got … - at `$.cc[0]`` for producers: field, value found, what is allowed."""
    problem, _, path = str(err).rpartition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    general = re.sub(r"\[[^\]]*\]", "[]", field)
    unknown = _UNKNOWN_FIELD.fullmatch(problem)
    if unknown:
        known = [
            name.removeprefix(general + ".") for name in ALLOWED if re.fullmatch(rf"{re.escape(general)}\.\w+", name)
        ]
        return unknown_field(unknown[1], known, inside=field)
    value = _value_at(detail, path)
    if general in _ADDRESSES and isinstance(value, str):
        return invalid_address(field, value, "It is not a valid address.")
    return Refusal(f"{field}: found {_found(general, value)}; allowed: {ALLOWED[general]}")


def invalid_address(field: str, text: str, reason: str) -> Refusal:
    return Refusal(f"Invalid email address format: {field} '{masked(text)}'. {reason}", code="VAL003")


def unknown_field(name: str, known: Iterable[str], *, inside: str = "") -> Refusal:
    """Suggest the known name that is near, else list the known names."""
    field = f"{inside}: unknown field {quoted(name)}" if inside else f"Unknown field {quoted(name)}"
    meant = near_miss(name, known)
    hint = f"did you mean '{meant}'?" if meant else f"allowed: {', '.join(known)}"
    return Refusal(f"{field}{';' if inside and not meant else ':'} {hint}", code="VAL006")


def near_miss(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant: other case, other separators, or a typo."""
    if len(name) > _LONGEST_NAME:
        return None
    import difflib  # Imported here: it is rarely needed, and a cold start should not pay for it.

    known = list(known)
    by_folded = {folded(other): other for other in known}
    return by_folded.get(folded(name)) or next(iter(difflib.get_close_matches(name, known, 1, 0.84)), None)


def reject_misleading_names(unknown: Iterable[str], known: Iterable[str]) -> None:
    """Raise Refusal for a name that is almost a known one, or another mail API's: ignoring it sends another mail."""
    for name in unknown:
        if advice := advice_for(name):
            raise Refusal(f"Unknown field {quoted(name)}: {advice}", code="VAL006")
    for name in [name for name in unknown if len(name) <= _LONGEST_NAME][:_MOST_NAMES]:
        if near_miss(name, known):
            raise unknown_field(name, known)


def listed(names: Iterable[str]) -> list[str]:
    """Return names fit for a record and a log: short, few, without content."""
    names = list(names)
    more = [f"and {len(names) - _SHOWN_NAMES} more"] if len(names) > _SHOWN_NAMES else []
    return [field_name(name) for name in names[:_SHOWN_NAMES]] + more


def field_name(name: str) -> str:
    """Return a name fit for a message: itself where it looks like one, else its length (it may be anything)."""
    return name if _FIELD_NAME.fullmatch(name) else f"a name of {_characters(name)}"


def quoted(name: str) -> str:
    """Return `field_name` with quotes around a name that is shown."""
    return f"'{name}'" if _FIELD_NAME.fullmatch(name) else field_name(name)


def measured(text: str) -> str:
    """Return what a message says in place of a text."""
    return f"a text of {_characters(text)}"


def _characters(text: str) -> str:
    return f"{len(text)} character{'' if len(text) == 1 else 's'}"


def kind(value: object) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "a truth value",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "nothing" if value is None else type(value).__name__)


def _value_at(detail: Any, path: str) -> Any:
    """Follow msgspec's path of names and of numbers in lists."""
    for name, index in _STEP.findall(path):
        detail = detail[int(index)] if index else detail.get(name)
    return detail


def _found(field: str, value: object) -> str:
    if isinstance(value, str):
        return f"'{value}'" if field in _QUOTED and _WORD.fullmatch(value) else measured(value)
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, bool | int | float) and len(str(value)) <= _LONGEST_NUMBER:
        return str(value)
    return kind(value)
