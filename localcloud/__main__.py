"""Command line of the local cloud: `make up`, `make down`, `make env`, `make demo`, `make rehearse`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from localcloud import demo as demonstration
from localcloud import rehearse as rehearsal
from localcloud import up as running
from localcloud.env import exports
from localcloud.paths import LocalCloudError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(stderr=True)


@app.command()
def up(
    port: Annotated[int, typer.Option(envvar="PORT", help="Port of the local cloud.")] = running.DEFAULT_PORT,
    brand: Annotated[
        Path | None,
        typer.Option(envvar="BRAND", help="A brand.json: the engine's brand. A running engine takes it too."),
    ] = None,
) -> None:
    """Deploy the engine to a local cloud and keep it running."""
    running.up(port, console, brand)


@app.command()
def down() -> None:
    """Stop what `up` started."""
    running.down(console)


@app.command()
def env() -> None:
    """Print the exports that point a shell at the running engine: eval "$(make -s env)"."""
    typer.echo(exports(running.read_state()["url"]))


@app.command()
def demo() -> None:
    """Deploy the engine, send the README's first email and show what happens to it; nothing keeps running."""
    demonstration.run(Console())


@app.command()
def rehearse() -> None:
    """Let a careless import trip the breaker of the running engine, for practice."""
    rehearsal.run(Console())


def main() -> None:
    """Run the command; print an expected failure as a message, not as a traceback."""
    try:
        app()
    except LocalCloudError as failed:
        console.print("[bold red]Error:[/] ", end="")
        console.print(str(failed), markup=False, highlight=False)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
