"""What the preview page shows: templates with their samples and findings, and one email rendered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from sesmail_cli.template_files import SAMPLES, TemplateFiles, TemplatesNotFoundError, load_templates
from sesmail_cli.template_lint.linter import lint
from sesmail_cli.template_render import locales_of, render_email
from sesmail_layer.domain.errors import PermanentError

DEFAULT_SENDER = "sender@your-domain.example"
RECIPIENT = "recipient@example.com"


class Gallery:
    """The templates of one place, read again for every question: files change under our hands."""

    def __init__(self, where: str) -> None:
        self._where = where

    def revision(self) -> str:
        """Changes when a file does. For S3 it never changes by itself: the page has a button."""
        if self._where.startswith("s3://"):
            return "s3"
        folder = Path(self._where).resolve()
        stats = [(path, path.stat()) for root in (folder, folder.parent / "_shared") for path in root.rglob("*.*")]
        newest = max((stat.st_mtime_ns for _, stat in stats), default=0)
        return f"{newest}-{len(stats)}-{sum(stat.st_size for _, stat in stats)}"

    def templates(self) -> list[dict[str, Any]]:
        return [_about(template) for template in self._load()]

    def render(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Answers `{name, data, locale?}`, data as JSON text; an error is the one that the sender would record."""
        template = next((one for one in self._load() if one.name == question.get("name")), None)
        if template is None:
            return _error("TMPL001", f"Template '{question.get('name')}' not found")
        try:
            data = json.loads(str(question.get("data", "")))
        except ValueError as err:
            return _error("JSON", f"The data is not JSON: {err}")
        request = {"to": RECIPIENT, "templateName": template.name, "templateData": data}
        try:
            email = render_email(template, request | {"locale": question.get("locale") or None}, DEFAULT_SENDER)
        except PermanentError as err:
            return _error(err.code, err.message, err.error_type)
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


def _about(template: TemplateFiles) -> dict[str, Any]:
    try:
        metadata = json.loads(template.text("metadata.json"))
    except (KeyError, ValueError):
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
    """The template's own samples; without any, each required variable with its name as value."""
    samples = {name: template.text(name) for name in SAMPLES if name in template.files}
    names = metadata.get("requiredVariables") or []
    return samples or {"made up": json.dumps({str(name): str(name) for name in names}, indent=2)}


def _error(code: str, message: str, error_type: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "errorType": error_type}}
