"""Renders a template for the command line with the sender's own code, to the message that would go to SES."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import msgspec

from sesmail_cli.template_files import TemplateFiles
from sesmail_layer.domain.message import compose, resolve_identity
from sesmail_layer.domain.request.email_request import parse_request
from sesmail_layer.domain.template.templates import Rendered, TemplateError, compile_template, locale_candidates

_NEEDED = {"template.html": "TMPL002", "template.txt": "TMPL003", "metadata.json": "TMPL004"}


class Preview(msgspec.Struct, frozen=True):
    """An email as it would be sent."""

    html: str
    text: str
    headers: list[tuple[str, str]]
    message: bytes


def render(template: TemplateFiles, data: Mapping[str, Any], locale: str | None = None) -> Rendered:
    """Gives what the template renders to. Raises PermanentError with the message that the sender would record."""
    html, text, metadata = (_localised(template, file, locale) for file in _NEEDED)
    compiled = compile_template(template.name, html, text, metadata, locale)
    return compiled.render({"year": datetime.now(UTC).year, **data}, None)


def render_email(template: TemplateFiles, request: Mapping[str, Any], default_sender: str) -> Preview:
    """Gives the whole message for a request (spec section 3). Raises PermanentError."""
    now = time.time()
    parsed, _ = parse_request(request, now=now)
    rendered = render(template, parsed.template_data, parsed.locale)
    identity = resolve_identity(parsed, rendered, default_sender, "")
    message = compose(parsed, rendered, identity, email_id="preview", attempt=1, now=now, cc=parsed.cc, files=[])
    headers = message_from_bytes(message, policy=policy.default).items()
    return Preview(rendered.html, rendered.text, [(name, str(value)) for name, value in headers], message)


def locales_of(template: TemplateFiles) -> list[str]:
    """The locales that the template has files for."""
    return sorted(
        {file.split(".")[1] for file in template.files if file.startswith("template.") and file.count(".") == 2}
    )


def _localised(template: TemplateFiles, file: str, locale: str | None) -> bytes:
    """The file in the nearest locale, as the sender picks it."""
    stem, _, ending = file.rpartition(".")
    tags = locale_candidates(locale) if stem == "template" else []
    for variant in (*(f"{stem}.{tag}.{ending}" for tag in tags), file):
        if variant in template.files:
            return template.files[variant]
    raise TemplateError("template_not_found", f"Template '{template.name}' missing {file}", code=_NEEDED[file])
