"""The command `sesmail`: one line for each command or group of commands."""

from __future__ import annotations

from typing import Annotated

import boto3
import typer
from botocore.exceptions import ProfileNotFound
from rich.markup import escape

from sesmail_cli import __version__
from sesmail_cli.agent.command import mcp
from sesmail_cli.bulk.command import send_bulk
from sesmail_cli.console.command import console
from sesmail_cli.doctor.command import doctor
from sesmail_cli.migrate import commands as migrate
from sesmail_cli.operator import suppression
from sesmail_cli.operator.cancel import cancel
from sesmail_cli.operator.command import AsJson, EngineName, Profile, Region, operator_command
from sesmail_cli.operator.engine import DEFAULT_NAME
from sesmail_cli.operator.erase import erase
from sesmail_cli.operator.explain import explain
from sesmail_cli.operator.failures import USAGE, describe_failure
from sesmail_cli.operator.find import find_emails
from sesmail_cli.operator.pausing import pause, resume
from sesmail_cli.operator.production_access import production_access
from sesmail_cli.operator.redrive import redrive
from sesmail_cli.operator.report import report
from sesmail_cli.operator.status import status
from sesmail_cli.templates import commands as templates
from sesmail_cli.templates.send_test import send_test
from sesmail_cli.terminal import err, out

app = typer.Typer(
    name="sesmail",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def options_before_the_command(  # the commands read `name` and `json` of the options that stand before them
    *,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    name: EngineName = DEFAULT_NAME,
    profile: Profile = None,
    region: Region = None,
    as_json: AsJson = False,  # noqa: ARG001
) -> None:
    """Operate a SESMail engine and work on its templates."""
    if profile or region:
        # For `sesmail template … s3://…`; the operator's commands read these options themselves.
        try:
            boto3.setup_default_session(profile_name=profile, region_name=region)
        except ProfileNotFound as error:
            err.print(f"[red]{escape(describe_failure(error, name))}[/]")
            raise typer.Exit(USAGE) from error


app.add_typer(templates.app, name="template")
_COMMANDS = (
    send_test,
    send_bulk,
    doctor,
    production_access,
    status,
    report,
    pause,
    resume,
    cancel,
    explain,
    redrive,
    erase,
    console,
    mcp,
)
for command in _COMMANDS:
    app.command(command.__name__.replace("_", "-"))(operator_command(command))
app.command("find")(operator_command(find_emails))
app.add_typer(suppression.app, name="suppression")
app.add_typer(migrate.app, name="migrate")
