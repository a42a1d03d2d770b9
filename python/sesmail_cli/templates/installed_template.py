"""An installed template, and emails rendered with it as they would arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.templates.files import TemplateFiles, load_template
from sesmail_cli.templates.render import Preview, render_email
from sesmail_layer.domain.template.files import METADATA
from sesmail_layer.domain.template.templates import TemplateMetadata


@dataclass(frozen=True)
class InstalledTemplate:
    files: TemplateFiles
    metadata: TemplateMetadata

    def render(self, request: Mapping[str, Any]) -> Preview:
        """Render the email of a request with the sender's own code. Raises PermanentError."""
        return render_email(self.files, request)


def load_installed(engine: Engine, template: str) -> InstalledTemplate:
    """Load a template from the engine's bucket, with the engine's brand. Raises TemplatesNotFoundError, UsageError."""
    where = f"s3://{engine.template_bucket}/templates/{template}"
    files = msgspec.structs.replace(load_template(where, template, engine.s3), brand=engine.brand)
    if METADATA not in files.files:
        raise UsageError(f"Template '{template}' missing {METADATA}")
    try:
        metadata = msgspec.json.decode(files.text(METADATA), type=TemplateMetadata)
    except msgspec.DecodeError as error:
        raise UsageError(f"Template '{template}' has invalid {METADATA}: {error}") from error
    return InstalledTemplate(files, metadata)
