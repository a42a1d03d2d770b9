"""Render a template with the sender's own code, to the message that would go to SES."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import msgspec

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.limits import COMPILE_SECONDS, RENDER_SECONDS, limited
from sesmail_layer.domain.message import compose, resolve_identity
from sesmail_layer.domain.request.email_request import parse_request
from sesmail_layer.domain.template.files import MISSING_FILE_CODES, file_variants
from sesmail_layer.domain.template.templates import Rendered, compile_template, missing_file_error
from sesmail_layer.usecases.sender.prepare import LINK_VARIABLES

EXAMPLE_SENDER = "sender@your-domain.example"
EXAMPLE_UNSUBSCRIBE_URL = "https://unsubscribe.your-domain.example/u/example"
"""In place of the link that the engine signs for each email."""


class Preview(msgspec.Struct, frozen=True):
    """A rendered email, as parts and as a whole message."""

    html: str
    text: str
    headers: list[tuple[str, str]]
    message: bytes


def render(template: TemplateFiles, data: Mapping[str, Any], locale: str | None = None) -> Rendered:
    """Render a template. Raises PermanentError with the message that the sender would record."""
    html, text, metadata = (_localised(template, file, locale) for file in MISSING_FILE_CODES)
    with limited(COMPILE_SECONDS):
        compiled = compile_template(template.name, html, text, metadata, locale)
    with limited(RENDER_SECONDS):
        return compiled.render(data, None, {**template.brand, "year": datetime.now(UTC).year})


def render_email(template: TemplateFiles, request: Mapping[str, Any]) -> Preview:
    """Render the message for a request (spec section 3), with an example sender and link. Raises PermanentError."""
    now = time.time()
    parsed, _ = parse_request(request, now=now)
    links = dict.fromkeys(LINK_VARIABLES, EXAMPLE_UNSUBSCRIBE_URL) if parsed.list_unsubscribe is True else {}
    rendered = render(template, {**links, **parsed.template_data}, parsed.locale)
    identity = resolve_identity(parsed, rendered, EXAMPLE_SENDER, "")
    message = compose(parsed, rendered, identity, email_id="preview", attempt=1, now=now, cc=parsed.cc, files=[])
    headers = message_from_bytes(message, policy=policy.default).items()
    return Preview(rendered.html, rendered.text, [(name, str(value)) for name, value in headers], message)


def locales_of(template: TemplateFiles) -> list[str]:
    """Return the locales that the template has files for."""
    return sorted(
        {file.split(".")[1] for file in template.files if file.startswith("template.") and file.count(".") == 2}
    )


def _localised(template: TemplateFiles, file: str, locale: str | None) -> bytes:
    """Return the file in the nearest locale, as the sender picks it."""
    for variant in file_variants(file, locale):
        if variant in template.files:
            return template.files[variant]
    raise missing_file_error(template.name, file)
