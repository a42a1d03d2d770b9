"""`sesmail send-bulk`: one email for each row of a file: checks all, shows samples, asks, sends, reports."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from sesmail_cli.bulk import printing
from sesmail_cli.bulk.checking import KEPT_REFUSALS, CheckedFile, check_rows
from sesmail_cli.bulk.columns import LOCALE, match_columns, read_map
from sesmail_cli.bulk.mailing import SOURCE, Mailing, Refused, default_tag, request_of
from sesmail_cli.bulk.outcome import outcomes
from sesmail_cli.bulk.rows import open_rows
from sesmail_cli.bulk.sending import Pace, mark_known, send_stored
from sesmail_cli.bulk.store import EmailStore, StoredEmail
from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.operator.failures import AWS_FAILED
from sesmail_cli.templates.installed_template import InstalledTemplate, load_installed
from sesmail_cli.templates.send_test import read_data
from sesmail_client import NotAcceptedError, SESMailClient
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.request.addresses import AddressError, parse_address
from sesmail_layer.usecases.sender.prepare import LINK_VARIABLES

# Of each event that EventBridge does not take: about a minute in all.
_TRIES = 8
_UNSUBSCRIBE_URL = "SESMAIL_UNSUBSCRIBE_URL"
_NO_ENDPOINT = "For true, the engine's own links, it has no endpoint: set unsubscribe_endpoint = true in Terraform."


def send_bulk(
    context: CommandContext,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with a header row, or JSON Lines.", exists=True, dir_okay=False)
    ],
    *,
    template: Annotated[str, typer.Option("--template", help="An installed template.")],
    mapped: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="VARIABLE=COLUMN", help="A column for a variable; also to=… and locale=…."),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="FILE|JSON", help="Template data that all emails share.")
    ] = None,
    tag: Annotated[
        str | None, typer.Option("--tag", help="The mailing's name: each recipient gets it once. Default: the file.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="COLUMN", help="What differs in several emails to one address.")
    ] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", help="What a recipient can unsubscribe from; default: the template.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="When to send, such as 2026-12-01T09:00:00+01:00.")
    ] = None,
    rate: Annotated[float | None, typer.Option("--rate", min=0.1, help="Send at most so many emails a second.")] = None,
    producer: Annotated[str, typer.Option("--producer", metavar="SOURCE", help="The producer that sends.")] = SOURCE,
    list_unsubscribe: Annotated[
        str | None,
        typer.Option(
            "--list-unsubscribe",
            metavar="true|URL|mailto:…",
            help="Where recipients unsubscribe; true: the engine's own links, the default if it has the endpoint.",
        ),
    ] = None,
    test_to: Annotated[
        str | None, typer.Option("--test-to", metavar="ADDRESS", help="Send only the samples, to this address.")
    ] = None,
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help="If some rows are wrong, send to the others.")
    ] = False,
    wait_seconds: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait for statuses before the report.")
    ] = 60,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, count and show; send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Send one email for each row of a file. Checks every row first, shows samples and asks; then reports.

    If a row is wrong, or a recipient is in the file twice, nothing is sent. Run the same command again after an
    interruption, or for later figures: no recipient gets the mailing twice. Add --tag: without one the file's name is
    the tag, so a renamed file is another mailing.
    """
    mailing = Mailing(
        template=template,
        tag=default_tag(file) if tag is None else tag,
        producer=producer,
        key=key,
        topic=topic,
        send_at=at,
        list_unsubscribe=_unsubscribe(list_unsubscribe, context.engine),
        data={} if data is None else read_data(data),
        max_schedule_days=int(context.engine.setting("SESMAIL_MAX_SCHEDULE_DAYS", "30")),
        max_request_kb=int(context.engine.setting("SESMAIL_MAX_REQUEST_KB", "256")),
    )
    _check_mailing(mailing, context.engine)
    test_address = None if test_to is None else _address(test_to)
    installed = load_installed(context.engine, template)
    with EmailStore() as store:
        run = _Run(context, mailing, installed, store, yes=yes, dry_run=dry_run)
        checked = run.check(file, read_map(mapped or ()))
        counts = store.counts()
        if (checked.refusals and not skip_refused) or not (counts.to_request or counts.requested):
            return run.refuse(checked)
        run.show_samples(checked)
        if test_address is not None:
            return run.send_test(checked, test_address, wait_seconds)
        return run.send(checked, rate, wait_seconds)


class _Run:
    """One run of the command."""

    def __init__(
        self,
        context: CommandContext,
        mailing: Mailing,
        installed: InstalledTemplate,
        store: EmailStore,
        *,
        yes: bool,
        dry_run: bool,
    ) -> None:
        self.context = context
        self.mailing = mailing
        self.installed = installed
        self.store = store
        self.yes = yes
        self.dry_run = dry_run

    def check(self, file: Path, mapped: Mapping[str, str]) -> CheckedFile:
        links = LINK_VARIABLES if self.mailing.list_unsubscribe is True else ()
        filled = {*self.mailing.data, *self.installed.files.brand, "year", *links}
        with open_rows(file) as found, printing.counting("Checking", "rows") as progress:
            key = self.mailing.key
            columns = match_columns(found.columns, self.installed.metadata, mapped, key=key, filled=filled)
            if columns.unused:
                self.context.note(f"Not used by the template: {escape(', '.join(columns.unused))}")
            checked = check_rows(
                found.rows,
                columns,
                self.mailing,
                self.store,
                self.context.engine.suppression.get_many,
                now=self.context.engine.clock.now(),
                progress=progress,
            )
        if not checked.rows:
            raise UsageError(f"{file} has no rows.")
        with printing.counting("Looking for earlier runs", "emails") as progress:
            mark_known(self.store, self._records, self.mailing.producer, progress)
        printing.print_checked(self.context, file, self.mailing, checked, self.store)
        return checked

    def refuse(self, checked: CheckedFile) -> int:
        """Send nothing, since rows were refused or none is left."""
        others = self.store.counts().to_request
        why = "correct the file, or add --skip-refused to send to the others" if others else "no row can be sent"
        self.context.note(f"[red]Nothing was sent:[/] {why}.")
        self._print_json(checked)
        return ATTENTION

    def show_samples(self, checked: CheckedFile) -> None:
        """Print the samples as they would arrive. Raises UsageError where one cannot be rendered."""
        for sample in checked.samples:
            try:
                printing.print_sample(self.context, sample, self.installed.render(request_of(sample.email)))
            except PermanentError as error:
                raise UsageError(f"Line {sample.line}: {error.message}. Nothing was sent.") from error

    def send_test(self, checked: CheckedFile, address: str, wait_seconds: float) -> int:
        """Send the samples to one address, at once, and count in no figures of the mailing."""
        if not self.context.confirm(
            f"Send {len(checked.samples)} samples to {address}?", yes=self.yes, dry_run=self.dry_run
        ):
            self._print_json(checked)
            return OK if self.dry_run else ATTENTION
        with EmailStore() as samples:
            for sample in checked.samples:
                email: Any = {name: value for name, value in sample.email.items() if name not in ("tags", "send_at")}
                email |= {"to": address, "email_id": f"test-{uuid.uuid4()}"}
                samples.add(StoredEmail.of(sample.line, email))
            if code := self._put(samples, None):
                return code
            counts = outcomes(samples, self._records, wait_seconds=wait_seconds, progress=lambda _count: None)
        self.context.print(f"Sent {len(checked.samples)} samples to {escape(address)}, and nothing else:")
        printing.print_counts(self.context, counts)
        self._print_json(checked, tested_to=address, statuses=counts)
        return OK

    def send(self, checked: CheckedFile, rate: float | None, wait_seconds: float) -> int:
        new = self.store.counts().to_request
        if new and not self.context.confirm(self._question(new), yes=self.yes, dry_run=self.dry_run):
            self._print_json(checked)
            return OK if self.dry_run else ATTENTION
        if code := self._put(self.store, rate):
            self._print_json(checked)
            return code
        return self._report(checked, new, 0 if self.mailing.send_at else wait_seconds)

    def _question(self, count: int) -> str:
        return f"Send {count:,} emails {f'at {self.mailing.send_at}' if self.mailing.send_at else 'now'}?"

    def _put(self, store: EmailStore, rate: float | None) -> int:
        """Put the emails of a store on the bus; return 0, or the exit code where that was not possible for all."""
        count, put = store.counts().to_request, 0

        def progress(so_far: int) -> None:
            nonlocal put
            put = so_far
            shown(so_far)

        try:
            with printing.counting("Sending", "emails", count) as shown:
                send_stored(self._client(), store, Pace(rate), progress)
        except NotAcceptedError as error:
            self._note_stopped(put, count)
            reasons = sorted({f"{each.code}: {each.message}" for each in error.refused})
            self.context.note(f"[red]EventBridge did not accept the next ones:[/] {escape('; '.join(reasons))}")
            return AWS_FAILED
        except KeyboardInterrupt:
            self._note_stopped(put, count)
            return ATTENTION
        except (BotoCoreError, ClientError):
            self._note_stopped(put, count)
            raise
        return OK

    def _note_stopped(self, put: int, count: int) -> None:
        self.context.note(
            f"[yellow]Stopped:[/] at least {put:,} of {count:,} emails are on the bus. Run the same command again to "
            f"send the others, with `{escape(self.mailing.identity)}` whatever the file is called then. "
            f"`sesmail cancel --tag {escape(self.mailing.tag)}` cancels what SES does not have yet."
        )

    def _report(self, checked: CheckedFile, sent: int, wait_seconds: float) -> int:
        count = self.store.counts().requested
        with printing.counting("Waiting for statuses (Ctrl-C shows those so far)", "emails", count) as progress:
            statuses = outcomes(self.store, self._records, wait_seconds=wait_seconds, progress=progress)
        printing.print_report(self.context, self.mailing, statuses)
        self._print_json(checked, sent=sent, statuses=statuses)
        failed = self.store.counts().changed or any(label.startswith("failed") for label in statuses)
        return ATTENTION if checked.refusals or failed else OK

    def _client(self) -> SESMailClient:
        engine = self.context.engine
        return SESMailClient(
            self.mailing.producer,
            bus=engine.resource_name("EmailBus"),
            events=engine.events,
            tries=_TRIES,
            max_request_kb=self.mailing.max_request_kb,
        )

    @property
    def _records(self) -> Any:
        return self.context.engine.tracking.get_many

    def _print_json(
        self,
        checked: CheckedFile,
        *,
        sent: int = 0,
        tested_to: str | None = None,
        statuses: Counter[str] | None = None,
    ) -> None:
        counts = self.store.counts()
        self.context.print_json(
            {
                "template": self.mailing.template,
                "tag": self.mailing.tag,
                "rows": checked.rows,
                "refused": checked.refused,
                "duplicates": checked.duplicates,
                "suppressed": counts.left_out,
                "toSend": counts.to_request,
                "askedBefore": counts.requested - sent,
                "changed": counts.changed,
                "changedLines": self.store.changed_lines(KEPT_REFUSALS),
                "sent": sent,
                "testedTo": tested_to,
                "statuses": statuses or {},
                "refusals": checked.refusals,
            }
        )


def _check_mailing(mailing: Mailing, engine: Engine) -> None:
    try:
        mailing.check(engine.clock.now())
    except Refused as error:
        raise UsageError(str(error)) from error
    # Terraform always sets the rule: without it the role may not read the settings, and only the engine can judge.
    rule = engine.setting("SESMAIL_BULK_REQUIRES_UNSUBSCRIBE", "")
    if mailing.list_unsubscribe is None and rule == "refuse":
        raise UsageError(
            "--list-unsubscribe: found nothing; allowed: a URL or mailto:…, since this engine fails bulk mail without "
            f'one (bulk_requires_unsubscribe = "refuse"). {_NO_ENDPOINT}'
        )
    if mailing.list_unsubscribe is True and rule and not engine.setting(_UNSUBSCRIBE_URL, ""):
        raise UsageError(f"--list-unsubscribe: found true; allowed: a URL or mailto:…. {_NO_ENDPOINT}")
    if LOCALE in mailing.data:
        raise UsageError("--data: found 'locale'; allowed: a column 'locale', or --map locale=COLUMN")


def _unsubscribe(given: str | None, engine: Engine) -> Mapping[str, str] | Literal[True] | None:
    """Read `--list-unsubscribe`; without it, the engine's own links where it has the endpoint."""
    if given is None:
        return True if engine.setting(_UNSUBSCRIBE_URL, "") else None
    if given.lower() == "true":
        return True
    return {"mailto" if given.lower().startswith("mailto:") else "url": given}


def _address(given: str) -> str:
    try:
        return parse_address(given)
    except AddressError as error:
        raise UsageError(f"--test-to: found no email address: {error}") from error
