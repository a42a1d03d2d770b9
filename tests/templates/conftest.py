"""The compiled starters, an S3 bucket with them, and a folder with a user's template."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from sesmail_cli.templates.files import TemplateFiles, load_templates

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "templates"
BUCKET = "sesmailengine-templates-123456789012"
STARTERS = {template.name: template for template in load_templates(str(SOURCES))}


@pytest.fixture(params=sorted(STARTERS))
def starter(request: pytest.FixtureRequest) -> TemplateFiles:
    return STARTERS[request.param]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for template in STARTERS.values():
            for file in ("template.html", "template.txt", "metadata.json"):
                s3.put_object(Bucket=BUCKET, Key=f"templates/{template.name}/{file}", Body=template.files[file])
        s3.put_object(Bucket=BUCKET, Key="starters/starters.zip", Body=b"")
        yield BUCKET


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with one template."""
    home = tmp_path / "mine" / "hello"
    home.mkdir(parents=True)
    (home / "template.html").write_text('<html lang="en"><p>{{ name }}</p></html>')
    (home / "template.txt").write_text("Hello {{ name }}")
    (home / "metadata.json").write_text('{"subject": "Hello", "requiredVariables": ["name"], "version": "1.0.0"}')
    return tmp_path / "mine"
