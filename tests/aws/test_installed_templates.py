"""The seeder's access to the template bucket on moto, and on stubs for answers that moto never gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from sesmail_layer.aws.installed_templates import InstalledTemplates
from sesmail_layer.domain.template.starters import SeedError
from sesmail_layer.usecases.seed_templates import WriteConflictError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "sesmailengine-templates-123456789012"


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("get_object", lambda templates: templates.read("welcome", "metadata.json")),
        ("put_object", lambda templates: templates.write("welcome", "template.html", b"", replaces=None)),
    ],
)
def test_a_denied_destination_is_seed004(
    s3: S3Client, operation: str, call: Callable[[InstalledTemplates], object]
) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error(operation, "AccessDenied", http_status_code=403)
        with pytest.raises(SeedError, match="AccessDenied on destination") as caught:
            call(InstalledTemplates(s3, BUCKET))
    assert caught.value.code == "SEED004"


def test_a_missing_file_is_created_and_an_unchanged_one_replaced(s3: S3Client) -> None:
    templates = InstalledTemplates(s3, BUCKET)
    assert templates.read("welcome", "template.html") is None
    templates.write("welcome", "template.html", b"one", replaces=None)
    templates.write("welcome", "template.html", b"two", replaces=templates.read("welcome", "template.html"))
    stored = s3.get_object(Bucket=BUCKET, Key="templates/welcome/template.html")
    assert (stored["Body"].read(), stored["ContentType"]) == (b"two", "text/html; charset=utf-8")
    assert stored["Metadata"] == {"sesmail-by": "template seeder"}


def test_a_file_written_since_the_read_is_not_overwritten(s3: S3Client) -> None:
    templates = InstalledTemplates(s3, BUCKET)
    templates.write("welcome", "template.html", b"one", replaces=None)
    read = templates.read("welcome", "template.html")
    templates.write("welcome", "template.html", b"two", replaces=read)
    for replaces in (None, read):
        with pytest.raises(WriteConflictError):
            templates.write("welcome", "template.html", b"three", replaces=replaces)
    stored = templates.read("welcome", "template.html")
    assert stored is not None
    assert stored.content == b"two"


@pytest.mark.parametrize(
    ("code", "status"), [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409), ("NoSuchKey", 404)]
)
def test_every_answer_to_a_lost_race_means_changed(s3: S3Client, code: str, status: int) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("put_object", code, http_status_code=status)
        with pytest.raises(WriteConflictError):
            InstalledTemplates(s3, BUCKET).write("welcome", "template.html", b"", replaces=None)


def test_any_other_error_of_s3_is_raised_unchanged(s3: S3Client) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("put_object", "SlowDown", http_status_code=503)
        with pytest.raises(ClientError, match="SlowDown"):
            InstalledTemplates(s3, BUCKET).write("welcome", "template.html", b"", replaces=None)
