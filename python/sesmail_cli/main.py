"""The command `sesmail`: one line for each group of commands."""

from __future__ import annotations

import typer

from sesmail_cli import template_commands, template_send_test
from sesmail_cli.operator import commands as operator_commands

app = typer.Typer(
    name="sesmail",
    help="Work with a SESMail engine: its templates, its mail, its guards.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(template_commands.app, name="template")
app.command("send-test")(template_send_test.send_test)
operator_commands.register(app)
