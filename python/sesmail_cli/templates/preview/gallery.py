"""The data of the preview page: templates with their samples and findings, and one rendered email."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from sesmail_cli.templates.files import SAMPLES, TemplateFiles, TemplatesNotFoundError, load_templates
from sesmail_cli.templates.lint.linter import lint
from sesmail_cli.templates.render import locales_of, render_email
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.files import METADATA

RECIPIENT = "recipient@example.com"


class Gallery:
    """The templates of one place, loaded again for every request, since their files change."""

    def __init__(self, where: str) -> None:
        self._where = where

    def revision(self) -> str:
        """Return a value that changes when a file changes. For S3 it never does: the page has a reload button."""
        if self._where.startswith("s3://"):
            return "s3"
        folder = Path(self._where).resolve()
        stats = [(path, path.lstat()) for root in (folder, folder.parent / "_shared") for path in root.rglob("*.*")]
        newest = max((stat.st_mtime_ns for _, stat in stats), default=0)
        return f"{newest}-{len(stats)}-{sum(stat.st_size for _, stat in stats)}"

    def templates(self) -> list[dict[str, Any]]:
        return [_describe(template) for template in self._load()]

    def render(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Render `{name, data, locale?}` (data as JSON text), or return the error that the sender would record."""
        template = next((one for one in self._load() if one.name == body.get("name")), None)
        if template is None:
            return error_answer("TMPL001", f"Template '{body.get('name')}' not found")
        try:
            data = json.loads(str(body.get("data", "")))
        except (ValueError, RecursionError) as err:
            return error_answer("JSON", f"The data is not JSON: {err}")
        request = {"to": RECIPIENT, "templateName": template.name, "templateData": data}
        try:
            email = render_email(template, request | {"locale": body.get("locale") or None})
        except PermanentError as err:
            return error_answer(err.code, err.message, err.error_type)
        return {
            "html": email.html,
            "text": email.text,
            "headers": email.headers,
            "size": len(email.message),
            "error": None,
        }

    def _load(self) -> list[TemplateFiles]:
        try:
            return load_templates(self._where)
        except TemplatesNotFoundError:
            return []


def _describe(template: TemplateFiles) -> dict[str, Any]:
    try:
        metadata = json.loads(template.text(METADATA))
    except (KeyError, ValueError, RecursionError):
        metadata = {}
    metadata = metadata if isinstance(metadata, dict) else {}
    return {
        "name": template.name,
        "description": metadata.get("description", ""),
        "version": metadata.get("version", ""),
        "sensitive": metadata.get("sensitive", False),
        "locales": locales_of(template),
        "samples": _samples(template, metadata),
        "findings": msgspec.to_builtins(lint(template)),
    }


def _samples(template: TemplateFiles, metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the template's samples; if it has none, one with each required variable's name as its value."""
    samples = {name: template.sample(name) for name in SAMPLES if name in template.files}
    names = metadata.get("requiredVariables") or []
    return samples or {"generated": json.dumps({str(name): str(name) for name in names}, indent=2)}


def error_answer(code: str, message: str, error_type: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "errorType": error_type}}
