"""Attachments stored in S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Without permission to list a bucket, S3 answers 403 for a missing object.
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404", "AccessDenied", "403", "InvalidObjectState"})


class Place(TypedDict):
    Bucket: str
    Key: str


class AttachmentObjects:
    def __init__(self, client: S3Client) -> None:
        self._client = client

    def size(self, s3_uri: str, field: str, max_bytes: int) -> int:
        """Return one object's size unread. Raises what `read` raises."""
        with _errors(field):
            return _checked(self._client.head_object(**_place(s3_uri))["ContentLength"], field, max_bytes)

    def read(self, s3_uri: str, field: str, max_bytes: int) -> bytes:
        """Read one object. Raises PermanentError `attachment_error` naming the field, and TransientError."""
        with _errors(field):
            answer = self._client.get_object(**_place(s3_uri))
            _checked(answer["ContentLength"], field, max_bytes)
            return answer["Body"].read()


def _place(s3_uri: str) -> Place:
    bucket, _, key = s3_uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def _checked(size: int, field: str, max_bytes: int) -> int:
    if size > max_bytes:
        message = f"Validation error: {field}: {size} bytes, at most {max_bytes} are allowed"
        raise PermanentError("attachment_error", message, code="ATT004")
    return size


@contextmanager
def _errors(field: str) -> Iterator[None]:
    try:
        yield
    except ClientError as err:
        code = err.response["Error"].get("Code", "")
        if code in _MISSING:
            message = f"Validation error: {field}: the object is gone or not readable"
            raise PermanentError("attachment_error", message, code="ATT003") from err
        raise TransientError(f"S3 error loading attachment: {code}", code="AWS007") from err
    except BotoCoreError as err:
        raise TransientError(f"S3 error loading attachment: {type(err).__name__}", code="AWS007") from err
