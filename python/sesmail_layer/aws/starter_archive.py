"""The packaged starter templates: one zip that Terraform uploads to the template bucket."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sesmail_layer.aws.answers import answer
from sesmail_layer.domain.template.starters import SeedError, Starter, starters_in

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# S3 answers a missing key with 403 to callers that may not list the bucket.
_DENIED = {"AccessDenied", "403"}
_MISSING = {"NoSuchKey", "NoSuchBucket", "404"}


class StarterArchive:
    def __init__(self, s3: S3Client, bucket: str, key: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._where = f"s3://{bucket}/{key}"

    def load(self) -> Sequence[Starter]:
        try:
            with zipfile.ZipFile(io.BytesIO(self._read())) as archive:
                files = {entry.filename: archive.read(entry) for entry in archive.infolist() if not entry.is_dir()}
        except zipfile.BadZipFile as err:
            raise self._none_found("it is not a zip archive") from err
        starters = starters_in(files)
        if not starters:
            raise self._none_found("the archive holds none")
        return starters

    def _read(self) -> bytes:
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=self._key)["Body"].read()
        except ClientError as err:
            code = err.response["Error"].get("Code", "")
            if code in _DENIED:
                raise SeedError(f"AccessDenied on source {self._where}: {answer(err)}", code="SEED003") from err
            if code in _MISSING:
                raise self._none_found(code) from err
            raise

    def _none_found(self, why: str) -> SeedError:
        return SeedError(f"No starter templates found in source bucket ({self._where}: {why})", code="SEED002")
