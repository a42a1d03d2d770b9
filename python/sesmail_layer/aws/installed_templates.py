"""The seeder's access to the template bucket: every write is conditional on what was read before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import ClientError

from sesmail_layer.aws.answers import answer
from sesmail_layer.domain.template.starters import SeedError
from sesmail_layer.usecases.seed_templates import StoredFile, WriteConflictError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Object metadata with who wrote a file, as `sesmail template list` shows it.
AUTHOR = "sesmail-by"
SEEDER = "template seeder"
_TYPES = {"html": "text/html; charset=utf-8", "txt": "text/plain; charset=utf-8", "json": "application/json"}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: 412 when the condition fails,
# 409 when another write was under way, 404 when If-Match finds no object.
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404"}
_DENIED = {"AccessDenied", "403"}


class InstalledTemplates:
    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def read(self, name: str, file: str) -> StoredFile | None:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_key(name, file))
        except ClientError as err:
            if _code(err) == "NoSuchKey":
                return None
            self._raise(err)
        return StoredFile(answer["Body"].read(), answer["ETag"])

    def write(self, name: str, file: str, content: bytes, *, replaces: StoredFile | None) -> None:
        condition: dict[str, Any] = {"IfMatch": replaces.etag} if replaces else {"IfNoneMatch": "*"}
        key = _key(name, file)
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType=_TYPES[file.rpartition(".")[2]],
                Metadata={AUTHOR: SEEDER},
                **condition,
            )
        except ClientError as err:
            if _code(err) in _CHANGED:
                raise WriteConflictError(key) from err
            self._raise(err)

    def _raise(self, err: ClientError) -> NoReturn:
        if _code(err) in _DENIED:
            where = f"s3://{self._bucket}/templates"
            raise SeedError(f"AccessDenied on destination {where}: {answer(err)}", code="SEED004") from err
        raise err


def _key(name: str, file: str) -> str:
    return f"templates/{name}/{file}"


def _code(err: ClientError) -> str:
    return err.response["Error"].get("Code", "")
