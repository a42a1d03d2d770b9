"""`sesmail doctor`: whether everything that mail needs is set up, and the exact fix for what is not."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated

import typer
from rich.markup import escape

from sesmail_cli.doctor.facts import Facts
from sesmail_cli.doctor.findings import Finding, State
from sesmail_cli.doctor.resolver import Dns, NameserverError
from sesmail_cli.doctor.run import run_checks
from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.failures import AWS_FAILED, USAGE
from sesmail_cli.terminal import out

_LABELS = {
    State.OK: "[green]ok[/]  ",
    State.FIX: "[bold red]FIX[/] ",
    State.UNKNOWN: "[yellow]?[/]   ",
    State.SKIPPED: "[dim]-[/]   ",
}
_MARGIN = 7
_NARROW, _WIDE = 40, 110

Nameserver = Annotated[
    str | None,
    typer.Option(
        "--nameserver",
        metavar="HOST[:PORT]",
        envvar="SESMAIL_NAMESERVER",
        help="The DNS server to ask; default: this machine's.",
    ),
]


def doctor(context: CommandContext, *, nameserver: Nameserver = None) -> int:
    """Check that everything that mail needs is set up, and show the exact fix for what is not. It changes nothing."""
    try:
        facts = Facts(context.engine, Dns(nameserver))
    except NameserverError as error:
        raise UsageError(str(error)) from error
    context.print(f"[bold]{escape(context.engine.name)}[/] in {escape(facts.region)}")
    findings: list[Finding] = []
    for group, found in groupby(run_checks(facts), key=lambda finding: finding.group):
        of_group = list(found)
        findings += of_group
        _print_group(context, group, of_group)
    counts = Counter(finding.state for finding in findings)
    context.print()
    context.print(_summary(counts))
    context.print_json(_answer(facts, findings, counts))
    return ATTENTION if counts[State.FIX] or counts[State.UNKNOWN] else OK


doctor.__doc__ = (
    f"{doctor.__doc__}\n\nExits with {OK} when all is well, {ATTENTION} while anything needs a fix or could not be "
    f"checked (a missing engine, too), {USAGE} for a wrong argument, {AWS_FAILED} when AWS rejects your credentials or "
    "cannot be reached."
)


def _print_group(context: CommandContext, group: str, findings: Sequence[Finding]) -> None:
    """Print the findings of one group; what several checks skip for one reason is one line."""
    context.print()
    context.print(f"[bold]{escape(group)}[/]")
    for (state, what), same in groupby(findings, key=lambda finding: (finding.state, finding.what)):
        alike = list(same)
        titles = ", ".join(dict.fromkeys(finding.title for finding in alike))
        _print_wrapped(context, f"{titles}: {what}", label=f"  {_LABELS[state]} ")
        _print_fix(context, alike[0])


def _print_fix(context: CommandContext, finding: Finding) -> None:
    if finding.state in (State.FIX, State.UNKNOWN):
        _print_wrapped(context, f"Why: {finding.why}", style="dim")
        _print_wrapped(context, f"Fix: {finding.fix}")
        for line in finding.command.splitlines():
            context.print(" " * (_MARGIN + 5) + f"[cyan]{escape(line)}[/]")


def _print_wrapped(context: CommandContext, text: str, *, label: str = " " * _MARGIN, style: str = "default") -> None:
    width = max(_NARROW, min(_WIDE, out.width)) - _MARGIN
    first, *others = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    context.print(f"{label}[{style}]{escape(first)}[/]")
    for line in others:
        context.print(" " * _MARGIN + f"[{style}]{escape(line)}[/]")


def _summary(counts: Mapping[State, int]) -> str:
    fix, not_checked, fine = (counts.get(state, 0) for state in (State.FIX, State.UNKNOWN, State.OK))
    if not fix and not not_checked:
        return f"[green]All is well:[/] {fine} checks are fine."
    parts = [f"[bold red]{fix} {'needs' if fix == 1 else 'need'} a fix[/]"] if fix else []
    parts += [f"[yellow]{not_checked} could not be checked[/]"] if not_checked else []
    return f"{', '.join(parts)}, {fine} {'is' if fine == 1 else 'are'} fine."


def _answer(facts: Facts, findings: Sequence[Finding], counts: Mapping[State, int]) -> dict[str, object]:
    return {
        "name": facts.engine.name,
        "region": facts.region,
        "localCloud": facts.is_local,
        "clean": not counts.get(State.FIX, 0) and not counts.get(State.UNKNOWN, 0),
        "counts": {state.value: counts.get(state, 0) for state in State},
        "findings": findings,
    }
