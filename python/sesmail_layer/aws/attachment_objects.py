"""Attachments stored in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Without permission to list a bucket, S3 answers 403 for a missing object.
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404", "AccessDenied", "403", "InvalidObjectState"})


class AttachmentObjects:
    def __init__(self, client: S3Client) -> None:
        self._client = client

    def read(self, s3_uri: str, field: str, max_bytes: int) -> bytes:
        """Read one object. Raises PermanentError `attachment_error` naming the field, and TransientError."""
        bucket, _, key = s3_uri.removeprefix("s3://").partition("/")
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] > max_bytes:
                raise PermanentError(
                    "attachment_error",
                    f"Validation error: {field}: {answer['ContentLength']} bytes, at most {max_bytes} are allowed",
                    code="ATT004",
                )
            return answer["Body"].read()
        except ClientError as err:
            code = err.response["Error"].get("Code", "")
            if code in _MISSING:
                raise PermanentError(
                    "attachment_error", f"Validation error: {field}: the object is gone or not readable", code="ATT003"
                ) from err
            raise TransientError(f"S3 error loading attachment: {code}", code="AWS007") from err
        except BotoCoreError as err:
            raise TransientError(f"S3 error loading attachment: {type(err).__name__}", code="AWS007") from err
