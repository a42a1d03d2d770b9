"""`sesmail find`: emails by address, producer, template, tag, topic, status, time or SES's message id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer
from rich.markup import escape

from sesmail_cli.operator.arguments import end_of_period, note_yesterday, point_in_time, stored_address
from sesmail_cli.operator.command import OK, CommandContext, UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.terminal import coloured
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.find import LARGEST_PAGE, Criteria, CursorError, Page, find

_OLDEST = "1970-01-01T00:00:00.000Z"
_DAYS = "30d"
"""The period without an address and without --since."""


class Found(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One email that was found."""

    timestamp: str
    email_id: str
    to_email: str | None
    status: str
    template_name: str | None
    original_source: str | None
    ses_message_id: str | None


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    emails: list[Found]
    searched_back_to: str
    cursor: str | None


def find_emails(
    context: CommandContext,
    address: Annotated[str | None, typer.Argument(metavar="[ADDRESS]", help="The same as --to.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The address in `to`.")] = None,
    producer: Annotated[str | None, typer.Option("--producer", help="The request's source.")] = None,
    template: Annotated[str | None, typer.Option("--template", help="The template's name.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="One of the request's tags.")] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="The topic; by default the template's name.")] = None,
    status: Annotated[list[Status] | None, typer.Option("--status", help="A status; may be repeated.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help=f"A date, a time, or a span (7d); without --to: {_DAYS}.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="A date, a time, or a span; default: now.")] = None,
    ses_id: Annotated[str | None, typer.Option("--ses-id", help="SES's message id.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=LARGEST_PAGE, help="Emails on a page.")] = 50,
    cursor: Annotated[str | None, typer.Option("--cursor", help="Continue where a page ended.")] = None,
) -> int:
    """Find emails, newest first."""
    if address and to:
        raise UsageError("Give the address once: as the argument, or with --to.")
    to = to or address
    now = context.engine.clock.now()
    oldest = _OLDEST if to or ses_id else point_in_time(_DAYS, now)
    start = point_in_time(since, now) if since else oldest
    criteria = Criteria(
        since=start,
        until=end_of_period(until, start, now) if until else utc_text(now),
        to=stored_address(to) if to else None,
        producer=producer,
        template=template,
        tag=tag,
        topic=topic,
        statuses=tuple(status or ()),
        ses_id=ses_id,
    )
    if criteria.since > criteria.until:
        raise UsageError(f"--since ({criteria.since}) is after --until ({criteria.until}).")
    note_yesterday(context, "--since", since, criteria.since)
    note_yesterday(context, "--until", until, criteria.until)
    try:
        page = find(context.engine.search, context.engine.tracking, criteria, limit=limit, cursor=cursor)
    except CursorError as err:
        raise UsageError(f"--cursor: {err}.") from err
    _print(context, page, criteria.to)
    return OK


def newest_to(engine: Engine, address: str, limit: int) -> Page:
    """Return the newest emails to an address."""
    criteria = Criteria(since=_OLDEST, until=utc_text(engine.clock.now()), to=stored_address(address))
    return find(engine.search, engine.tracking, criteria, limit=limit)


def found(records: Sequence[TrackingRecord]) -> list[Found]:
    fields = Found.__struct_fields__
    return [Found(**{name: getattr(record, name) for name in fields}) for record in records]


def _print(context: CommandContext, page: Page, to: str | None) -> None:
    emails = found(page.records)
    answer = Answer(emails=emails, searched_back_to=page.searched_back_to, cursor=page.cursor)
    context.print_json(answer)
    print_emails(context, emails)
    if page.cursor:
        context.note(f"Searched back to {escape(page.searched_back_to)}. Continue: add --cursor {escape(page.cursor)}")
    elif not emails:
        context.note(f"No email found; searched back to {escape(page.searched_back_to)}.")
        if to:
            context.note(
                "An address in `cc` or `bcc` cannot be searched: look for the email's `to`. What may still wait in a "
                f"queue: `sesmail explain {escape(to)}`."
            )


def print_emails(context: CommandContext, emails: Sequence[Found]) -> None:
    columns = ("time", "email id", "to", "status", "template", "producer")
    context.print_rows(columns, map(_row, emails), marks={"status": coloured})


def _row(email: Found) -> Sequence[str | None]:
    return email.timestamp, email.email_id, email.to_email, email.status, email.template_name, email.original_source
