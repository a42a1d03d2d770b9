"""Rules about `metadata.json`, in addition to those of the sender."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any

from sesmail_cli.templates.lint.findings import Reporter
from sesmail_layer.domain.template.starters import precedence

KNOWN = {
    "subject": str,
    "senderName": str,
    "senderEmail": str,
    "replyTo": str,
    "requiredVariables": list,
    "optionalVariables": list,
    "description": str,
    "version": str,
    "sensitive": bool,
    "autoSubmitted": bool,
}
LINES = ("subject", "senderName", "senderEmail", "replyTo")
_LOCALISED_SUBJECT = re.compile(r"subject\.[A-Za-z0-9-]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_metadata(content: str, report: Reporter) -> dict[str, Any] | None:
    """Return the metadata as plain values; report why it cannot be read."""
    try:
        metadata = json.loads(content)
    except (ValueError, RecursionError) as err:
        line = getattr(err, "lineno", 0)
        report.error("TMPL005", f"invalid metadata.json: {err}", line=line)
        return None
    if not isinstance(metadata, dict):
        report.error("TMPL005", "invalid metadata.json: it is not an object")
        return None
    return metadata


def report_metadata(metadata: dict[str, Any], report: Reporter) -> None:
    for key, value in metadata.items():
        _key(key, value, report)
    if not metadata.get("subject"):
        report.warning("no-subject", "Without a subject here, every request must have one")
    version = metadata.get("version")
    if version is None:
        report.warning("no-version", "Without a version it counts as 0.0.0, and a starter of that name replaces it")
    elif isinstance(version, str):
        try:
            precedence(version)
        except ValueError as err:
            report.error("bad-version", str(err), line=report.line_of('"version"'), word="version")
    _names(metadata, report)


def declared(metadata: dict[str, Any]) -> dict[str, str]:
    """Return each declared variable with the list that has it."""
    return {
        name: where
        for where in ("optionalVariables", "requiredVariables")
        for name in metadata.get(where) or []
        if isinstance(name, str)
    }


def line_parts(metadata: dict[str, Any]) -> dict[str, str]:
    """Return the Jinja2 lines for headers, localised subjects included."""
    return {
        key: value
        for key, value in metadata.items()
        if isinstance(value, str) and (key in LINES or _LOCALISED_SUBJECT.fullmatch(key))
    }


def _key(key: str, value: object, report: Reporter) -> None:
    line = report.line_of(f'"{key}"')
    if _LOCALISED_SUBJECT.fullmatch(key):
        wanted: type = str
    elif key in KNOWN:
        wanted = KNOWN[key]
    else:
        near = difflib.get_close_matches(key, KNOWN, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        report.warning("unknown-metadata", f"Nothing reads '{key}'{hint}", line=line, word=key)
        return
    if value is not None and not isinstance(value, wanted):
        report.error("TMPL005", f"invalid metadata.json: '{key}' must be a {wanted.__name__}", line=line, word=key)


def _names(metadata: dict[str, Any], report: Reporter) -> None:
    required, optional = (metadata.get(where) or [] for where in ("requiredVariables", "optionalVariables"))
    for name in (*required, *optional):
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            line = report.line_of(f'"{name}"')
            report.error("bad-variable-name", f"{name!r} cannot be a variable's name", line=line, word=str(name))
    for name in sorted({str(name) for name in required} & {str(name) for name in optional}):
        line = report.line_of(f'"{name}"')
        report.warning("declared-twice", f"'{name}' is both required and optional", line=line, word=name)
