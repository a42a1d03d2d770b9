"""Findings as text for people: the place, the message, and the line with a pointer under the word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os.path import normpath
from pathlib import Path

from rich.markup import escape

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.lint.findings import Finding, Severity


def print_findings(
    print_line: Callable[[str], None], templates: Sequence[TemplateFiles], findings: Sequence[Finding]
) -> None:
    """Print findings and their number; `print_line` takes one line of markup."""
    origins = {template.name: template.origin for template in templates}
    for finding in findings:
        place = normpath(f"{_relative(origins[finding.template])}/{finding.file}")
        if finding.line:
            place += f":{finding.line}" + (f":{finding.column}" if finding.column else "")
        colour = "red" if finding.severity is Severity.ERROR else "yellow"
        print_line(f"[bold]{escape(place)}[/]  [{colour}]{finding.severity.value}[/] {finding.rule}")
        print_line(f"  {escape(finding.message)}")
        if finding.source.strip():
            _print_source(print_line, finding)
    errors = errors_in(findings)
    colour = "red" if errors else "yellow" if findings else "green"
    counts = ((len(templates), "template"), (errors, "error"), (len(findings) - errors, "warning"))
    of, *found = (f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
    print_line(f"[{colour}]{of}: {', '.join(found)}[/]")


def errors_in(findings: Sequence[Finding]) -> int:
    return sum(finding.severity is Severity.ERROR for finding in findings)


def _print_source(print_line: Callable[[str], None], finding: Finding) -> None:
    """Print the line, cut to a window around the column, with a pointer under it."""
    start = max(0, finding.column - 41)
    cut = finding.source[start : start + 100]
    print_line(f"  {finding.line or '':>5} | {escape(cut)}")
    if finding.column:
        print_line(f"        | {' ' * (finding.column - 1 - start)}[bold]^[/]")


def _relative(origin: str) -> str:
    path = Path(origin)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else origin
