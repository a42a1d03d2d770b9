"""Where the gallery's templates come from: a folder that is being edited, or an engine's bucket."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.templates.brand import BRAND_FILE
from sesmail_cli.templates.bucket_reads import MoreToReadError
from sesmail_cli.templates.files import FILE_SUFFIXES, TemplateFiles
from sesmail_cli.templates.gallery import worker
from sesmail_cli.templates.gallery.renderer import error_answer
from sesmail_cli.templates.installed_files import InstalledFiles, InstalledTemplate
from sesmail_layer.domain.template.files import METADATA

FILES_A_PAGE = 2
"""Files that a page reads from the bucket, after it has listed them."""


class Card(NamedTuple):
    """One template in the list of all."""

    name: str
    locales: Sequence[str]
    changed: float | None
    """Unix seconds; None: not known."""


class Shelf(Protocol):
    """The templates of one place. Methods raise UsageError for a name that it does not have, and botocore's errors.

    Where a place reads a few files a time, `open` and `render_sample` raise MoreToReadError until it has them all.
    """

    @property
    def title(self) -> str:
        """What the place is, for people."""

    @property
    def watched(self) -> bool:
        """Whether its files may change at any moment."""

    def cards(self, after: str | None) -> tuple[Sequence[Card], str | None]:
        """Return templates by name, and the name to go on after; None at the end."""

    def open(self, name: str, locale: str | None, with_lint: bool) -> Mapping[str, Any]:
        """Describe a template (Renderer.describe)."""

    def render(self, name: str, data: str, locale: str | None) -> Mapping[str, Any]:
        """Render an email from data as JSON text, or return the sender's error (Renderer.render)."""

    def render_sample(self, name: str) -> Mapping[str, Any]:
        """Render a template with its first sample."""

    def revision(self) -> str:
        """Return a value that changes when a file changes."""

    def close(self) -> None:
        """End what it has started."""


def _render(rendering: worker.Worker, name: str, data: str, locale: str | None) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = rendering.ask("render", {"name": name, "data": data, "locale": locale})
    except worker.WorkerError:
        return error_answer("TMPL012", f"The preview took over {worker.ANSWER_SECONDS:g} s and was ended")
    return answer


def _render_sample(rendering: worker.Worker, title: str, name: str) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] | None = rendering.ask("render_sample", name)
    except worker.WorkerError:
        return error_answer("TMPL012", f"The preview took over {worker.ANSWER_SECONDS:g} s and was ended")
    if answer is None:
        raise UsageError(f"There is no template '{name}' in {title}.")
    return answer


def _read(rendering: worker.Worker, title: str, method: str, name: str, *arguments: object) -> Any:
    try:
        read = rendering.ask(method, name, *arguments)
    except worker.WorkerError as error:
        raise UsageError(f"The template '{name}' took too long to read, and was ended.") from error
    if read is None:
        raise UsageError(f"There is no template '{name}' in {title}.")
    return read


def _describe(rendering: worker.Worker, title: str, name: str, with_lint: bool) -> Mapping[str, Any]:
    described: Mapping[str, Any] = _read(rendering, title, "describe", name, with_lint)
    return described


class FolderShelf:
    """Templates of a folder, of a prefix of S3, or a starter: what `sesmail template preview` shows."""

    def __init__(self, where: str) -> None:
        self.title = where
        self.worker = worker.Worker(where)
        self.watched = not where.startswith("s3://")
        self._where = where
        self._cards: tuple[str, Sequence[Card]] = ("", ())

    def cards(self, _after: str | None) -> tuple[Sequence[Card], str | None]:
        revision = self.revision()
        if revision != self._cards[0] or not self.watched:
            try:
                found = self.worker.ask("templates")  # which reads S3 again
            except worker.WorkerError as error:
                raise UsageError(f"The templates of {self.title} took too long to check, and were ended.") from error
            self._cards = (revision, [Card(one["name"], one["locales"], None) for one in found])
        return self._cards[1], None

    def open(self, name: str, _locale: str | None, with_lint: bool) -> Mapping[str, Any]:
        return _describe(self.worker, self.title, name, with_lint)

    def load(self, name: str) -> TemplateFiles:
        """Return a template's files, compiled within the sender's limits. Raises UsageError."""
        return msgspec.convert(_read(self.worker, self.title, "load", name), TemplateFiles)

    def render(self, name: str, data: str, locale: str | None) -> Mapping[str, Any]:
        return _render(self.worker, name, data, locale)

    def render_sample(self, name: str) -> Mapping[str, Any]:
        return _render_sample(self.worker, self.title, name)

    def revision(self) -> str:
        if not self.watched:
            return ""
        folder = Path(self._where).resolve()
        stats = []
        for path in (path for root in (folder, folder.parent / "_shared") for path in root.rglob("*.*")):
            # Editors write files that are gone at once.
            with suppress(FileNotFoundError):
                stats += [path.lstat()] if path.suffix in FILE_SUFFIXES else []
        newest = max((stat.st_mtime_ns for stat in stats), default=0)
        return f"{newest}-{len(stats)}-{sum(stat.st_size for stat in stats)}"

    def close(self) -> None:
        self.worker.close()


class InstalledShelf:
    """Templates of an engine's bucket. It reads a few files a page, and keeps them while they do not change."""

    watched = False

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Where this fails, the first page asks again, and shows the error.
        with suppress(BotoCoreError, ClientError):
            _ = self.bucket

    @property
    def title(self) -> str:
        return f"s3://{self.bucket}"

    @cached_property
    def bucket(self) -> str:
        return self._engine.template_bucket

    @cached_property
    def _files(self) -> InstalledFiles:
        files = InstalledFiles(self._engine.s3, self.bucket)
        if brand := self._engine.brand:
            (files.folder / BRAND_FILE).write_text(json.dumps(brand), encoding="utf-8")
        return files

    @cached_property
    def _worker(self) -> worker.Worker:
        return worker.Worker(str(self._files.folder))

    def cards(self, after: str | None) -> tuple[Sequence[Card], str | None]:
        templates, more = self._files.list(after)
        return [Card(one.name, one.locales, one.modified) for one in templates], more

    def open(self, name: str, locale: str | None, with_lint: bool) -> Mapping[str, Any]:
        # Lint needs every file of the template.
        template = self._find(name)
        self._read(template, list(template.files) if with_lint else _shown(template, locale))
        return _with_listing(template, _describe(self._worker, self.title, name, with_lint))

    def contents(self, name: str) -> Mapping[str, bytes]:
        """Return all files of a template. Raises as `open` does."""
        template = self._find(name)
        return self._read(template, list(template.files))

    def _find(self, name: str) -> InstalledTemplate:
        template = self._files.find(name)
        if template is None:
            raise UsageError(f"There is no template '{name}' in the bucket.")
        return template

    def _read(self, template: InstalledTemplate, wanted: Sequence[str]) -> Mapping[str, bytes]:
        """Read files, as many of those that are not kept as one page reads. Raises MoreToReadError."""
        unread = self._files.unread(template, wanted)
        if len(unread) > FILES_A_PAGE:
            self._files.read(template, unread[:FILES_A_PAGE])
            raise MoreToReadError(len(wanted) - len(unread) + FILES_A_PAGE, len(wanted))
        return self._files.read(template, wanted)

    def render(self, name: str, data: str, locale: str | None) -> Mapping[str, Any]:
        return _render(self._worker, name, data, locale)

    def render_sample(self, name: str) -> Mapping[str, Any]:
        template = self._find(name)
        self._read(template, _shown(template, None))
        return _render_sample(self._worker, self.title, name)

    def revision(self) -> str:
        return ""

    def close(self) -> None:
        if "_worker" in self.__dict__:
            self._worker.close()
        if "_files" in self.__dict__:
            self._files.close()


def _shown(template: InstalledTemplate, locale: str | None) -> Sequence[str]:
    """Return the files that the page of one email needs."""
    return list(dict.fromkeys([METADATA, *template.to_render(locale), *template.samples]))


def _with_listing(template: InstalledTemplate, described: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take from the bucket's listing what the files that were read do not say."""
    files = {name: file.size for name, file in sorted(template.files.items())}
    return {**described, "locales": template.locales, "files": files}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
