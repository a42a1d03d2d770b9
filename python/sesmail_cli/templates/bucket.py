"""The templates that are installed in an engine's bucket, and the releases that S3 keeps of them.

Every write of `metadata.json` ends a release: a push, a rollback and the seeder write it last. A release is what the
bucket held at that moment. S3 keeps times in whole seconds, so a writer leaves the second before it returns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from sesmail_cli.templates.bucket_reads import BucketReads
from sesmail_cli.templates.files import SAMPLES, TemplateFiles, TemplatesNotFoundError
from sesmail_layer.aws.installed_templates import AUTHOR
from sesmail_layer.domain.request.email_request import TEMPLATE_NAME
from sesmail_layer.domain.template.files import METADATA
from sesmail_layer.domain.times import utc_text

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "templates"
COPY_OF = "sesmail-copy-of"
NEWEST_RELEASES = 20
RELEASE_SECONDS = 1.1
"""S3's times have no fraction: what is written after this pause is later than what was written before it."""
_TYPES = {".html": "text/html; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".json": "application/json"}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404"}
# Names become paths of folders: a key such as `templates/../x` is no template.
_NAME = re.compile(TEMPLATE_NAME)
_BODY = re.compile(r"template(\.[A-Za-z0-9-]+)?\.(html|txt)")


class ChangedMeanwhileError(Exception):
    """Another writer changed a file after it was read; `installed` names the templates that were written before."""

    def __init__(self, file: str, installed: Sequence[str] = ()) -> None:
        super().__init__(file)
        self.file = file
        self.installed = installed


class StoredFile(msgspec.Struct, frozen=True):
    content: bytes
    etag: str
    modified: str


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One installed template; without files if there is none of that name."""

    name: str
    files: Mapping[str, StoredFile]
    by: str | None = None
    """Who wrote `metadata.json`; None: another program than SESMail."""

    @property
    def contents(self) -> dict[str, bytes]:
        return {file: stored.content for file, stored in self.files.items()}

    @property
    def unreleased(self) -> bool:
        """True where a file is newer than `metadata.json`: an interrupted push, or another program's change."""
        return _is_unreleased({file: stored.modified for file, stored in self.files.items()})


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One installed template as the bucket lists it, without its files' content."""

    name: str
    files: Mapping[str, str]
    """When each was written."""
    version: str | None = None
    by: str | None = None

    @property
    def unreleased(self) -> bool:
        """As of `Stored`."""
        return _is_unreleased(self.files)


class Release(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A state of a template that S3 still has."""

    id: str
    installed_at: str
    version: str | None
    by: str | None
    copy_of: str | None = None
    """The id of the release that a rollback brought back."""
    current: bool = False


class TemplateReleases:
    """Reads and writes templates in one bucket. Raises botocore's errors."""

    def __init__(self, s3: S3Client, bucket: str, reads: BucketReads | None = None) -> None:
        self._s3 = s3
        self._reads = reads or BucketReads(s3, bucket)
        self.bucket = bucket

    def names(self) -> list[str]:
        pages = self._reads.pages("list_objects_v2", Prefix=f"{PREFIX}/", Delimiter="/")
        folders = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
        names = [folder.removeprefix(f"{PREFIX}/").removesuffix("/") for folder in folders]
        return [name for name in names if _NAME.match(name)]

    def list_all(self) -> list[Listed]:
        """List every template: a request for each 1,000 files, and one for each template's `metadata.json`."""
        found: dict[str, dict[str, str]] = {}
        pages = self._reads.pages("list_objects_v2", Prefix=f"{PREFIX}/")
        for entry in (entry for page in pages for entry in page.get("Contents", [])):
            name, _, file = entry["Key"].removeprefix(f"{PREFIX}/").partition("/")
            if _NAME.fullmatch(name) and is_template_file(file):
                found.setdefault(name, {})[file] = utc_text(entry["LastModified"].timestamp())
        return [self._listed(name, files) for name, files in sorted(found.items())]

    def read_all(self) -> list[Stored]:
        """Read every template; a folder that has none of a template's files is none."""
        return [stored for stored in map(self.read, self.names()) if stored.files]

    def read(self, name: str) -> Stored:
        """Read a template's files: bodies in all locales, metadata and samples."""
        pages = self._reads.pages("list_objects_v2", Prefix=self._key(name, ""))
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        files, by = {}, None
        for file in (key.removeprefix(self._key(name, "")) for key in keys):
            if is_template_file(file):
                answer = self._reads.get(self._key(name, file))
                modified = utc_text(answer["LastModified"].timestamp())
                files[file] = StoredFile(answer["Body"], answer["ETag"], modified)
                by = answer["Metadata"].get(AUTHOR) if file == METADATA else by
        return Stored(name=name, files=files, by=by)

    def write(
        self, name: str, file: str, content: bytes, *, replaces: StoredFile | None, stamp: Mapping[str, str]
    ) -> None:
        """Write a file in place of the one that was read; None: where there is none. Raises ChangedMeanwhileError."""
        condition: dict[str, Any] = {"IfMatch": replaces.etag} if replaces else {"IfNoneMatch": "*"}
        try:
            self._s3.put_object(
                Bucket=self.bucket,
                Key=self._key(name, file),
                Body=content,
                ContentType=_TYPES[Path(file).suffix],
                Metadata=dict(stamp),
                **condition,
            )
        except ClientError as err:
            if err.response["Error"].get("Code") in _CHANGED:
                raise ChangedMeanwhileError(f"{name}/{file}") from err
            raise

    def delete(self, name: str, file: str) -> None:
        """Remove a file from the template; the bucket keeps its versions."""
        self._s3.delete_object(Bucket=self.bucket, Key=self._key(name, file))

    def releases(self, name: str) -> list[Release]:
        """Return the newest releases of a template, newest first. Raises TemplatesNotFoundError."""
        key = self._key(name, METADATA)
        versions = [version for version in self._versions(key) if version["Key"] == key][:NEWEST_RELEASES]
        if not versions:
            raise TemplatesNotFoundError(f"No template '{name}' is installed in s3://{self.bucket}/{PREFIX}")
        return [self._release(key, version) for version in versions]

    def at(self, name: str, release: Release) -> dict[str, bytes]:
        """Return the files of a release."""
        newest: dict[str, Mapping[str, Any]] = {}
        for version in self._versions(self._key(name, ""), markers=True):
            if utc_text(version["LastModified"].timestamp()) <= release.installed_at:
                newest.setdefault(version["Key"], version)
        files = {}
        for key, version in newest.items():
            file = key.removeprefix(self._key(name, ""))
            if is_template_file(file) and "Size" in version:
                files[file] = self._reads.get(key, VersionId=version["VersionId"])["Body"]
        return files

    def _listed(self, name: str, files: Mapping[str, str]) -> Listed:
        if METADATA not in files:
            return Listed(name=name, files=files)
        answer = self._reads.get(self._key(name, METADATA))
        version, by = version_of(answer["Body"]), answer["Metadata"].get(AUTHOR)
        return Listed(name=name, files=files, version=version, by=by)

    def _release(self, key: str, version: Mapping[str, Any]) -> Release:
        answer = self._reads.get(key, VersionId=version["VersionId"])
        return Release(
            id=version["VersionId"],
            installed_at=utc_text(version["LastModified"].timestamp()),
            version=version_of(answer["Body"]),
            by=answer["Metadata"].get(AUTHOR),
            copy_of=answer["Metadata"].get(COPY_OF),
            current=version["IsLatest"],
        )

    def _versions(self, prefix: str, *, markers: bool = False) -> Sequence[Mapping[str, Any]]:
        """Return the versions under a prefix, of each key newest first; with the markers of deletions if asked."""
        found: list[Any] = []
        for page in self._reads.pages("list_object_versions", Prefix=prefix):
            found += page.get("Versions", [])
            found += page.get("DeleteMarkers", []) if markers else []
        return sorted(found, key=lambda version: version["LastModified"], reverse=True)

    def _key(self, name: str, file: str) -> str:
        return f"{PREFIX}/{name}/{file}"


def _is_unreleased(modified: Mapping[str, str]) -> bool:
    return bool(modified) and (METADATA not in modified or max(modified.values()) > modified[METADATA])


def is_template_file(file: str) -> bool:
    """Return True for a body in any locale, the metadata and the samples: what a push compares and writes."""
    return _BODY.fullmatch(file) is not None or file in (METADATA, *SAMPLES)


def pushable(template: TemplateFiles) -> dict[str, bytes]:
    return {file: content for file, content in template.files.items() if is_template_file(file)}


def version_of(metadata: bytes) -> str | None:
    try:
        raw = msgspec.json.decode(metadata)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return str(raw["version"]) if isinstance(raw, dict) and "version" in raw else None
