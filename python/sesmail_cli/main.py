"""The command `sesmail`: one line for each command or group of commands."""

from __future__ import annotations

import typer

from sesmail_cli.operator import suppression
from sesmail_cli.operator.command import operator_command
from sesmail_cli.operator.erase import erase
from sesmail_cli.operator.explain import explain
from sesmail_cli.operator.pausing import pause, resume
from sesmail_cli.operator.redrive import redrive
from sesmail_cli.operator.status import status
from sesmail_cli.templates import commands as templates
from sesmail_cli.templates.send_test import send_test

app = typer.Typer(
    name="sesmail",
    help="Operate a SESMail engine and work on its templates.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(templates.app, name="template")
app.command("send-test")(send_test)
for command in (status, pause, resume, explain, redrive, erase):
    app.command(command.__name__)(operator_command(command))
app.add_typer(suppression.app, name="suppression")
