"""Templates from S3, compiled and cached for five minutes, then revalidated without a download."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.errors import PermanentError, TransientError
from sesmail_layer.domain.template.files import MAX_FILE_BYTES, MISSING_FILE_CODES, file_variants
from sesmail_layer.domain.template.templates import (
    Template,
    TemplateError,
    compile_template,
    large_file_error,
    missing_file_error,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from sesmail_layer.usecases.ports import Clock

CACHED_TEMPLATES = 50
FRESH_SECONDS = 300.0

_FILES = tuple(MISSING_FILE_CODES)


class _File(msgspec.Struct):
    variant: str
    content: bytes
    etag: str


class _Cached(msgspec.Struct):
    # The error is cached too: ten emails of a template that compiles for too long wait for it once.
    template: Template | PermanentError
    files: dict[str, _File]
    fresh_until: float


class TemplateBucket:
    """Loads templates by name. Not thread-safe."""

    def __init__(
        self, client: S3Client, bucket: str, clock: Clock, time_limit: Callable[[float], AbstractContextManager[None]]
    ) -> None:
        """`time_limit` ends a compilation after the given seconds with a PermanentError."""
        self._client = client
        self._bucket = bucket
        self._clock = clock
        self._time_limit = time_limit
        self._cache: OrderedDict[tuple[str, str | None], _Cached] = OrderedDict()

    def load(self, name: str, locale: str | None, compile_seconds: float) -> Template:
        """Load a template ready to render, compiled within the given time.

        Raises PermanentError TMPL001-005, 008-010, 012; TransientError AWS002.
        """
        key = (name, locale)
        cached = self._cache.get(key)
        fresh = cached is not None and self._clock.now() < cached.fresh_until
        if cached is None or not fresh or isinstance(cached.template, PermanentError):
            cached = self._cache[key] = self._look_up(name, locale, cached, compile_seconds, fresh=fresh)
        self._cache.move_to_end(key)
        while len(self._cache) > CACHED_TEMPLATES:
            self._cache.popitem(last=False)
        if isinstance(cached.template, PermanentError):
            raise _copy_of(cached.template)
        return cached.template

    def recheck(self, name: str, locale: str | None) -> None:
        """Ask S3 for changes before the template is loaded again."""
        if cached := self._cache.get((name, locale)):
            cached.fresh_until = 0

    def _look_up(
        self, name: str, locale: str | None, cached: _Cached | None, compile_seconds: float, *, fresh: bool
    ) -> _Cached:
        """Read the files from S3; those of a cached error every time, so that a fixed template is used at once."""
        files = self._read(name, locale, cached.files if cached else {})
        fresh_until = self._clock.now() + FRESH_SECONDS
        if cached is not None and files == cached.files:
            if isinstance(cached.template, Template):
                return _Cached(cached.template, files, fresh_until)
            if fresh:
                return cached
        return _Cached(self._compile(name, locale, files, compile_seconds), files, fresh_until)

    def _compile(
        self, name: str, locale: str | None, files: Mapping[str, _File], seconds: float
    ) -> Template | PermanentError:
        html, text, metadata = (files[file].content for file in _FILES)
        try:
            with self._time_limit(seconds):
                return compile_template(name, html, text, metadata, locale)
        except PermanentError as err:
            return _copy_of(err)

    def _read(self, name: str, locale: str | None, known: Mapping[str, _File]) -> dict[str, _File]:
        files: dict[str, _File] = {}
        for file in _FILES:
            found = self._find(name, file, locale, known.get(file))
            if found is not None:
                files[file] = found
        missing = [file for file in _FILES if file not in files]
        if len(missing) == len(_FILES):
            raise TemplateError("template_not_found", f"Template '{name}' not found", code="TMPL001")
        if missing:
            raise missing_file_error(name, missing[0])
        return files

    def _find(self, name: str, file: str, locale: str | None, known: _File | None) -> _File | None:
        """Find a file in the nearest locale that the template has."""
        for variant in file_variants(file, locale):
            found = self._file(name, variant, known if known and known.variant == variant else None)
            if found is not None:
                return found
        return None

    def _file(self, name: str, file: str, known: _File | None) -> _File | None:
        condition: dict[str, Any] = {"IfNoneMatch": known.etag} if known else {}
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=f"templates/{name}/{file}", **condition)
            if answer["ContentLength"] > MAX_FILE_BYTES:
                raise large_file_error(name, answer["ContentLength"])
            return _File(file, answer["Body"].read(), answer["ETag"])
        except ClientError as err:
            code = err.response["Error"].get("Code")
            if code in ("304", "NotModified"):
                return known
            if code in ("NoSuchKey", "404"):
                return None
            raise TransientError(f"S3 error loading template: {code} for '{name}/{file}'", code="AWS002") from err
        except BotoCoreError as err:
            raise TransientError(
                f"S3 error loading template: {type(err).__name__} for '{name}/{file}'", code="AWS002"
            ) from err


def _copy_of(err: PermanentError) -> PermanentError:
    """Copy an error without its traceback, which would keep the compiler's objects and the batch in memory."""
    return PermanentError(err.error_type, err.message, code=err.code)
