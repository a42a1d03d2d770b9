"""Attachments in S3, on moto."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from sesmail_layer.aws.attachment_objects import AttachmentObjects
from sesmail_layer.domain.errors import PermanentError, TransientError


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
def test_a_missing_object_is_an_error_that_names_the_field(objects: AttachmentObjects, uri: str) -> None:
    for ask in (objects.size, objects.read):
        with pytest.raises(PermanentError, match=r"attachments\[2\]\.s3Uri: the object is gone") as caught:
            ask(uri, "attachments[2].s3Uri", 100)

        assert (caught.value.error_type, caught.value.code) == ("attachment_error", "ATT003")


def test_an_object_s_size_is_known_without_reading_it(objects: AttachmentObjects) -> None:
    assert objects.size("s3://files/invoices/a b+c.pdf", "attachments[0].s3Uri", 8) == 8


def test_an_object_that_is_too_large_is_not_read(objects: AttachmentObjects) -> None:
    for ask in (objects.size, objects.read):
        with pytest.raises(PermanentError, match="8 bytes, at most 7 are allowed") as caught:
            ask("s3://files/invoices/a b+c.pdf", "attachments[0].s3Uri", 7)

        assert (caught.value.error_type, caught.value.code) == ("attachment_error", "ATT004")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ClientError({"Error": {"Code": "SlowDown"}}, "GetObject"), "SlowDown"),
        (EndpointConnectionError(endpoint_url="https://s3.us-east-1.amazonaws.com"), "EndpointConnectionError"),
    ],
)
def test_an_s3_that_does_not_answer_is_a_transient_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception, why: str
) -> None:
    s3 = boto3.client("s3", region_name="us-east-1")

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(s3, "get_object", fail)
    monkeypatch.setattr(s3, "head_object", fail)
    objects = AttachmentObjects(s3)
    for ask in (objects.size, objects.read):
        with pytest.raises(TransientError, match=f"^S3 error loading attachment: {why}$") as caught:
            ask("s3://files/invoices/1.pdf", "attachments[0].s3Uri", 100)

        assert caught.value.code == "AWS007"
