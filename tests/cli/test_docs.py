"""docs/cli.md lists every command, every option and every exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from sesmail_cli.main import app
from sesmail_cli.operator.command import ATTENTION, EXIT_CODES, OK
from sesmail_cli.operator.failures import AWS_FAILED, USAGE
from tests.cli.conftest import sesmail

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
OPERATOR_COMMANDS = (
    *("status", "report", "pause", "resume", "cancel", "explain", "find", "redrive", "erase", "suppression", "migrate"),
    *("production-access", "send-bulk", "mcp"),
)


def commands(command: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the commands that can be run, with their names."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield names, command
        return
    for name, each in inner.items():
        yield from commands(each, *names, name)


OURS = [(names, command) for names, command in commands(get_command(app)) if names[0] in OPERATOR_COMMANDS]
each_command = pytest.mark.parametrize(("names", "command"), OURS, ids=[" ".join(names) for names, _ in OURS])


def test_all_operator_commands_exist() -> None:
    assert {names[0] for names, _ in OURS} == set(OPERATOR_COMMANDS)


@each_command
def test_a_command_has_its_row(names: tuple[str, ...], command: Any) -> None:
    assert re.search(rf"^\| `sesmail {' '.join(names)}[ `]", PAGE, re.MULTILINE)


@each_command
def test_a_command_has_the_shared_options_and_its_exit_codes(names: tuple[str, ...], command: Any) -> None:
    options = {option for parameter in command.params for option in parameter.opts}

    assert {"--name", "--profile", "--region", "--json"} <= options
    assert EXIT_CODES in command.help


@each_command
def test_an_option_of_one_command_is_on_the_page(names: tuple[str, ...], command: Any) -> None:
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}

    assert [option for option in options - {"--help"} if option not in PAGE] == []


def test_every_exit_code_has_its_row() -> None:
    rows = re.findall(r"^\| (\d) \| ", PAGE, re.MULTILINE)

    assert rows == [str(code) for code in (OK, ATTENTION, USAGE, AWS_FAILED)]


def test_the_help_is_shown_without_a_command() -> None:
    assert "suppression" in sesmail().output
