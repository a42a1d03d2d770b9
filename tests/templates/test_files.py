"""Templates loaded from folders and S3."""

from pathlib import Path

import boto3
import pytest
from typer.testing import CliRunner

from sesmail_cli.main import app
from sesmail_cli.templates.files import TemplatesNotFoundError, load_template, load_templates
from tests.templates.conftest import SOURCES, STARTERS

run = CliRunner()


@pytest.mark.parametrize("path", ["", "/templates", "/templates/"])
def test_all_templates_of_a_bucket_are_loaded(bucket: str, path: str) -> None:
    found = load_templates(f"s3://{bucket}{path}")
    assert [template.name for template in found] == sorted(STARTERS)
    assert found[0].files["template.html"] == STARTERS[found[0].name].files["template.html"]


def test_one_template_of_a_bucket_is_loaded(bucket: str) -> None:
    (found,) = load_templates(f"s3://{bucket}/templates/welcome")
    assert (found.name, found.origin) == ("welcome", f"s3://{bucket}/templates/welcome")


def test_a_file_of_a_bucket_that_is_too_large_is_a_finding(bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="templates/welcome/template.html", Body=b"x" * 1_048_577)
    (found,) = load_templates(f"s3://{bucket}/templates/welcome")
    assert [problem.message for problem in found.problems] == ["file too large: 1048577 bytes (max 1048576 bytes)"]


def test_a_folder_is_one_template_or_has_several(folder: Path) -> None:
    assert [template.name for template in load_templates(str(folder))] == ["hello"]
    assert [template.name for template in load_templates(str(folder / "hello"))] == ["hello"]


def test_a_place_without_templates_is_an_error(tmp_path: Path, bucket: str) -> None:
    for where in (str(tmp_path), str(tmp_path / "nowhere"), f"s3://{bucket}/other"):
        with pytest.raises(TemplatesNotFoundError):
            load_templates(where)
    with pytest.raises(TemplatesNotFoundError, match=r"No template 'welcom' in .*Found: .*welcome"):
        load_template(str(SOURCES), "welcom")


def test_a_source_that_does_not_compile_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "_shared").mkdir()
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello/metadata.json").write_text('{"subject": "x", "version": "1.0.0"}')
    (tmp_path / "hello/template.txt").write_text("fine")
    (tmp_path / "hello/template.html").write_text("one\n[% if %]")
    (template,) = load_templates(str(tmp_path))
    assert [(problem.file, problem.line) for problem in template.problems] == [("template.html", 2)]
    assert run.invoke(app, ["template", "lint", str(tmp_path)]).exit_code == 1
