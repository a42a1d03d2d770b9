"""`sesmail template …`: new, lint and preview; those that work on a bucket are in bucket_commands.py."""

from __future__ import annotations

import functools
import webbrowser
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from sesmail_cli.operator.command import operator_command
from sesmail_cli.operator.failures import USAGE, describe_failure, exit_code_of
from sesmail_cli.templates.bucket_commands import diff, list_, pull, push, rollback
from sesmail_cli.templates.files import TemplateFiles, TemplatesNotFoundError, load_templates
from sesmail_cli.templates.lint.linter import lint as lint_template
from sesmail_cli.templates.lint.printing import errors_in, print_findings
from sesmail_cli.templates.preview.server import PreviewServer
from sesmail_cli.templates.starters import starters_folder
from sesmail_cli.terminal import err, out, print_json, print_line

app = typer.Typer(help="Create, check, preview and install email templates.", no_args_is_help=True)
for command in (push, diff, pull, rollback):
    app.command(command.__name__)(operator_command(command))
app.command("list")(operator_command(list_))

DEFAULT_FOLDER = "templates"
Where = Annotated[
    str, typer.Argument(metavar="[DIR|s3://…|STARTER]", help="One template, or a folder or prefix of templates.")
]


@app.command()
def lint(
    call: typer.Context,
    where: Where = DEFAULT_FOLDER,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    bulk: Annotated[
        list[str] | None,
        typer.Option("--bulk", metavar="TEMPLATE", help="A template for bulk mail: it needs an unsubscribe link."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="RULE", help="A rule to ignore, such as 'width'.")
    ] = None,
) -> None:
    """Check templates: syntax, variables, unsafe constructs, and what mail clients cannot show.

    Exits with 1 if it finds errors (with --strict: anything), with 2 if there are no templates.
    """
    templates = _load(where)
    findings = [
        finding
        for template in templates
        for finding in lint_template(template, bulk=template.name in (bulk or ()))
        if finding.rule not in (ignore or ())
    ]
    errors = errors_in(findings)
    if as_json or call.find_root().params["as_json"]:
        print_json({"findings": findings, "errors": errors, "warnings": len(findings) - errors})
    else:
        print_findings(functools.partial(print_line, out), templates, findings)
    if errors or (strict and findings):
        raise typer.Exit(1)


@app.command()
def new(
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="The new folder; its name is the template's name.")],
    *,
    source: Annotated[
        str, typer.Option("--from", metavar="DIR|s3://…|STARTER", help="The template to start from.")
    ] = "welcome",
) -> None:
    """Create a template from another one, with its samples."""
    templates = _load(source)
    if len(templates) != 1 or templates[0].problems:
        err.print(f"[red]{escape(source)} is not one complete template[/]. Found: {_names(templates)}")
        raise typer.Exit(2)
    if target.exists():
        err.print(f"[red]{escape(str(target))} exists already[/]")
        raise typer.Exit(2)
    target.mkdir(parents=True)
    for file, content in templates[0].files.items():
        (target / file).write_bytes(content)
    out.print(f"{escape(str(target))}: {', '.join(sorted(templates[0].files))}", soft_wrap=True)


@app.command()
def preview(
    where: Where = DEFAULT_FOLDER,
    *,
    port: Annotated[int, typer.Option(help="The local port; 0 picks a free one.")] = 8725,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
) -> None:
    """Show templates in your browser as they would arrive, next to their data. Follows changes; stop with Ctrl+C.

    Without a folder 'templates', it shows the starters.
    """
    if where == DEFAULT_FOLDER and not Path(where).is_dir():
        where = str(starters_folder())
    _load(where)
    try:
        server = PreviewServer(where, port)
    except OSError as error:
        err.print(f"[red]Port {port} cannot be used[/] ({error.strerror}); choose another with --port.")
        raise typer.Exit(2) from error
    out.print(f"Templates of [bold]{escape(where)}[/] at [link={server.url}]{server.url}[/link] (stop with Ctrl+C)")
    if open_browser:
        webbrowser.open(server.url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        out.print("Stopped.")
    finally:
        server.server_close()


def _load(where: str) -> list[TemplateFiles]:
    try:
        return load_templates(where)
    except TemplatesNotFoundError as error:
        err.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(USAGE) from error
    except (BotoCoreError, ClientError) as error:
        err.print(f"[red]{escape(describe_failure(error, where))}[/]", soft_wrap=True)
        raise typer.Exit(exit_code_of(error)) from error


def _names(templates: Iterable[TemplateFiles]) -> str:
    return escape(", ".join(template.name for template in templates))
