"""`sesmail send-test`: send one email through the bus, and follow it to its final status."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from rich.markup import escape

from sesmail_cli.operator.command import EngineName
from sesmail_cli.operator.engine import DEFAULT_NAME
from sesmail_cli.templates.files import TemplateFiles, TemplatesNotFoundError, load_template
from sesmail_cli.templates.render import render_email
from sesmail_cli.terminal import coloured, err, out
from sesmail_layer.aws.tracking_table import read_record
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.record.tracking import Entry

SOURCE = "sesmail.send-test"
# The exit code of each final status.
_EXIT_CODES = {"delivered": 0, "opened": 0, "clicked": 0, "failed": 1, "bounced": 1, "complained": 1}
_SHOWN = ("errorType", "errorMessage", "deferReason", "bounceType", "bounceSubType", "bounceReason", "sesMessageId")
_TIMED_OUT = 3


def send_test(
    template: Annotated[str, typer.Argument(help="The template's name.")],
    *,
    to: Annotated[str, typer.Option("--to", help="The recipient. In SES's sandbox: a verified address.")],
    data: Annotated[
        str | None, typer.Option("--data", metavar="FILE|JSON", help="Template data; default: the template's sample.")
    ] = None,
    locale: Annotated[str | None, typer.Option("--locale", help="Such as fr-CA.")] = None,
    name: EngineName = DEFAULT_NAME,
    folder: Annotated[
        str, typer.Option("--templates", metavar="DIR", help="The folder of samples, and of templates for --dry-run.")
    ] = "templates",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Render and print the email; send nothing.")] = False,
    timeout_seconds: Annotated[float, typer.Option("--timeout", help="Seconds to wait for a final status.")] = 120,
) -> None:
    """Send one email through the bus, and follow it to its final status.

    Exits with 0 if it was delivered, 1 if not, 3 if it had no final status in time.
    """
    values = _data(template, data, folder)
    detail = {"to": to, "templateName": template, "templateData": values}
    if locale:
        detail["locale"] = locale
    if dry_run:
        _print_email(_local_or_installed(template, folder, name), detail)
        return
    raise typer.Exit(_send(detail, name, timeout_seconds))


def _data(template: str, given: str | None, folder: str) -> Mapping[str, Any]:
    if given is not None:
        return _json(given)
    sample = Path(folder) / template / "sample.json"
    if not sample.is_file():
        raise typer.BadParameter(f"there is no sample {sample}: give the data with --data")
    # A sample's sender is an example, which SES rejects; the engine's default sender is verified.
    return {name: value for name, value in _json(str(sample)).items() if name != "senderEmail"}


def _json(given: str) -> Mapping[str, Any]:
    try:
        text = given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8")
        values = json.loads(text)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--data is neither JSON nor a JSON file: {error}") from error
    if not isinstance(values, dict):
        raise typer.BadParameter("--data must be a JSON object")
    return values


def _local_or_installed(template: str, folder: str, name: str) -> TemplateFiles:
    """Load the template from that folder, else from the engine's bucket."""
    try:
        if (Path(folder) / template).is_dir():
            return load_template(f"{folder}/{template}", template)
        account = boto3.client("sts").get_caller_identity()["Account"]
        return load_template(f"s3://{name}-templates-{account}/templates/{template}", template)
    except TemplatesNotFoundError as error:
        err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(2) from error


def _print_email(template: TemplateFiles, detail: Mapping[str, Any]) -> None:
    try:
        email = render_email(template, detail)
    except PermanentError as error:
        err.print(f"[red]The sender would record {error.error_type}:[/] {escape(error.message)} ({error.code})")
        raise typer.Exit(1) from error
    out.print(f"[bold]Nothing was sent.[/] The email from {escape(template.origin)}:", soft_wrap=True)
    for header, value in email.headers:
        out.print(f"[bold]{escape(header)}:[/] {escape(value)}", soft_wrap=True)
    out.print(f"\n{escape(email.text)}", soft_wrap=True)
    out.print(f"\n(and {len(email.html.encode())} bytes of HTML; {len(email.message)} bytes as a message)")


def _send(detail: dict[str, Any], name: str, timeout_seconds: float) -> int:
    email_id = f"send-test-{uuid.uuid4()}"
    entry = {
        "Source": SOURCE,
        "DetailType": "Email Request",
        "EventBusName": f"{name}-EmailBus",
        "Detail": json.dumps({**detail, "emailId": email_id}),
    }
    (answer,) = boto3.client("events").put_events(Entries=[entry])["Entries"]  # type: ignore[list-item]
    if "ErrorCode" in answer:
        err.print(f"[red]The bus rejected it:[/] {escape(answer.get('ErrorMessage', answer['ErrorCode']))}")
        return 1
    out.print(f"Requested '{detail['templateName']}' from {name}-EmailBus as [bold]{email_id}[/]", soft_wrap=True)
    for status in _follow(f"{name}-EmailTracking", email_id, timeout_seconds):
        if status in _EXIT_CODES:
            return _EXIT_CODES[status]
    err.print(
        f"[yellow]No final status within {timeout_seconds:g} s[/] (--timeout waits longer). "
        f"Its record is {email_id} in {name}-EmailTracking.",
        soft_wrap=True,
    )
    return _TIMED_OUT


def _follow(table_name: str, email_id: str, timeout_seconds: float) -> Iterator[str]:
    """Print each new entry of the email's history; yield its status whenever there were any."""
    dynamodb = boto3.client("dynamodb")
    until = time.monotonic() + timeout_seconds
    seen: set[str] = set()
    while True:
        answer = dynamodb.get_item(TableName=table_name, Key={"emailId": {"S": email_id}}, ConsistentRead=True)
        record = read_record(dict(answer["Item"])) if "Item" in answer else None
        entries = [entry for entry in record.history if entry.key not in seen] if record else []
        for entry in sorted(entries, key=lambda one: one.at):
            seen.add(entry.key)
            _print_entry(entry)
        if record and entries:
            yield record.status
        if time.monotonic() > until:
            return
        time.sleep(0.5)


def _print_entry(entry: Entry) -> None:
    what = entry.status or entry.what or "event"
    details = ", ".join(f"{key} {entry.detail[key]}" for key in _SHOWN if entry.detail.get(key))
    out.print(f"{escape(entry.at)}  {coloured(what)}  {escape(details)}", soft_wrap=True)
