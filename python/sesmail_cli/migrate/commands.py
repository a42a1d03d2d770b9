"""`sesmail migrate check`: can an engine take over the tables, bucket and templates that are there?"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from sesmail_cli.migrate.account import Account
from sesmail_cli.migrate.seed import Report
from sesmail_cli.migrate.templates import check_templates
from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, operator_command
from sesmail_cli.templates.files import TemplatesNotFoundError, load_templates

app = typer.Typer(help="Move here from the CloudFormation product.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `check` a command of its own: Typer would run a single one without its name."""


@app.command()
@operator_command
def check(
    context: CommandContext,
    *,
    stack: Annotated[
        str | None,
        typer.Option("--stack", help="The CloudFormation stack; default: the engine's name, if there is one."),
    ] = None,
    templates: Annotated[
        str | None,
        typer.Option("--templates", metavar="DIR|s3://…", help="Templates to check; default: those of the bucket."),
    ] = None,
    account: Annotated[
        bool, typer.Option("--account/--no-account", help="Read the account, or check --templates alone.")
    ] = True,
) -> int:
    """Check what an engine can adopt, and print the import blocks and variables for it. Changes nothing.

    Exits with 1 if something needs to be changed first.
    """
    report, where = Report(name=context.engine.name), templates
    if account:
        found = Account(context.engine, stack)
        report = found.check()
        where = templates or (found.bucket and f"s3://{found.bucket}")
    if where:
        try:
            s3 = context.engine.s3 if where.startswith("s3://") else None
            check_templates(load_templates(where, s3), report)
        except TemplatesNotFoundError as err:
            if templates:
                raise
            report.notes.append(str(err))
    context.print_json(report)
    _print(context, report)
    return ATTENTION if report.problems else OK


def _print(context: CommandContext, report: Report) -> None:
    if report.account:
        stack = f"stack {report.stack}" if report.stack else "no stack"
        context.print(f"[bold]{escape(report.name)}[/] in account {report.account}, {report.region}: {stack}")
    for one in report.adopted:
        changes = f" (changes in place: {'; '.join(one.changes)})" if one.changes else ""
        context.print(f"[green]adopt[/]    {one.kind} {escape(one.id)}{escape(changes)}")
    for old, new in report.alarms.items():
        context.print(f"[cyan]rename[/]   alarm {escape(old)} → {escape(new)}")
    for old, new in report.outputs.items() if report.stack else ():
        context.print(f"[cyan]output[/]   {escape(old)} → {escape(new) or 'none'}")
    for title, text in (("adopt.tf", report.import_blocks), ("terraform.tfvars", report.tfvars)):
        if text:
            context.print()
            context.print(f"[bold]{title}[/]")
            context.print_text(text)
    for template, names in report.optional_variables.items():
        listed = ", ".join(f'"{name}"' for name in names)
        context.print(f"[cyan]template[/] {escape(template)}: " + escape(f'"optionalVariables": [{listed}]'))
    for note in report.notes:
        context.print(f"[cyan]note[/]     {escape(note)}")
    for problem in report.problems:
        context.print(f"[red]problem[/]  {escape(problem)}")
    colour, verdict = (
        ("red", f"{len(report.problems)} to change first") if report.problems else ("green", "nothing to change first")
    )
    checked = report.templates_checked
    context.print(f"[{colour}]{checked} {'template' if checked == 1 else 'templates'} checked; {verdict}.[/]")
