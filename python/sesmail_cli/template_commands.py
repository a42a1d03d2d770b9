"""`sesmail template …`: lint and preview."""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from sesmail_cli.preview.server import PreviewServer
from sesmail_cli.template_files import TemplateFiles, TemplatesNotFoundError, load_templates
from sesmail_cli.template_lint.findings import Finding, Severity
from sesmail_cli.template_lint.linter import lint as lint_template

app = typer.Typer(help="Check and look at email templates.", no_args_is_help=True)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

DEFAULT_FOLDER = "templates"
Where = Annotated[str, typer.Argument(metavar="[DIR|s3://…]", help="One template, or a folder or prefix of them.")]


@app.command()
def lint(
    where: Where = DEFAULT_FOLDER,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail as well.")] = False,
    bulk: Annotated[
        list[str] | None,
        typer.Option(
            "--bulk", metavar="TEMPLATE", help="A template for bulk mail, which must let readers unsubscribe."
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="RULE", help="A rule to pass over, such as 'width'.")
    ] = None,
) -> None:
    """Check templates: syntax, variables, unsafe constructs, and what mail clients cannot show.

    Exits with 1 where it finds errors (with --strict: anything), with 2 where there is nothing to check.
    """
    templates = _load(where)
    findings = [
        finding
        for template in templates
        for finding in lint_template(template, bulk=template.name in (bulk or ()))
        if finding.rule not in (ignore or ())
    ]
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if as_json:
        answer = {"findings": findings, "errors": errors, "warnings": len(findings) - errors}
        print(json.dumps(msgspec.to_builtins(answer), indent=2, ensure_ascii=False))  # noqa: T201 - for other programs
    else:
        _show(templates, findings)
    if errors or (strict and findings):
        raise typer.Exit(1)


@app.command()
def new(
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="The new template; the folder's name is its name.")],
    *,
    source: Annotated[
        str, typer.Option("--from", metavar="DIR|s3://…", help="The template to start from.")
    ] = f"{DEFAULT_FOLDER}/welcome",
) -> None:
    """Make a template of your own from another one, with its samples."""
    templates = _load(source)
    if len(templates) != 1 or templates[0].problems:
        err.print(f"[red]{escape(source)} is not one whole template[/]; there are: {_names(templates)}")
        raise typer.Exit(2)
    if target.exists():
        err.print(f"[red]{escape(str(target))} is there already[/]")
        raise typer.Exit(2)
    target.mkdir(parents=True)
    for file, content in templates[0].files.items():
        (target / file).write_bytes(content)
    out.print(f"{escape(str(target))}: {', '.join(sorted(templates[0].files))}", soft_wrap=True)


@app.command()
def preview(
    where: Where = DEFAULT_FOLDER,
    *,
    port: Annotated[int, typer.Option(help="Where to listen on this machine; 0 takes a free one.")] = 8725,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
) -> None:
    """Show templates as they would arrive, next to their data; changes show at once. Stop with Ctrl+C."""
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
        err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(2) from error


def _names(templates: Iterable[TemplateFiles]) -> str:
    return escape(", ".join(template.name for template in templates))


def _show(templates: Iterable[TemplateFiles], findings: list[Finding]) -> None:
    templates = list(templates)
    origins = {template.name: template.origin for template in templates}
    for finding in findings:
        place = f"{_short(origins[finding.template])}/{finding.file}"
        if finding.line:
            place += f":{finding.line}" + (f":{finding.column}" if finding.column else "")
        colour = "red" if finding.severity is Severity.ERROR else "yellow"
        out.print(f"[bold]{escape(place)}[/]  [{colour}]{finding.severity.value}[/] {finding.rule}", soft_wrap=True)
        out.print(f"  {escape(finding.message)}", soft_wrap=True)
        if finding.source.strip():
            _point(finding)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    colour = "red" if errors else "yellow" if findings else "green"
    counts = ((len(templates), "template"), (errors, "error"), (len(findings) - errors, "warning"))
    of, *found = (f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
    out.print(f"[{colour}]{of}: {', '.join(found)}[/]", soft_wrap=True)


def _point(finding: Finding) -> None:
    """The line, cut to a window around the column, with a pointer under it."""
    start = max(0, finding.column - 41)
    cut = finding.source[start : start + 100]
    out.print(Text(f"  {finding.line:>5} | {cut}"), soft_wrap=True)
    if finding.column:
        out.print(Text(f"        | {' ' * (finding.column - 1 - start)}^", style="bold"), soft_wrap=True)


def _short(origin: str) -> str:
    path = Path(origin)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else origin
