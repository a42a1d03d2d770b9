"""The seeder's adapters on moto, and on stubs for what moto never answers (denied, write conflicts)."""

import io
import zipfile
from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws
from mypy_boto3_s3 import S3Client

from sesmail_layer.aws.installed_templates import InstalledTemplates
from sesmail_layer.aws.starter_archive import StarterArchive
from sesmail_layer.domain.template.starters import SeedError
from sesmail_layer.usecases.seed_templates import WriteConflictError

BUCKET = "sesmailengine-templates-123456789012"
KEY = "starters/starters.zip"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
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


def test_a_file_is_written_where_there_is_none_and_over_the_one_that_was_read(s3: S3Client) -> None:
    templates = InstalledTemplates(s3, BUCKET)
    assert templates.read("welcome", "template.html") is None
    templates.write("welcome", "template.html", b"one", replaces=None)
    templates.write("welcome", "template.html", b"two", replaces=templates.read("welcome", "template.html"))
    stored = s3.get_object(Bucket=BUCKET, Key="templates/welcome/template.html")
    assert (stored["Body"].read(), stored["ContentType"]) == (b"two", "text/html; charset=utf-8")


def test_a_file_that_came_between_is_not_overwritten(s3: S3Client) -> None:
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
def test_each_of_s3s_answers_to_a_lost_race_means_changed(s3: S3Client, code: str, status: int) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("put_object", code, http_status_code=status)
        with pytest.raises(WriteConflictError):
            InstalledTemplates(s3, BUCKET).write("welcome", "template.html", b"", replaces=None)


def test_any_other_answer_of_s3_stays_what_it_is(s3: S3Client) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("put_object", "SlowDown", http_status_code=503)
        with pytest.raises(ClientError, match="SlowDown"):
            InstalledTemplates(s3, BUCKET).write("welcome", "template.html", b"", replaces=None)
