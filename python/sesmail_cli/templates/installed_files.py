"""The files of installed templates, read from the bucket when they are needed, and kept while they do not change."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sesmail_cli.templates.files import SAMPLES
from sesmail_layer.domain.request.email_request import TEMPLATE_NAME
from sesmail_layer.domain.template.files import MAX_FILE_BYTES, METADATA, MISSING_FILE_CODES, file_variants

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "templates/"
_NAME = re.compile(TEMPLATE_NAME)
_LOCALISED = re.compile(r"template\.([A-Za-z0-9-]+)\.(?:html|txt)")


class InstalledFile(NamedTuple):
    """A file as the bucket lists it."""

    etag: str
    size: int
    modified: float
    """Unix seconds."""


class InstalledTemplate(NamedTuple):
    name: str
    files: Mapping[str, InstalledFile]

    @property
    def modified(self) -> float:
        return max(file.modified for file in self.files.values())

    @property
    def locales(self) -> list[str]:
        return sorted({found[1] for file in self.files if (found := _LOCALISED.fullmatch(file))})

    @property
    def readable(self) -> frozenset[str]:
        """The files that are not too large for the sender."""
        return frozenset(name for name, file in self.files.items() if file.size <= MAX_FILE_BYTES)

    @property
    def samples(self) -> list[str]:
        return [name for name in SAMPLES if name in self.files]

    def to_render(self, locale: str | None) -> list[str]:
        """Return the files that an email in a locale is made of, as far as they exist."""
        nearest = [
            next((one for one in file_variants(file, locale) if one in self.files), None) for file in MISSING_FILE_CODES
        ]
        return [file for file in nearest if file]


class InstalledFiles:
    """Reads templates of one bucket. All methods raise botocore's errors."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._content: dict[tuple[str, str], tuple[str, bytes]] = {}
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="sesmail-templates-")

    def close(self) -> None:
        """Delete the folder."""
        self._folder.cleanup()

    @property
    def folder(self) -> Path:
        """A folder with the files that were read, as a folder of templates."""
        return Path(self._folder.name)

    def list(self, start: str | None = None) -> tuple[Sequence[InstalledTemplate], str | None]:
        """List templates by name from one request, and the name to go on after; None at the end."""
        return self._listed(_PREFIX, start)

    def find(self, name: str) -> InstalledTemplate | None:
        """Find a template by its name, in one request."""
        if not _NAME.fullmatch(name):
            return None
        found, _ = self._listed(f"{_PREFIX}{name}/", None)
        return found[0] if found else None

    def unread(self, template: InstalledTemplate, files: Iterable[str]) -> Sequence[str]:
        """Return those of a template's files that `read` has to ask for; it leaves out those that are too large."""
        with self._lock:
            kept = {file: self._content.get((template.name, file), ("",))[0] for file in template.readable}
        return [file for file in files if file in kept and kept[file] != template.files[file].etag]

    def read(self, template: InstalledTemplate, files: Iterable[str]) -> Mapping[str, bytes]:
        """Read some of a template's files, one request for each that has changed since it was read."""
        self._forget_deleted(template)
        read: dict[str, bytes] = {}
        for file in files:
            if file in template.readable:
                read[file] = self._read(template.name, file, template.files[file].etag)
        return read

    def _read(self, name: str, file: str, etag: str) -> bytes:
        with self._lock:
            kept = self._content.get((name, file))
        if kept and kept[0] == etag:
            return kept[1]
        content = self._s3.get_object(Bucket=self._bucket, Key=f"{_PREFIX}{name}/{file}")["Body"].read()
        with self._lock:
            self._content[name, file] = (etag, content)
            folder = self.folder / name
            folder.mkdir(exist_ok=True)
            (folder / file).write_bytes(content)
        return content

    def _forget_deleted(self, template: InstalledTemplate) -> None:
        with self._lock:
            for name, file in [key for key in self._content if key[0] == template.name]:
                if file not in template.files:
                    del self._content[name, file]
                    (self.folder / name / file).unlink(missing_ok=True)

    def _listed(self, prefix: str, start: str | None) -> tuple[Sequence[InstalledTemplate], str | None]:
        more: dict[str, Any] = {"StartAfter": f"{_PREFIX}{start}/\uffff"} if start else {}
        answer = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **more)
        found: dict[str, dict[str, InstalledFile]] = {}
        for entry in answer.get("Contents", []):
            name, _, file = entry["Key"].removeprefix(_PREFIX).partition("/")
            if _NAME.fullmatch(name) and _is_file(file):
                listed = InstalledFile(entry["ETag"], entry["Size"], entry["LastModified"].timestamp())
                found.setdefault(name, {})[file] = listed
        templates = [InstalledTemplate(name, files) for name, files in sorted(found.items())]
        if not answer.get("IsTruncated"):
            return templates, None
        # The last one may have further files: it is the first of the next page.
        return templates[:-1] or templates, (templates[:-1] or templates)[-1].name


def _is_file(file: str) -> bool:
    return file == METADATA or file in SAMPLES or file in MISSING_FILE_CODES or bool(_LOCALISED.fullmatch(file))
