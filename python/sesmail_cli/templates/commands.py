"""`sesmail template …`: new, build, lint and preview; those that work on a bucket are in bucket_commands.py."""

from __future__ import annotations

import functools
import webbrowser
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from sesmail_cli.operator.command import operator_command
from sesmail_cli.operator.failures import USAGE, describe_failure, exit_code_of
from sesmail_cli.templates.bucket_commands import diff, list_, pull, push, rollback
from sesmail_cli.templates.compiler import TemplateSourceError
from sesmail_cli.templates.create import ExistsError, create_from, create_from_scratch
from sesmail_cli.templates.create import build as build_templates
from sesmail_cli.templates.files import TemplateFiles, TemplatesNotFoundError, load_templates
from sesmail_cli.templates.gallery.server import PreviewServer
from sesmail_cli.templates.lint.linter import lint as lint_template
from sesmail_cli.templates.lint.printing import errors_in, print_findings
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
        str | None,
        typer.Option("--from", metavar="DIR|s3://…|STARTER", help="The template to start from; default: from scratch."),
    ] = None,
    layout: Annotated[
        bool, typer.Option("--layout", help="Use the layout in _shared next to the folder; make one if there is none.")
    ] = False,
) -> None:
    """Create a template with its samples: from scratch, or from another one."""
    if source is not None and layout:
        _stop("--layout is for a template from scratch: leave out --from.")
    try:
        if source is None:
            written = create_from_scratch(target, layout=layout)
        else:
            written = create_from(_only_one(source), target)
    except ExistsError as error:
        _stop(str(error))
    for path in written:
        print_line(out, escape(str(path)))


@app.command()
def build(
    where: Where = DEFAULT_FOLDER,
    *,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The folder for the compiled templates.")],
) -> None:
    """Compile templates with the layouts and macros in their folder's _shared, and inline their CSS.

    `lint`, `preview`, `push` and `send-test` compile by themselves; this writes the files that they see.
    """
    try:
        written = build_templates(_load(where), output)
    except TemplateSourceError as error:
        err.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(1) from error
    for path in written:
        print_line(out, escape(str(path)))


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


def _only_one(source: str) -> TemplateFiles:
    templates = _load(source)
    if len(templates) != 1 or templates[0].problems:
        _stop(f"{source} is not one complete template. Found: {_names(templates)}")
    return templates[0]


def _stop(why: str) -> NoReturn:
    err.print(f"[red]{escape(why)}[/]", soft_wrap=True)
    raise typer.Exit(USAGE)


def _names(templates: Iterable[TemplateFiles]) -> str:
    return ", ".join(template.name for template in templates)
