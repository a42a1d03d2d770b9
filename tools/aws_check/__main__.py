"""Command line of `make aws-check`."""

from __future__ import annotations

from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from tools.aws_check.account import RefusedError, find_account
from tools.aws_check.deployment import Deployment, new_name, package
from tools.aws_check.engine import Engine
from tools.aws_check.masking import Mask
from tools.aws_check.preflight import plan_text, refuse_no_address, refuse_unless_ready
from tools.aws_check.report import SIGNS
from tools.aws_check.results import Outcome, Result
from tools.aws_check.run import Run

REFUSED = 2
COLOURS = {Outcome.PASSED: "green", Outcome.FAILED: "red", Outcome.NOT_POSSIBLE: "yellow", Outcome.NOT_RUN: "yellow"}
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(soft_wrap=True, highlight=False)


@app.command()
def check(
    sender: Annotated[str, typer.Option(help="Address to send from; SES must have verified it or its domain.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without this, only say what would be done.")] = False,
    name: Annotated[str, typer.Option(help="Throw-away name of the engine; made up by default.")] = "",
    region: Annotated[str, typer.Option(help="Region; by default that of your AWS settings.")] = "",
    package_dir: Annotated[str, typer.Option(help="Folder of built packages; by default they are built.")] = "",
    patience: Annotated[float, typer.Option(min=1, help="Seconds that an email's status may take.")] = 300.0,
) -> None:
    """Deploy the engine to an AWS account under a throw-away name, check it, destroy it, write a report."""
    try:
        refuse_no_address(sender)
        account = find_account(region or None)
        name = name or new_name()
        refuse_unless_ready(account, name, sender)
        console.print(plan_text(account, name, sender), markup=False)
        if not yes:
            raise RefusedError("Nothing was done. Add CONFIRM=yes to `make aws-check`, or --yes, to do it.")
        deployment = Deployment(account, name, sender, package(package_dir or None))
    except (RefusedError, ClientError, BotoCoreError) as refused:
        console.print(f"\n{refused}", markup=False)
        if not isinstance(refused, RefusedError):
            console.print("Nothing was done. CONTRIBUTING.md lists the rights that the caller needs.")
        raise typer.Exit(REFUSED) from None
    mask = Mask(account.id, sender)
    run = Run(Engine(account, deployment, sender, patience), lambda result: _show(result, mask))
    raise typer.Exit(run.execute())


def _show(result: Result, mask: Mask) -> None:
    """Print one result, and what to do if it failed."""
    colour = COLOURS[result.outcome]
    console.print(f"[{colour}]{SIGNS[result.outcome]} {result.outcome}[/]", end="  ")
    console.print(f"{result.name} ({result.seconds:.0f} s)", markup=False)
    for label, text in (("", result.problem), ("Fix: ", result.fix)):
        if text:
            console.print(f"    {label}{mask.text(text)}", markup=False)


if __name__ == "__main__":
    # Typer's own handling would turn Ctrl-C into an abort before the engine is destroyed.
    app(prog_name="make aws-check")
