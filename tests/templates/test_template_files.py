"""Where the CLI finds templates, and the commands over them."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from sesmail_cli.main import app
from sesmail_cli.templates.files import TemplatesNotFoundError, load_template, load_templates
from tests.templates.conftest import SOURCES, STARTERS

BUCKET = "sesmailengine-templates-123456789012"
run = CliRunner()


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
    """A folder with one template, as a user has it."""
    home = tmp_path / "mine" / "hello"
    home.mkdir(parents=True)
    (home / "template.html").write_text('<html lang="en"><p>{{ name }}</p></html>')
    (home / "template.txt").write_text("Hello {{ name }}")
    (home / "metadata.json").write_text('{"subject": "Hello", "requiredVariables": ["name"], "version": "1.0.0"}')
    return tmp_path / "mine"


@pytest.mark.parametrize("path", ["", "/templates", "/templates/"])
def test_templates_are_read_from_s3(bucket: str, path: str) -> None:
    found = load_templates(f"s3://{bucket}{path}")
    assert [template.name for template in found] == sorted(STARTERS)
    assert found[0].files["template.html"] == STARTERS[found[0].name].files["template.html"]


def test_one_template_is_read_from_s3(bucket: str) -> None:
    (found,) = load_templates(f"s3://{bucket}/templates/welcome")
    assert (found.name, found.origin) == ("welcome", f"s3://{bucket}/templates/welcome")


def test_a_folder_may_be_one_template_or_hold_several(folder: Path) -> None:
    assert [template.name for template in load_templates(str(folder))] == ["hello"]
    assert [template.name for template in load_templates(str(folder / "hello"))] == ["hello"]


def test_where_there_is_nothing_the_message_says_so(tmp_path: Path, bucket: str) -> None:
    for where in (str(tmp_path), str(tmp_path / "nowhere"), f"s3://{bucket}/other"):
        with pytest.raises(TemplatesNotFoundError):
            load_templates(where)
    with pytest.raises(TemplatesNotFoundError, match=r"No template 'welcom' in .*there are: .*welcome"):
        load_template(str(SOURCES), "welcom")


def test_a_broken_source_is_a_finding_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "_shared").mkdir()
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello/metadata.json").write_text('{"subject": "x", "version": "1.0.0"}')
    (tmp_path / "hello/template.txt").write_text("fine")
    (tmp_path / "hello/template.html").write_text("one\n[% if %]")
    (template,) = load_templates(str(tmp_path))
    assert [(problem.file, problem.line) for problem in template.problems] == [("template.html", 2)]
    assert run.invoke(app, ["template", "lint", str(tmp_path)]).exit_code == 1


def test_lint_passes_the_starters_and_says_how_many() -> None:
    result = run.invoke(app, ["template", "lint", str(SOURCES), "--strict", "--bulk", "welcome"])
    assert (result.exit_code, result.stdout) == (0, "8 templates: 0 errors, 0 warnings\n")


def test_lint_works_on_what_is_installed(bucket: str) -> None:
    result = run.invoke(app, ["template", "lint", f"s3://{bucket}"])
    assert (result.exit_code, result.stdout) == (0, "8 templates: 0 errors, 0 warnings\n")


def test_lint_fails_on_errors_and_with_strict_on_warnings(folder: Path) -> None:
    assert run.invoke(app, ["template", "lint", str(folder)]).exit_code == 0
    assert run.invoke(app, ["template", "lint", str(folder), "--strict"]).exit_code == 1
    ignored = ["--ignore", "missing-title", "--ignore", "missing-viewport"]
    assert run.invoke(app, ["template", "lint", str(folder), "--strict", *ignored]).exit_code == 0
    (folder / "hello/template.txt").write_text("Hello {{ nam }}")
    result = run.invoke(app, ["template", "lint", str(folder)])
    assert result.exit_code == 1
    assert "template.txt:1:10  error undeclared-variable" in result.stdout
    assert "1 | Hello {{ nam }}\n        |          ^" in result.stdout


def test_lint_speaks_json(folder: Path) -> None:
    (folder / "hello/template.txt").write_text("Hello {{ nam }}")
    result = run.invoke(app, ["template", "lint", str(folder), "--json"])
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["errors"], answer["warnings"]) == (1, 1, 2)
    finding = next(found for found in answer["findings"] if found["severity"] == "error")
    place = [finding[key] for key in ("template", "file", "line", "column")]
    assert place == ["hello", "template.txt", 1, 10]


def test_new_copies_a_starter_that_needs_no_other_file(tmp_path: Path) -> None:
    target = tmp_path / "mine" / "greeting"
    result = run.invoke(app, ["template", "new", str(target), "--from", str(SOURCES / "welcome")])
    assert result.exit_code == 0
    (made,) = load_templates(str(target))
    assert (made.name, made.files) == ("greeting", STARTERS["welcome"].files)
    assert run.invoke(app, ["template", "lint", str(tmp_path / "mine"), "--strict"]).exit_code == 0


def test_new_overwrites_nothing_and_wants_one_template(tmp_path: Path) -> None:
    assert run.invoke(app, ["template", "new", str(tmp_path), "--from", str(SOURCES / "welcome")]).exit_code == 2
    result = run.invoke(app, ["template", "new", str(tmp_path / "x"), "--from", str(SOURCES)])
    assert result.exit_code == 2
    assert "welcome" in result.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("command", ["lint", "preview"])
def test_nothing_to_check_is_told_apart_from_findings(tmp_path: Path, command: str) -> None:
    result = run.invoke(app, ["template", command, str(tmp_path)])
    assert result.exit_code == 2
    assert "No templates in" in result.stderr
