"""A mailing: what all its emails have in common, and the email of one row."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from sesmail_cli.bulk.columns import LOCALE, Columns
from sesmail_cli.bulk.rows import Row
from sesmail_client import Email, InvalidEmailError, id_about
from sesmail_client.schema_check import SchemaCheck, load_schema
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.request.addresses import address_key
from sesmail_layer.domain.request.email_request import parse_request

SOURCE = "sesmail.send-bulk"
"""The producer of a mailing that names none."""
# As the client has it: EventBridge's envelope, and what the engine adds to a request on its way.
_ENVELOPE_KB = 5
# The client's own check, so that it takes each email that was checked here.
_CLIENT_CHECK = SchemaCheck(load_schema("email-request.schema.json"))
_NO_DATA: Mapping[str, Any] = {}


class Refused(Exception):
    """A row cannot be an email; the message names field, value (masked) and what is allowed."""


class Mailing(msgspec.Struct, frozen=True, kw_only=True):
    """What all emails of a mailing share."""

    template: str
    tag: str
    """Names the mailing: the same person gets it once."""
    producer: str = SOURCE
    key: str | None = None
    """The column that `--key` names."""
    topic: str | None = None
    send_at: str | None = None
    list_unsubscribe: Mapping[str, str] | Literal[True] | None = None
    """True: the engine's own links."""
    data: Mapping[str, Any] = _NO_DATA
    """Template data of every email; a row's own values come before them."""
    max_schedule_days: int = 30
    max_request_kb: int = 256

    @property
    def identity(self) -> str:
        """Return the options that name the mailing, as text for a shell; the file's name is none of them."""
        given = {"--tag": self.tag, "--template": self.template, "--producer": self.producer, "--key": self.key}
        return " ".join(f"{option} {shlex.quote(value)}" for option, value in given.items() if value is not None)

    def email_id(self, to: str, key: str) -> str:
        """Return an email's id: the same for the same person and key in the same mailing, from whichever file."""
        return id_about(json.dumps(["send-bulk", self.producer, self.tag, self.template, address_key(to), key]))

    def email(self, row: Row, columns: Columns, now: float) -> Email:
        """Return the email of a row, checked as the engine checks it. Raises Refused."""
        if row.fault:
            raise Refused(row.fault)
        data = columns.data(row)
        for variable in columns.required:
            if data.get(variable) is None:
                raise Refused(f"{variable}: found nothing; allowed: a value, since the template requires it")
        to = columns.address(row)
        if to is None:
            raise Refused("to: found nothing; allowed: one email address")
        locale = data.pop(LOCALE, None)
        key = "" if columns.key is None else str(row.values.get(columns.key, ""))
        if columns.key is not None and not key:
            raise Refused(f"{columns.key}: found nothing; allowed: a value, since --key names this column")
        given: dict[str, Any] = {"to": to, "template_data": {**self.data, **data}, **self._shared()}
        if locale is not None:
            given["locale"] = locale
        return self._checked(given, key, now)

    def check(self, now: float) -> None:
        """Check what all emails share. Raises Refused."""
        self._checked({"to": "reader@example.com", "template_data": dict(self.data), **self._shared()}, "", now)

    def _shared(self) -> dict[str, Any]:
        shared: dict[str, Any] = {"template_name": self.template, "priority": "bulk", "tags": [self.tag]}
        if self.topic is not None:
            shared["topic"] = self.topic
        if self.send_at is not None:
            shared["send_at"] = self.send_at
        if self.list_unsubscribe is not None:
            given = self.list_unsubscribe
            shared["list_unsubscribe"] = True if given is True else dict(given)
        return shared

    def _checked(self, given: dict[str, Any], key: str, now: float) -> Email:
        request = request_of(given)
        try:
            parsed, _ = parse_request(request, now=now, max_schedule_days=self.max_schedule_days)
        except PermanentError as error:
            raise Refused(error.message.removeprefix("Validation error: ")) from error
        given["email_id"] = self.email_id(parsed.to, key)
        try:
            detail = _CLIENT_CHECK.fields(given, _CLIENT_CHECK.main)
        except InvalidEmailError as error:
            raise Refused(str(error)) from error
        size = len(json.dumps(detail, ensure_ascii=False, separators=(",", ":")).encode())
        if size > (most := (self.max_request_kb - _ENVELOPE_KB) * 1024):
            raise Refused(f"templateData: found {size} bytes in all; allowed: {most} (max_request_kb)")
        return given  # type: ignore[return-value]


_NAMES = {
    "template_name": "templateName",
    "template_data": "templateData",
    "email_id": "emailId",
    "send_at": "sendAt",
    "list_unsubscribe": "listUnsubscribe",
}


def request_of(email: Mapping[str, Any]) -> dict[str, Any]:
    """Return an email as the engine gets it, with the contract's names."""
    return {_NAMES.get(name, name): value for name, value in email.items()}


def default_tag(file: Path) -> str:
    """Return the tag of a mailing that names none: the file's name in a tag's letters."""
    name = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "-" for letter in file.stem)
    return name[:64] or "send-bulk"
