"""The operator's commands, put together."""

from __future__ import annotations

import typer

from sesmail_cli.operator import suppression
from sesmail_cli.operator.command import operator_command
from sesmail_cli.operator.erase import erase
from sesmail_cli.operator.explain import explain
from sesmail_cli.operator.pausing import pause, resume
from sesmail_cli.operator.redrive import redrive
from sesmail_cli.operator.status import status


def register(app: typer.Typer) -> None:
    """Adds the commands to `sesmail`."""
    for command in (status, pause, resume, explain, redrive, erase):
        app.command(command.__name__)(operator_command(command))
    app.add_typer(suppression.app, name="suppression")
