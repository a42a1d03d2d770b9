"""`sesmail` as its users install it: from the built wheel, in an empty environment, far from the clone."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
import zipfile
from pathlib import Path

import pytest

from sesmail_cli import __version__
from tests.release.wheel import build_wheel, install_wheel, sesmail
from tests.templates.conftest import STARTERS


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a virtual environment with the wheel and its dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    install_wheel(wheel, folder)
    return folder


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, without AWS and without the clone's code on the path."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("AWS_", "SESMAIL_", "PYTHON"))]:
        monkeypatch.delenv(name)
    return tmp_path


def test_the_version_is_printed(environment: Path, away: Path) -> None:
    assert sesmail(environment, "--version").stdout == f"{__version__}\n"


def test_the_wheel_says_where_it_is_from_and_under_which_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        about = archive.read(name).decode()
    assert "License-Expression: MIT" in about
    assert {line.split(",")[0] for line in about.splitlines() if line.startswith("Project-URL: ")} == {
        f"Project-URL: {label}" for label in ("Homepage", "Documentation", "Changelog", "Issues")
    }
    assert "# SESMail" in about


def test_the_wheel_has_the_producers_client(environment: Path, away: Path) -> None:
    """`send-bulk` sends with it; it needs no installation of its own."""
    result = sesmail(environment, "send-bulk", "--help")
    assert result.returncode == 0, result.stderr
    assert "--test-to" in result.stdout


def test_without_its_extra_mcp_says_how_to_install_it(environment: Path, away: Path) -> None:
    result = sesmail(environment, "mcp", "--producer", "support.agent", AWS_DEFAULT_REGION="eu-west-1")
    assert result.returncode == 2
    assert "The package mcp is missing" in result.stderr
    assert "[mcp]" in result.stderr


def test_two_builds_of_the_wheel_are_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build_wheel(tmp_path).read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("name", STARTERS)
def test_each_starter_is_in_the_wheel_and_has_no_finding(environment: Path, away: Path, name: str) -> None:
    result = sesmail(environment, "template", "lint", name, "--json", "--strict")
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_template_made_from_a_starter_is_compiled_and_has_no_finding(environment: Path, away: Path) -> None:
    made = sesmail(environment, "template", "new", "greeting", "--from", "invoice")
    assert made.returncode == 0, made.stderr
    assert (away / "greeting/template.html").read_bytes() == STARTERS["invoice"].files["template.html"]
    assert sesmail(environment, "template", "lint", "greeting", "--strict").returncode == 0


def test_findings_need_the_data_of_what_mail_clients_can_show(environment: Path, away: Path) -> None:
    sesmail(environment, "template", "new", "greeting")
    html = away / "greeting/template.html"
    html.write_text(html.read_text().replace("</body>", '<p style="display: grid">x</p></body>'))
    found = json.loads(sesmail(environment, "--json", "template", "lint", "greeting").stdout)["findings"]
    assert "display:grid" in " ".join(finding["message"] for finding in found)


def test_a_name_that_is_no_folder_and_no_starter_is_answered_with_the_starters(environment: Path, away: Path) -> None:
    result = sesmail(environment, "template", "lint", "welcom")
    assert result.returncode == 2
    assert "No folder welcom." in result.stderr
    assert "welcome" in result.stderr


def test_templates_are_checked_for_a_migration_without_an_account(environment: Path, away: Path) -> None:
    result = sesmail(environment, "migrate", "check", "--no-account", "--templates", "welcome")
    assert (result.returncode, result.stderr) == (0, "")
    assert "1 template checked; nothing to change first." in result.stdout


def test_a_list_that_cannot_be_read_is_rejected_before_aws_is_asked(environment: Path, away: Path) -> None:
    (away / "list.json").write_text('[{"email": "ada@example.com"')
    result = sesmail(environment, "suppression", "import", "list.json", "--from", "csv", AWS_REGION="eu-west-1")
    assert result.returncode == 2
    assert "no valid JSON" in result.stderr


def test_the_preview_serves_its_page_and_a_starter(environment: Path, away: Path) -> None:
    command = [str(environment / "bin/sesmail"), "template", "preview", "--port", "0", "--no-open"]
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "300"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=unbuffered) as server:
        assert server.stdout is not None
        url = next(word for word in server.stdout.readline().split() if word.startswith("http://"))
        try:
            pages = [
                urllib.request.urlopen(url + name).read()
                for name in ("", "gallery.css", "gallery.js", "design/design.css", "templates/welcome")
            ]
        finally:
            server.terminate()
    assert b"gallery.js" in pages[0]
    assert b"The email at phone width" in pages[-1]


def test_a_dry_run_of_send_test_needs_no_engine_where_the_template_is_here(environment: Path, away: Path) -> None:
    sesmail(environment, "template", "new", "templates/greeting")
    result = sesmail(
        environment, "send-test", "greeting", "--to", "ada@example.com", "--dry-run", AWS_REGION="eu-west-1"
    )
    assert result.returncode == 0, result.stderr
    assert "Nothing was sent" in result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands(environment: Path, away: Path, shell: str) -> None:
    shown = sesmail(environment, "--show-completion", shell)
    assert "_SESMAIL_COMPLETE" in shown.stdout + shown.stderr
    words = {"_SESMAIL_COMPLETE": f"complete_{shell}", "COMP_WORDS": "sesmail expl", "COMP_CWORD": "1"}
    words |= {"_TYPER_COMPLETE_ARGS": "sesmail expl", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert "explain" in sesmail(environment, **words).stdout
