"""Options that all commands share: before the command, after it, or in the environment."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from sesmail_cli import __version__
from sesmail_cli.main import app
from tests.cli.conftest import NAME, MotoEngine

runner = CliRunner()


def engine_named(*words: str, **variables: str) -> str:
    """Return the name of the engine that the command looked for: there is none of these names."""
    result = runner.invoke(app, [*words], env=variables)
    assert result.exit_code == 2, result.output
    return result.stderr.split("'")[1]


def test_an_option_may_stand_before_the_command(engine: MotoEngine) -> None:
    assert engine_named("--name", "before", "status") == "before"
    assert engine_named("--name", "before", "suppression", "list") == "before"


def test_the_option_after_the_command_wins(engine: MotoEngine) -> None:
    assert engine_named("--name", "before", "status", "--name", "after") == "after"


def test_an_option_before_the_command_wins_over_the_environment(engine: MotoEngine) -> None:
    assert engine_named("--name", "before", "status", SESMAIL_NAME="environment") == "before"
    assert engine_named("status", SESMAIL_NAME="environment") == "environment"


def test_json_may_be_asked_for_before_the_command(engine: MotoEngine) -> None:
    result = runner.invoke(app, ["--json", "--name", NAME, "status"])
    assert json.loads(result.stdout)["attention"] == []


@pytest.mark.parametrize("command", [["status"], ["template", "lint", "s3://bucket"]])
def test_an_unknown_profile_is_one_sentence(engine: MotoEngine, command: list[str]) -> None:
    result = runner.invoke(app, ["--profile", "nowhere", *command])
    assert result.exit_code == 2
    assert "aws configure list-profiles" in result.stderr


def test_the_version_is_printed_without_an_engine() -> None:
    assert runner.invoke(app, ["--version"]).stdout == f"{__version__}\n"
