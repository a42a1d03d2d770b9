"""What the operator's commands share: the engine's options, answers for people and programs, failures."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape
from rich.table import Column, Table

from sesmail_cli.operator.engine import DEFAULT_NAME, Engine
from sesmail_cli.operator.failures import AWS_FAILED, USAGE, aws_cause, describe_failure, exit_code_of
from sesmail_cli.templates.files import TemplatesNotFoundError
from sesmail_cli.terminal import confirm, err, out, print_json, print_line, print_row
from sesmail_layer.domain.errors import TransientError

OK = 0
# Something is paused, failed or suppressed, or part of the work was left undone.
ATTENTION = 1

EXIT_CODES = (
    f"Exits with {OK} when all is well, {ATTENTION} when the answer needs attention, "
    f"{USAGE} for a wrong argument or name, {AWS_FAILED} when AWS denies the request or cannot be reached."
)

Mark = Callable[[str], str]
"""Turns a cell into markup."""

EngineName = Annotated[
    str, typer.Option("--name", envvar="SESMAIL_NAME", help="The engine's name, Terraform's variable 'name'.")
]


class UsageError(Exception):
    """The command cannot run with these arguments; the message says what to give."""


class CommandContext:
    """One run of a command: the engine that it works on, and its output."""

    def __init__(self, engine: Engine, *, as_json: bool) -> None:
        self.engine = engine
        self.as_json = as_json

    @property
    def interactive(self) -> bool:
        return sys.stdin.isatty() and not self.as_json

    def print(self, markup: str = "") -> None:
        """Print a line for people; with --json, stdout has the JSON alone."""
        if not self.as_json:
            print_line(out, markup)

    def print_text(self, text: str) -> None:
        """Print text of several lines for people, as it is."""
        if not self.as_json:
            out.print(text, markup=False, soft_wrap=True)

    def print_table(self, table: Any) -> None:
        if not self.as_json:
            out.print(table)

    def print_rows(
        self, columns: Sequence[str], rows: Iterable[Sequence[str | None]], *, marks: Mapping[str, Mark] | None = None
    ) -> None:
        """Print a table for people on a terminal; for programs whole rows, tab-separated, without a header.

        On a terminal cells fold and are not cut: an address or id without its end is of no use. `marks` gives a
        column's cells their colours. With --json, nothing is printed.
        """
        if self.as_json:
            return
        if not out.is_terminal:
            for row in rows:
                print_row(row)
            return
        table = Table(*[Column(name, overflow="fold") for name in columns], box=None, pad_edge=False)
        painted = [(marks or {}).get(name, escape) for name in columns]
        for row in rows:
            table.add_row(*[mark(cell or "-") for mark, cell in zip(painted, row, strict=True)])
        if table.row_count:
            out.print(table)

    def print_json(self, answer: Any) -> None:
        """Print the whole answer for programs; without --json, nothing."""
        if self.as_json:
            print_json(answer)

    def note(self, markup: str) -> None:
        """Print a message to stderr."""
        print_line(err, markup)

    def confirm(self, question: str, *, yes: bool, dry_run: bool, would: str = "") -> bool:
        """Ask before a change; --yes accepts, --dry-run and a missing terminal decline.

        `would` is what a dry run says in place of the question: "Would move 3 of 5 messages."
        """
        if dry_run:
            if would:
                self.note(f"{would} Nothing was changed.")
            return False
        if yes:
            return True
        if not self.interactive:
            self.note("Nothing was changed. Add --yes to apply it.")
            return False
        return confirm(question)


Profile = Annotated[str | None, typer.Option("--profile", help="A profile of your AWS configuration.")]
Region = Annotated[str | None, typer.Option("--region", help="The AWS region; default: the profile's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; messages go to stderr.")]

_SHARED: Mapping[str, tuple[Any, Any]] = {
    "name": (EngineName, DEFAULT_NAME),
    "profile": (Profile, None),
    "region": (Region, None),
    "as_json": (AsJson, False),
}


def operator_command(function: Callable[..., int]) -> Callable[..., None]:
    """Make a command of a function that takes a CommandContext first and returns an exit code.

    Adds the options that all commands share, which may also stand before the command, and reports AWS's errors as one
    sentence.
    """
    signature = inspect.signature(function, eval_str=True)
    own = list(signature.parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(name, keyword, default=default, annotation=annotation)
        for name, (annotation, default) in _SHARED.items()
    ]
    call = inspect.Parameter("call", keyword, annotation=typer.Context)

    @functools.wraps(function)
    def run(call: typer.Context, **given: Any) -> None:
        name, profile, region, as_json = (_nearest(call, option, given.pop(option)) for option in _SHARED)
        with _failures_reported(name):
            code = function(CommandContext(Engine(name, profile=profile, region=region), as_json=as_json), **given)
        if code:
            raise typer.Exit(code)

    doc = inspect.getdoc(function) or ""
    run.__doc__ = doc if "Exits with 0" in doc else f"{doc}\n\n{EXIT_CODES}"
    run.__signature__ = signature.replace(parameters=[*own, call, *shared])  # type: ignore[attr-defined]
    return run


def _nearest(call: typer.Context, option: str, value: Any) -> Any:
    """Return an option's value as given after the command, else as given before it, else the environment's."""
    root = call.find_root()
    return root.params[option] if _is_typed(root, option) and not _is_typed(call, option) else value


def _is_typed(call: Any, option: str) -> bool:
    source = call.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


@contextmanager
def _failures_reported(name: str) -> Iterator[None]:
    try:
        yield
    except (UsageError, TemplatesNotFoundError) as error:
        print_line(err, f"[red]{escape(str(error))}[/]")
        raise typer.Exit(USAGE) from error
    except (BotoCoreError, ClientError, TransientError) as error:
        cause = aws_cause(error)
        print_line(err, f"[red]{escape(describe_failure(cause, name) if cause else str(error))}[/]")
        raise typer.Exit(exit_code_of(cause) if cause else AWS_FAILED) from error
