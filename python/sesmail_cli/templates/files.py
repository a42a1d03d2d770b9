"""Load templates from a folder of compiled ones, a folder of sources (with `_shared/`), or S3."""

from __future__ import annotations

import json
import os.path
from collections import defaultdict
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import msgspec
from jinja2 import Template, TemplateError, TemplateSyntaxError
from jinja2.exceptions import TemplateNotFound

from sesmail_cli.operator.engine import CLIENT_LIMITS
from sesmail_cli.templates.brand import BRAND_FILE, BrandError, load_brand, with_brand
from sesmail_cli.templates.compiler import (
    SHARED,
    TemplateSourceError,
    compile_template,
    is_inside,
    is_source_tree,
    size_problem,
    template_folders,
    too_large,
)
from sesmail_cli.templates.starters import starter_names, starters_folder
from sesmail_layer.domain.template.files import METADATA

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SAMPLES = ("sample.json", "sample.minimal.json")
FILE_SUFFIXES = {".html", ".txt", ".json"}


class TemplatesNotFoundError(Exception):
    """The given place has no templates."""


class SourceProblem(msgspec.Struct, frozen=True):
    """Why a template's source does not compile."""

    file: str
    line: int
    message: str


class TemplateFiles(msgspec.Struct, frozen=True):
    """One template's files by name, compiled as the sender reads them, with its samples."""

    name: str
    origin: str
    files: dict[str, bytes]
    problems: list[SourceProblem] = []
    brand: dict[str, str] = {}
    """The variables that every email has by default: of the folder's brand.json, or of an engine."""
    compiled: bool = True
    """False: the bodies are sources, since they do not compile."""
    sources: dict[str, str] = {}
    """What the bodies are compiled from, by name: `template.html`, `../_shared/layout.html`. Empty: nothing was."""

    def text(self, file: str) -> str:
        return self.files[file].decode("utf-8-sig", errors="replace")

    def sample(self, file: str) -> str:
        """Return a sample as JSON, with the brand in place of the sample's own; unchanged if it is no JSON object."""
        text = self.text(file)
        try:
            data = json.loads(text)
            metadata = json.loads(self.text(METADATA)) if METADATA in self.files else {}
        except (ValueError, RecursionError):
            return text
        if not self.brand or not isinstance(data, dict) or not isinstance(metadata, dict):
            return text
        required = [str(name) for name in metadata.get("requiredVariables") or []]
        return json.dumps(with_brand(data, self.brand, required), indent=2, ensure_ascii=False)


def load_templates(where: str, s3: S3Client | None = None) -> list[TemplateFiles]:
    """Load one template, all of a folder or prefix, or a starter by its name. Raises TemplatesNotFoundError."""
    if where.startswith("s3://"):
        templates = _from_s3(where, s3 or boto3.client("s3", config=CLIENT_LIMITS))
    else:
        templates = _from_folder(_folder_of(where))
    if not templates:
        raise TemplatesNotFoundError(f"No templates in {where}: a template is a folder with a {METADATA}")
    return templates


def load_template(where: str, name: str, s3: S3Client | None = None) -> TemplateFiles:
    """Load the template of that name. Raises TemplatesNotFoundError."""
    templates = load_templates(where, s3)
    for template in templates:
        if template.name == name:
            return template
    names = ", ".join(template.name for template in templates)
    raise TemplatesNotFoundError(f"No template '{name}' in {where}. Found: {names}")


def _folder_of(where: str) -> Path:
    """Return a folder, or a starter's where there is no such folder."""
    if Path(where).is_dir():
        return Path(where)
    if where in starter_names():
        return starters_folder() / where
    raise TemplatesNotFoundError(
        f"No folder {where}. Give a folder, s3://BUCKET, or the name of a starter: {', '.join(starter_names())}"
    )


def _from_folder(folder: Path) -> list[TemplateFiles]:
    if not _is_template(folder):
        return [_read(child, folder) for child in template_folders(folder) if _is_template(child)]
    folder = folder.resolve()
    return [_read(folder, folder.parent if is_source_tree(folder.parent) else folder)]


def _is_template(folder: Path) -> bool:
    return (folder / METADATA).is_file() or any(folder.glob("template*.html")) or any(folder.glob("template*.txt"))


def _read(folder: Path, root: Path) -> TemplateFiles:
    """Read a template's files; those outside of the root, and those that are too large, are problems."""
    paths = [path for path in sorted(folder.iterdir()) if path.suffix in FILE_SUFFIXES and path.is_file()]
    outside = [path for path in paths if not is_inside(path, root)]
    problems = [SourceProblem(path.name, 0, "it is a link to a file outside of the folder") for path in outside]
    problems += [SourceProblem(path.name, 0, size_problem(path)) for path in paths if size_problem(path)]
    unread = {problem.file for problem in problems}
    files = {path.name: path.read_bytes() for path in paths if path.name not in unread}
    compiled = True
    sources: dict[str, str] = {}
    if is_source_tree(folder.parent) and not problems:
        try:
            bodies = compile_template(folder.parent, folder.name)
            sources = _sources(folder, {name: files[name] for name in bodies})
            files |= bodies
        except (TemplateError, TemplateSourceError) as err:
            problems.append(_problem(folder, err))
            compiled = False
    brand: dict[str, str] = {}
    try:
        brand = load_brand(folder.parent)
    except BrandError as err:
        problems.append(SourceProblem(f"../{BRAND_FILE}", 0, str(err)))
    return TemplateFiles(folder.name, str(folder.resolve()), files, problems, brand, compiled, sources)


def _sources(folder: Path, bodies: dict[str, bytes]) -> dict[str, str]:
    """Return the texts that bodies were compiled from; those that are too large were an error of compiling."""
    shared = [path for path in sorted((folder.parent / SHARED).iterdir()) if path.is_file()]
    files = bodies | {
        f"../{SHARED}/{path.name}": path.read_bytes()
        for path in shared
        if path.suffix in FILE_SUFFIXES and is_inside(path, folder.parent) and not size_problem(path)
    }
    return {name: content.decode("utf-8-sig", errors="replace") for name, content in files.items()}


def _problem(folder: Path, err: Exception) -> SourceProblem:
    if isinstance(err, TemplateSyntaxError):
        name = err.name or ""
        return SourceProblem(_from_folder_to(folder, folder.parent / name), err.lineno, str(err.message))
    file, line = _place(folder, err)
    if isinstance(err, TemplateNotFound):
        return SourceProblem(file, line, f"{err.name} does not exist")
    return SourceProblem(file, line, str(err))


def _place(folder: Path, err: Exception) -> tuple[str, int]:
    """Return the source and the line that failed; an empty name: in none."""
    frames = [(frame.f_globals.get("__jinja_template__"), line) for frame, line in walk_tb(err.__traceback__)]
    for source, line in reversed(frames):
        if isinstance(source, Template):
            return _from_folder_to(folder, folder.parent / str(source.name)), source.get_corresponding_lineno(line)
    return "", 0


def _from_folder_to(folder: Path, source: Path) -> str:
    """Return the name that findings have for a source: `template.html`, `../_shared/layout.html`."""
    return os.path.relpath(source, folder)


def _from_s3(url: str, s3: S3Client) -> list[TemplateFiles]:
    """Load from `s3://bucket`, `s3://bucket/templates` or `s3://bucket/templates/welcome`."""
    parts = urlsplit(url)
    prefix = parts.path.strip("/") or "templates"
    found: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
    problems: defaultdict[str, list[SourceProblem]] = defaultdict(list)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=parts.netloc, Prefix=f"{prefix}/"):
        for entry in page.get("Contents", []):
            folder, _, file = entry["Key"].rpartition("/")
            if Path(file).suffix not in FILE_SUFFIXES:
                continue
            if problem := too_large(entry["Size"]):
                problems[folder].append(SourceProblem(file, 0, problem))
            else:
                found[folder][file] = s3.get_object(Bucket=parts.netloc, Key=entry["Key"])["Body"].read()
    return [
        TemplateFiles(folder.rpartition("/")[2], f"s3://{parts.netloc}/{folder}", found[folder], problems[folder])
        for folder in sorted({*found, *problems})
    ]
