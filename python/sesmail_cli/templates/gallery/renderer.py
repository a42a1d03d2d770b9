"""What the gallery shows of templates: their samples, variables and findings, and one rendered email."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from sesmail_cli.templates.compiler import template_folders
from sesmail_cli.templates.files import SAMPLES, TemplateFiles, TemplatesNotFoundError, load_templates
from sesmail_cli.templates.lint.failures import failure
from sesmail_cli.templates.lint.linter import lint
from sesmail_cli.templates.render import locales_of, render_email
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.files import METADATA

RECIPIENT = "recipient@example.com"


class Renderer:
    """The templates of one place. A folder's are loaded for every request, since they change; S3's by `templates`."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._from_s3: list[TemplateFiles] | None = None

    def templates(self) -> list[dict[str, Any]]:
        """Describe all templates in short, by name. Reads S3 again."""
        self._from_s3 = None
        return [_describe_in_short(template) for template in self._load()]

    def describe(self, name: str, with_lint: bool) -> dict[str, Any] | None:
        """Describe one template, with its findings if asked; None: there is none of that name."""
        template = self._find(name)
        return _describe(template, with_lint) if template else None

    def load(self, name: str) -> Any:
        """Return one template's files (TemplateFiles as JSON); None: there is none of that name."""
        return msgspec.to_builtins(self._find(name))

    def render(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Render `{name, data, locale?}` (data as JSON text), or return the error that the sender would record."""
        template = self._find(str(body.get("name")))
        if template is None:
            return error_answer("TMPL001", f"Template '{body.get('name')}' not found")
        return self._render(template, str(body.get("data", "")), body.get("locale"))

    def render_sample(self, name: str) -> dict[str, Any] | None:
        """Render a template with its first sample; None: there is none of that name."""
        template = self._find(name)
        if template is None:
            return None
        return self._render(template, next(iter(_samples(template, _metadata(template)).values())), None)

    def _render(self, template: TemplateFiles, text: str, locale: object) -> dict[str, Any]:
        if not template.compiled:
            problem = template.problems[0]
            place = f" {problem.file}:{problem.line}" if problem.line else f" {problem.file}" if problem.file else ""
            return error_answer("SOURCE", f"Template '{template.name}' does not compile:{place} {problem.message}")
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as err:
            return error_answer("JSON", f"The data is not JSON: {err}")
        request = {"to": RECIPIENT, "templateName": template.name, "templateData": data}
        try:
            email = render_email(template, request | {"locale": locale or None})
        except PermanentError as err:
            return error_answer(err.code, err.message, err.error_type, _place(template, err, locale))
        return {
            "html": email.html,
            "text": email.text,
            "headers": email.headers,
            "size": len(email.message),
            "error": None,
        }

    def _find(self, name: str) -> TemplateFiles | None:
        """Load one template: of a folder of many, only that one."""
        if not self._where.startswith("s3://") and (folder := Path(self._where)).is_dir():
            one = next((str(child) for child in template_folders(folder) if child.name == name), None)
            if one is not None:
                return next(iter(_loaded(one)), None)
        return next((one for one in self._load() if one.name == name), None)

    def _load(self) -> list[TemplateFiles]:
        if not self._where.startswith("s3://"):
            return _loaded(self._where)
        if self._from_s3 is None:
            self._from_s3 = _loaded(self._where)
        return self._from_s3


def _loaded(where: str) -> list[TemplateFiles]:
    try:
        return load_templates(where)
    except TemplatesNotFoundError:
        return []


def _describe_in_short(template: TemplateFiles) -> dict[str, Any]:
    return {"name": template.name, "locales": locales_of(template)}


def _describe(template: TemplateFiles, with_lint: bool) -> dict[str, Any]:
    metadata = _metadata(template)
    return {
        "name": template.name,
        "description": str(metadata.get("description") or ""),
        "version": str(metadata.get("version") or ""),
        "sensitive": metadata.get("sensitive") is True,
        "required": _names(metadata.get("requiredVariables")),
        "optional": _names(metadata.get("optionalVariables")),
        "brand": template.brand,
        "locales": locales_of(template),
        "samples": _samples(template, metadata),
        "files": {name: len(content) for name, content in sorted(template.files.items())},
        "findings": msgspec.to_builtins(lint(template)) if with_lint else None,
    }


def _metadata(template: TemplateFiles) -> Mapping[str, Any]:
    try:
        metadata = json.loads(template.text(METADATA))
    except (KeyError, ValueError, RecursionError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _names(declared: object) -> list[str]:
    names = declared if isinstance(declared, list | dict) else ()
    # JSON may escape half a character, which no page can hold.
    return [str(name).encode(errors="replace").decode() for name in names]


def _samples(template: TemplateFiles, metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the template's samples; if it has none, one with each required variable's name as its value."""
    samples = {name: template.sample(name) for name in SAMPLES if name in template.files}
    names = _names(metadata.get("requiredVariables"))
    return samples or {"generated": json.dumps({name: name for name in names}, indent=2)}


def _place(template: TemplateFiles, error: PermanentError, locale: object) -> str:
    """Return the file and line that the sender cannot render, in the sources where there are some."""
    found = failure(template, error, str(locale) if locale else None)
    if found is None:
        return ""
    return f"{found.file}:{found.line}" if found.line else found.file


def error_answer(code: str, message: str, error_type: str = "", place: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "errorType": error_type, "place": place}}
