"""Attachments in S3, on moto."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from sesmail_layer.aws.attachment_objects import AttachmentObjects
from sesmail_layer.domain.errors import PermanentError


@pytest.fixture
def objects() -> Iterator[AttachmentObjects]:
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="files")
        s3.put_object(Bucket="files", Key="invoices/a b+c.pdf", Body=b"%PDF-1.7")
        yield AttachmentObjects(s3)


def test_an_object_is_read_under_its_exact_key(objects: AttachmentObjects) -> None:
    assert objects.read("s3://files/invoices/a b+c.pdf", "attachments[0].s3Uri", 100) == b"%PDF-1.7"


@pytest.mark.parametrize("uri", ["s3://files/invoices/gone.pdf", "s3://no-such-bucket/x"])
def test_a_vanished_object_names_the_field(objects: AttachmentObjects, uri: str) -> None:
    with pytest.raises(PermanentError, match=r"attachments\[2\]\.s3Uri: the object is gone") as caught:
        objects.read(uri, "attachments[2].s3Uri", 100)

    assert (caught.value.error_type, caught.value.code) == ("attachment_error", "ATT003")


def test_an_object_that_is_too_large_is_not_read(objects: AttachmentObjects) -> None:
    with pytest.raises(PermanentError, match="8 bytes, at most 7 are allowed"):
        objects.read("s3://files/invoices/a b+c.pdf", "attachments[0].s3Uri", 7)
