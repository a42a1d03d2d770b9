"""What the operator's commands share: how they find the engine, how they answer, and how they fail."""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from sesmail_cli.operator.failures import AWS_FAILED, USAGE, exit_code_of, sentence
from sesmail_cli.operator.stack import DEFAULT_NAME, Stack
from sesmail_layer.domain.errors import TransientError

OK = 0
ATTENTION = 1
"""The answer is one to act on: something is paused, failed, suppressed, or was left undone."""

EXIT_CODES = (
    f"Exits with {OK} when all is well, {ATTENTION} when the answer needs attention, "
    f"{USAGE} for a wrong argument or name, {AWS_FAILED} when AWS cannot be asked or refuses."
)

# What is told on a terminal, and all that a program should not have to read.
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class UsageError(Exception):
    """The command cannot be run as it was given; the message says what to give."""


class Operator:
    """One run of a command: the engine that it is about, and how it answers."""

    def __init__(self, stack: Stack, *, as_json: bool) -> None:
        self.stack = stack
        self.as_json = as_json

    @property
    def interactive(self) -> bool:
        return sys.stdin.isatty() and not self.as_json

    def say(self, markup: str = "") -> None:
        """A line of the answer, for people; with --json the answer is `answer`'s alone."""
        if not self.as_json:
            out.print(markup, soft_wrap=True)

    def show(self, renderable: Any) -> None:
        if not self.as_json:
            out.print(renderable)

    def note(self, markup: str) -> None:
        """A message beside the answer."""
        err.print(markup, soft_wrap=True)

    def answer(self, value: Any) -> None:
        """The whole answer, for programs."""
        if self.as_json:
            text = json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False)
            print(text)  # noqa: T201 - for other programs

    def agrees(self, question: str, *, yes: bool, dry_run: bool) -> bool:
        """Asks before a change that was shown; --yes answers, --dry-run and a missing terminal decline."""
        if dry_run or yes:
            return yes and not dry_run
        if not self.interactive:
            self.note("Nothing was changed; add --yes to do it.")
            return False
        return typer.confirm(question, err=True)


_SHARED = {
    "name": (
        Annotated[
            str, typer.Option("--name", envvar="SESMAIL_NAME", help="The engine's name, Terraform's variable 'name'.")
        ],
        DEFAULT_NAME,
    ),
    "profile": (Annotated[str | None, typer.Option("--profile", help="A profile of your AWS configuration.")], None),
    "region": (Annotated[str | None, typer.Option("--region", help="The AWS region, else the profile's.")], None),
    "as_json": (Annotated[bool, typer.Option("--json", help="Answer in JSON; messages go to stderr.")], False),
}


def operator_command(function: Callable[..., int]) -> Callable[..., None]:
    """Makes a command of a function that takes an Operator first and gives an exit code.

    Adds the options that all commands have, and turns what AWS refuses into one sentence.
    """
    signature = inspect.signature(function, eval_str=True)
    own = list(signature.parameters.values())[1:]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _SHARED.items()
    ]

    @functools.wraps(function)
    def run(**given: Any) -> None:
        name, profile, region, as_json = (given.pop(option) for option in _SHARED)
        with _plain_failures(name):
            code = function(Operator(Stack(name, profile=profile, region=region), as_json=as_json), **given)
        if code:
            raise typer.Exit(code)

    run.__doc__ = f"{inspect.getdoc(function)}\n\n{EXIT_CODES}"
    run.__signature__ = signature.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
    return run


@contextmanager
def _plain_failures(name: str) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        err.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(USAGE) from error
    except (BotoCoreError, ClientError, TransientError) as error:
        cause = _cause_of(error)
        err.print(f"[red]{escape(sentence(cause, name) if cause else str(error))}[/]", soft_wrap=True)
        raise typer.Exit(exit_code_of(cause) if cause else AWS_FAILED) from error


def _cause_of(error: BaseException) -> BotoCoreError | ClientError | None:
    """What AWS said; the adapters wrap it, once or twice, for their callers."""
    while not isinstance(error, BotoCoreError | ClientError):
        if error.__cause__ is None:
            return None
        error = error.__cause__
    return error
