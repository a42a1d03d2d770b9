"""The place of an error that the sender would record: the file and line that it could not render."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath as Path
from typing import NamedTuple

import msgspec

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.lint.findings import Finding, Reporter
from sesmail_cli.templates.lint.source_places import CODE, as_written
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.files import METADATA, file_variants, locale_candidates
from sesmail_layer.domain.template.templates import TemplateError

NO_SUBJECT = "VAL004"
_BODIES = {"html": "template.html", "text": "template.txt"}
_LINES = {"subject": "subject", "sender_name": "senderName", "sender_email": "senderEmail", "reply_to": "replyTo"}
_JINJA = re.compile(r"\{[{%].*?[%}]\}")
_QUOTED = re.compile(r"'(\w+)'")


class _Place(NamedTuple):
    file: str
    line: int
    """0: the file as a whole."""


def failure(template: TemplateFiles, error: PermanentError, locale: str | None) -> Finding | None:
    """Return the finding that an error is; None: it is in none of the template's files, or the place is not known."""
    place = _place(template, error, locale)
    if place is None:
        return None
    found: list[Finding] = []
    lines = template.text(place.file).splitlines()
    expression = _expression(lines[place.line - 1] if 0 < place.line <= len(lines) else "", error.message)
    report = Reporter(found, template.name, place.file, template.text(place.file))
    report.error(error.code, error.message, line=place.line, word=expression)
    return _in_source(found[0], expression, template.sources)


def _expression(line: str, message: str) -> str:
    """Return what failed on a line, as far as the error says: the name that it quotes, or all of the line's Jinja2."""
    parts = _JINJA.findall(line)
    words = _QUOTED.findall(message)
    paths = [found[0] for part in parts if words and (found := re.search(rf"(?:\w+\.)*\b{words[-1]}\b", part))]
    return paths[0] if paths else parts[0] if len(parts) == 1 else ""


def _in_source(finding: Finding, expression: str, sources: Mapping[str, str]) -> Finding:
    """Return the finding on the line of the source that reads the same, or that has the expression; else on none.

    The compiler writes other lines than the source has: macros, inlined CSS.
    """
    if not finding.line or finding.file not in sources:
        return finding
    shared = (file for file in sources if file.startswith("../") and Path(file).suffix == Path(finding.file).suffix)
    lines = [
        (file, number, text)
        for file in (finding.file, *shared)
        for number, text in enumerate(sources[file].splitlines(), 1)
    ]
    same = [line for line in lines if line[2].strip() == finding.source.strip()]
    same += [line for line in lines if as_written(line[2]) == as_written(finding.source)]
    for file, number, text in same or [line for line in lines if _column(line[2], expression)]:
        column = _column(text, expression)
        return msgspec.structs.replace(finding, file=file, line=number, column=column, source=text)
    return msgspec.structs.replace(finding, line=0, column=0)


def _column(line: str, expression: str) -> int:
    """Return the 1-based column at which the line's code has the whole expression; 0: nowhere."""
    if not expression:
        return 0
    words = re.escape(expression)
    whole = re.compile(words if expression.startswith("{") else rf"(?<![\w.]){words}(?![\w.])")
    found = (whole.search(line, code.start(), code.end()) for code in CODE.finditer(line))
    return next((match.start() + 1 for match in found if match), 0)


def _place(template: TemplateFiles, error: PermanentError, locale: str | None) -> _Place | None:
    if isinstance(error, TemplateError) and (body := _BODIES.get(error.part)):
        file = next(variant for variant in file_variants(body, locale) if variant in template.files)
        return _Place(file, error.line)
    part = error.part if isinstance(error, TemplateError) else "subject" if error.code == NO_SUBJECT else ""
    if not part:
        return None
    keys = [f"{_LINES[part]}.{tag}" for tag in locale_candidates(locale)] + [_LINES[part]]
    lines = template.text(METADATA).splitlines()
    found = (number for key in keys for number, line in enumerate(lines, 1) if re.search(rf'"{key}"\s*:', line))
    return _Place(METADATA, next(found, 0))
