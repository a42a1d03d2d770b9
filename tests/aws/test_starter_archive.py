"""The starter archive on moto, and on stubs for answers that moto never gives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from sesmail_layer.aws.starter_archive import StarterArchive
from sesmail_layer.domain.template.starters import SeedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "sesmailengine-templates-123456789012"
KEY = "starters/starters.zip"


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as writer:
        for file, content in files.items():
            writer.writestr(f"templates/welcome/{file.replace('_', '.')}", content)
    return buffer.getvalue()


def test_starters_are_read_from_the_archive(s3: S3Client) -> None:
    content = archive(template_html=b"<p>", template_txt=b"text", metadata_json=b'{"version": "1.0.0"}')
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=content)
    (starter,) = StarterArchive(s3, BUCKET, KEY).load()
    assert (starter.name, starter.version, starter.bodies["template.html"]) == ("welcome", "1.0.0", b"<p>")


@pytest.mark.parametrize("content", [None, b"", b"not a zip", archive()])
def test_an_archive_that_is_missing_broken_or_empty_is_seed002(s3: S3Client, content: bytes | None) -> None:
    if content is not None:
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=content)
    with pytest.raises(SeedError, match="No starter templates found in source bucket") as caught:
        StarterArchive(s3, BUCKET, KEY).load()
    assert caught.value.code == "SEED002"


def test_a_denied_source_is_seed003(s3: S3Client) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "AccessDenied", http_status_code=403)
        with pytest.raises(SeedError, match="AccessDenied on source") as caught:
            StarterArchive(s3, BUCKET, KEY).load()
    assert caught.value.code == "SEED003"


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchBucket"])
def test_a_missing_source_is_seed002_with_its_place(s3: S3Client, code: str) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("get_object", code, http_status_code=404)
        with pytest.raises(SeedError) as caught:
            StarterArchive(s3, BUCKET, KEY).load()
    assert caught.value.code == "SEED002"
    assert caught.value.message.endswith(f"(s3://{BUCKET}/{KEY}: {code})")


def test_any_other_error_of_s3_is_raised_unchanged(s3: S3Client) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "SlowDown", http_status_code=503)
        with pytest.raises(ClientError, match="SlowDown"):
            StarterArchive(s3, BUCKET, KEY).load()
