"""Findings of the linter, and their places in the files."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

SENDERS_CODE = re.compile(r"[A-Z]{3,4}[0-9]{3}")
"""A rule that is an error code of the sender."""
RULES = frozenset(
    """
    active-content bad-brand bad-name bad-sample bad-variable-name bad-version broken-markup clipped declared-twice
    dropped-css empty-link empty-text image-size insecure-image layout-table-role markup-in-text missing-alt missing-dir
    missing-lang missing-title missing-viewport mixed-languages no-address no-brand no-document no-subject
    no-unsubscribe no-version other-file unclosed-tag undeclared-data undeclared-variable unknown-filter
    unknown-metadata unknown-test unquoted-attribute unsafe-link unsafe-markup unused-variable width wrong-lang
    """.split()
)
"""All other rules."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One problem and its place. Line 0 is the file as a whole."""

    rule: str
    severity: Severity
    template: str
    file: str
    line: int = 0
    column: int = 0
    message: str
    source: str = ""
    """The text of the line."""


class Reporter:
    """Adds findings about one file, each with its place."""

    def __init__(self, findings: list[Finding], template: str, file: str, text: str = "") -> None:
        self._findings = findings
        self._template = template
        self._file = file
        self._lines = text.splitlines()

    def error(self, rule: str, message: str, *, line: int = 0, word: str = "") -> None:
        self._add(Severity.ERROR, rule, message, line, word)

    def warning(self, rule: str, message: str, *, line: int = 0, word: str = "") -> None:
        self._add(Severity.WARNING, rule, message, line, word)

    def line_of(self, text: str) -> int:
        """Return the number of the first line with that text; 0: none."""
        return next((number for number, line in enumerate(self._lines, 1) if text in line), 0)

    def _add(self, severity: Severity, rule: str, message: str, line: int, word: str) -> None:
        source = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        self._findings.append(
            Finding(
                rule=rule,
                severity=severity,
                template=self._template,
                file=self._file,
                line=line,
                column=_column(source, word),
                message=message,
                source=source,
            )
        )


def _column(source: str, word: str) -> int:
    """Return the 1-based column of the word; 0: it is not on the line."""
    if not word:
        return 0
    match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", source) or re.search(re.escape(word), source)
    return match.start() + 1 if match else 0
