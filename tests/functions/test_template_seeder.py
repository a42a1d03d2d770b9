"""The seeder's handler over the real starters, on moto."""

import importlib.util
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from mypy_boto3_s3 import S3Client

from sesmail_cli.templates.compiler import compile_templates
from sesmail_layer.domain.template.starters import SeedError
from sesmail_layer.runtime.settings import SettingsError

ROOT = Path(__file__).parents[2]
BUCKET = "sesmailengine-templates-123456789012"
KEY = "starters/starters.zip"
Handler = Callable[[object, object], dict[str, Any]]


@pytest.fixture
def handler() -> Handler:
    spec = importlib.util.spec_from_file_location("seeder_handler", ROOT / "functions/template_seeder/handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler  # type: ignore[no-any-return]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    values = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SESMAIL_NAME": "sesmailengine",
        "TEMPLATE_BUCKET": BUCKET,
        "SESMAIL_STARTERS_BUCKET": BUCKET,
        "SESMAIL_STARTERS_KEY": KEY,
        "ENVIRONMENT": "prod",
        "LOG_LEVEL": "INFO",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def upload_starters(s3: S3Client, files: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key, content in files.items():
            archive.writestr(key, content)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=buffer.getvalue())


def installed(s3: S3Client) -> dict[str, bytes]:
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="templates/").get("Contents", [])
    return {entry["Key"]: s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read() for entry in listed}


def test_the_starters_are_installed_as_compiled_and_the_next_run_skips_them(s3: S3Client, handler: Handler) -> None:
    starters = compile_templates(ROOT / "templates")
    names = sorted({key.split("/")[1] for key in starters})
    upload_starters(s3, starters)
    s3.put_object(Bucket=BUCKET, Key="templates/mine/template.html", Body=b"<p>mine")

    first = handler({}, None)
    assert first == {
        "statusCode": 200,
        "installed": names,
        "updated": [],
        "skipped": [],
        "message": f"Installed {len(names)}, updated 0, skipped 0",
    }
    assert installed(s3) == starters | {"templates/mine/template.html": b"<p>mine"}
    assert handler({}, None)["skipped"] == names
    json.dumps(first)


def test_a_template_with_a_lower_version_or_none_is_updated(s3: S3Client, handler: Handler) -> None:
    starters = compile_templates(ROOT / "templates")
    upload_starters(s3, starters)
    handler({}, None)
    for name, metadata in (("welcome", {"subject": "Old"}), ("password-reset", {"version": "0.1.0"})):
        s3.put_object(Bucket=BUCKET, Key=f"templates/{name}/metadata.json", Body=json.dumps(metadata).encode())
    assert handler({}, None)["updated"] == ["password-reset", "welcome"]
    assert installed(s3) == starters


@pytest.mark.parametrize("name", ["TEMPLATE_BUCKET", "SESMAIL_STARTERS_BUCKET", "SESMAIL_STARTERS_KEY"])
def test_a_missing_variable_fails_the_run_and_is_named(
    s3: S3Client, handler: Handler, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match=f"Missing required environment variable: {name}"):
        handler({}, None)
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["code"]) == ("ERROR", "SEED001")


def test_missing_starters_fail_the_run_and_are_logged(
    s3: S3Client, handler: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SeedError):
        handler({}, None)
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["code"]) == ("ERROR", "SEED002")
    assert "No starter templates found in source bucket" in line["error"]


def test_the_first_run_creates_the_keys_and_a_destroy_without_data_deletes_them(s3: S3Client, handler: Handler) -> None:
    upload_starters(s3, compile_templates(ROOT / "templates"))
    ssm = boto3.client("ssm")
    event: dict[str, Any] = {"retain_data": False, "starters": "hash"}

    def keys() -> set[str]:
        found = ssm.get_parameters_by_path(Path="/sesmailengine", Recursive=True)["Parameters"]
        return {parameter["Name"] for parameter in found}

    handler({**event, "tf": {"action": "create", "prev_input": None}}, None)
    assert keys() == {f"/sesmailengine/keys/{purpose}" for purpose in ("fingerprint", "erasure", "unsubscribe")}
    handler({"retain_data": True, "tf": {"action": "delete", "prev_input": None}}, None)
    assert len(keys()) == 3
    handler({**event, "tf": {"action": "delete", "prev_input": None}}, None)
    assert keys() == set()
