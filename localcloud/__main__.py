"""Command line: bring the engine up on a local cloud, point a shell at it, watch it work."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from localcloud import demo as demo_story
from localcloud import running
from localcloud.paths import LocalCloudError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(stderr=True)


@app.command()
def up(
    port: Annotated[int, typer.Option(envvar="PORT", help="Port of the local cloud.")] = running.DEFAULT_PORT,
) -> None:
    """Apply the stack on a local cloud and keep it running."""
    running.up(port, console)


@app.command()
def down() -> None:
    """End what `up` started."""
    running.down(console)


@app.command()
def env() -> None:
    """Print the exports that point a shell at the running stack: eval "$(make -s env)"."""
    typer.echo(running.exports(running.read_state()))


@app.command()
def demo() -> None:
    """Apply the stack, send the README's first email and tell what becomes of it; nothing keeps running."""
    demo_story.run(Console())


def main() -> None:
    """Failures that a person can mend are one sentence, not a traceback."""
    try:
        app()
    except LocalCloudError as failed:
        console.print(f"[bold red]{type(failed).__name__}:[/] ", end="")
        console.print(str(failed), markup=False, highlight=False)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
