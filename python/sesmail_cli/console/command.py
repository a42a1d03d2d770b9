"""`sesmail console`: serve the console to this machine, with the operator's own AWS credentials."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from sesmail_cli.console.app import make_server
from sesmail_cli.operator.command import OK, CommandContext, UsageError
from sesmail_cli.templates.bucket_commands import FOLDER
from sesmail_cli.web.server import new_token


def console(
    context: CommandContext,
    *,
    templates: Annotated[
        Path,
        typer.Option("--templates", metavar="DIR", help="A folder of templates to see and push."),
    ] = Path(FOLDER),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The local port; 0 picks a free one.")] = 0,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in your browser.")] = True,
) -> int:
    """Serve the operators' console on this machine, until Ctrl+C. It can do what your AWS credentials can.

    Only this machine can open it, and only by the whole URL, which has a token.
    """
    folder = templates if templates.is_dir() else None
    if folder is None and templates != Path(FOLDER):
        raise UsageError(f"--templates: there is no folder {templates}.")
    context.engine.prepare()
    try:
        server = make_server(context.engine, new_token(), port, folder)
    except OSError as error:
        raise UsageError(f"Port {port} cannot be used ({error.strerror}): choose another with --port.") from error
    context.print_json({"url": server.url})
    context.print(f"Console of [bold]{escape(context.engine.name)}[/] at {server.url} (stop with Ctrl+C)")
    if open_browser:
        webbrowser.open(server.url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        context.note("Stopped.")
    finally:
        server.server_close()
    return OK
