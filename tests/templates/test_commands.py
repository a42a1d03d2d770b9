"""The commands `sesmail template lint` and `new`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sesmail_cli.main import app
from sesmail_cli.templates.files import load_templates
from tests.templates.conftest import SOURCES, STARTERS

run = CliRunner()


def test_lint_passes_the_starters_and_counts_them() -> None:
    result = run.invoke(app, ["template", "lint", str(SOURCES), "--strict", "--bulk", "welcome"])
    assert (result.exit_code, result.stdout) == (0, "12 templates: 0 errors, 0 warnings\n")


def test_lint_checks_installed_templates(bucket: str) -> None:
    result = run.invoke(app, ["template", "lint", f"s3://{bucket}"])
    assert (result.exit_code, result.stdout) == (0, "12 templates: 0 errors, 0 warnings\n")


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


def test_lint_prints_json(folder: Path) -> None:
    (folder / "hello/template.txt").write_text("Hello {{ nam }}")
    result = run.invoke(app, ["template", "lint", str(folder), "--json"])
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["errors"], answer["warnings"]) == (1, 1, 2)
    finding = next(found for found in answer["findings"] if found["severity"] == "error")
    place = [finding[key] for key in ("template", "file", "line", "column")]
    assert place == ["hello", "template.txt", 1, 10]


def test_new_copies_a_starter_without_other_files(tmp_path: Path) -> None:
    target = tmp_path / "mine" / "greeting"
    result = run.invoke(app, ["template", "new", str(target), "--from", str(SOURCES / "welcome")])
    assert result.exit_code == 0
    (made,) = load_templates(str(target))
    assert (made.name, made.files) == ("greeting", STARTERS["welcome"].files)
    assert run.invoke(app, ["template", "lint", str(tmp_path / "mine"), "--strict"]).exit_code == 0


def test_new_overwrites_nothing_and_needs_one_template(tmp_path: Path) -> None:
    assert run.invoke(app, ["template", "new", str(tmp_path), "--from", str(SOURCES / "welcome")]).exit_code == 2
    result = run.invoke(app, ["template", "new", str(tmp_path / "x"), "--from", str(SOURCES)])
    assert result.exit_code == 2
    assert "welcome" in result.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("command", ["lint", "preview"])
def test_a_place_without_templates_is_not_a_finding(tmp_path: Path, command: str) -> None:
    result = run.invoke(app, ["template", command, str(tmp_path)])
    assert result.exit_code == 2
    assert "No templates in" in result.stderr
