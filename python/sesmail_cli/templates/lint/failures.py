"""The place of an error that the sender would record: the file and line that it could not render."""

from __future__ import annotations

import re
from typing import NamedTuple

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.lint.findings import Finding, Reporter
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.files import METADATA, file_variants, locale_candidates
from sesmail_layer.domain.template.templates import TemplateError

NO_SUBJECT = "VAL004"
_BODIES = {"html": "template.html", "text": "template.txt"}
_LINES = {"subject": "subject", "sender_name": "senderName", "sender_email": "senderEmail", "reply_to": "replyTo"}
_QUOTED = re.compile(r"'(\w+)'")


class _Place(NamedTuple):
    file: str
    line: int
    """0: the file as a whole."""


def failure(template: TemplateFiles, error: PermanentError, locale: str | None, note: str = "") -> Finding | None:
    """Return the finding that an error is; None: it is in none of the template's files, or the place is not known."""
    place = _place(template, error, locale)
    if place is None:
        return None
    found: list[Finding] = []
    words = _QUOTED.findall(error.message)
    report = Reporter(found, template.name, place.file, template.text(place.file))
    report.error(error.code, error.message + note, line=place.line, word=words[-1] if words else "")
    return found[0]


def _place(template: TemplateFiles, error: PermanentError, locale: str | None) -> _Place | None:
    if isinstance(error, TemplateError) and (body := _BODIES.get(error.part)):
        file = next(variant for variant in file_variants(body, locale) if variant in template.files)
        return _Place(file, error.line)
    part = error.part if isinstance(error, TemplateError) else "subject" if error.code == NO_SUBJECT else ""
    if not part:
        return None
    keys = [f"{_LINES[part]}.{tag}" for tag in locale_candidates(locale)] + [_LINES[part]]
    lines = template.text(METADATA).splitlines()
    found = (number for key in keys for number, line in enumerate(lines, 1) if f'"{key}"' in line)
    return _Place(METADATA, next(found, 0))
