"""Make a new template: from scratch, with or without a shared layout, or from another one."""

from __future__ import annotations

import re
from pathlib import Path

from sesmail_cli.templates.compiler import SHARED, TemplateSourceError
from sesmail_cli.templates.files import TemplateFiles, load_templates
from sesmail_layer.domain.request.email_request import TEMPLATE_NAME

_SCRATCH = Path(__file__).parent / "scratch"
_MESSAGE = _SCRATCH / "message"


class ExistsError(Exception):
    """The folder exists already."""


def create_from(template: TemplateFiles, target: Path) -> list[Path]:
    """Write a template's files into a new folder; return their paths. Raises ExistsError."""
    return _write(target, template.files)


def create_from_scratch(target: Path, *, layout: bool) -> list[Path]:
    """Write a small template into a new folder; return the paths of all new files. Raises ExistsError.

    With `layout` it is a source that extends `_shared/layout` next to the folder, which is made where there is none.
    """
    if not layout:
        return _write(target, load_templates(str(_MESSAGE))[0].files)
    shared = target.parent / SHARED
    written = _write(target, _files_of(_MESSAGE))
    for file, content in _files_of(_SCRATCH / SHARED).items():
        if not (shared / file).exists():
            written += _write_file(shared / file, content)
    return written


def build(templates: list[TemplateFiles], output: Path) -> list[Path]:
    """Write compiled templates into a folder; return the paths. Raises TemplateSourceError."""
    written: list[Path] = []
    for template in templates:
        # The names of an S3 bucket are anybody's: `..` would lead out of the folder.
        if not re.fullmatch(TEMPLATE_NAME, template.name):
            raise TemplateSourceError(
                f"{template.origin}: a template's name has letters, digits, hyphens and underscores only; rename it"
            )
        for problem in template.problems:
            raise TemplateSourceError(f"{template.name}/{problem.file}: {problem.message}")
        if (output / template.name).resolve() == Path(template.origin):
            raise TemplateSourceError(f"{output} has the sources: the compiled templates need a folder of their own")
        for file, content in sorted(template.files.items()):
            written += _write_file(output / template.name / file, content)
    return written


def _files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def _write(target: Path, files: dict[str, bytes]) -> list[Path]:
    if target.exists():
        raise ExistsError(f"{target} exists already")
    return [path for file, content in sorted(files.items()) for path in _write_file(target / file, content)]


def _write_file(path: Path, content: bytes) -> list[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return [path]
