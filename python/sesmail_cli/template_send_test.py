"""`sesmail send-test`: one email through the bus, and its story to the end."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console
from rich.markup import escape

from sesmail_cli.template_files import TemplateFiles, TemplatesNotFoundError, load_template
from sesmail_cli.template_render import render_email
from sesmail_layer.domain.errors import PermanentError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

SOURCE = "sesmail.send-test"
_GOOD_ENDS = frozenset({"delivered", "opened", "clicked"})
_BAD_ENDS = frozenset({"failed", "bounced", "complained"})
_TOLD = ("errorType", "errorMessage", "deferReason", "bounceType", "bounceSubType", "bounceReason", "sesMessageId")
_NO_ANSWER = 3


def send_test(
    template: Annotated[str, typer.Argument(help="The template's name.")],
    *,
    to: Annotated[str, typer.Option("--to", help="Who gets it. In SES's sandbox: a verified address.")],
    data: Annotated[
        str | None, typer.Option("--data", metavar="FILE|JSON", help="Template data; without it the template's sample.")
    ] = None,
    locale: Annotated[str | None, typer.Option("--locale", help="Such as fr-CA.")] = None,
    name: Annotated[
        str, typer.Option("--name", envvar="SESMAIL_NAME", help="The stack's name, Terraform's variable 'name'.")
    ] = "sesmailengine",
    folder: Annotated[
        str, typer.Option("--templates", metavar="DIR", help="Where samples are, and what --dry-run renders.")
    ] = "templates",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Render, print what would go, send nothing.")] = False,
    timeout_seconds: Annotated[float, typer.Option("--timeout", help="How many seconds to wait for the end.")] = 120,
) -> None:
    """Send one email through the bus, wait, and tell its story to the end.

    Exits with 0 when it was delivered, 1 when it was not, 3 when no end was seen in time.
    """
    values = _data(template, data, folder)
    detail = {"to": to, "templateName": template, "templateData": values}
    if locale:
        detail["locale"] = locale
    if dry_run:
        _show(_local_or_installed(template, folder, name), detail)
        return
    raise typer.Exit(_send(detail, name, timeout_seconds))


def _data(template: str, given: str | None, folder: str) -> Mapping[str, Any]:
    if given is not None:
        return _json(given)
    sample = Path(folder) / template / "sample.json"
    if not sample.is_file():
        raise typer.BadParameter(f"there is no sample {sample}: name the data with --data")
    # A sample's sender is an example that SES would refuse; the stack's own default sender is verified.
    return {name: value for name, value in _json(str(sample)).items() if name != "senderEmail"}


def _json(given: str) -> Mapping[str, Any]:
    try:
        text = given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8")
        values = json.loads(text)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--data is neither JSON nor a file of it: {error}") from error
    if not isinstance(values, dict):
        raise typer.BadParameter("--data must be a JSON object")
    return values


def _local_or_installed(template: str, folder: str, name: str) -> TemplateFiles:
    """The template of that folder, else the one in the stack's bucket."""
    try:
        if (Path(folder) / template).is_dir():
            return load_template(f"{folder}/{template}", template)
        account = boto3.client("sts").get_caller_identity()["Account"]
        return load_template(f"s3://{name}-templates-{account}/templates/{template}", template)
    except TemplatesNotFoundError as error:
        err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(2) from error


def _show(template: TemplateFiles, detail: Mapping[str, Any]) -> None:
    try:
        email = render_email(template, detail, "sender@your-domain.example")
    except PermanentError as error:
        err.print(f"[red]The sender would record {error.error_type}:[/] {escape(error.message)} ({error.code})")
        raise typer.Exit(1) from error
    out.print(f"[bold]Nothing was sent.[/] From {escape(template.origin)}, this would go:", soft_wrap=True)
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
        err.print(f"[red]The bus refused it:[/] {escape(answer.get('ErrorMessage', answer['ErrorCode']))}")
        return 1
    out.print(f"Asked {name}-EmailBus for '{detail['templateName']}' as [bold]{email_id}[/]", soft_wrap=True)
    for status in _story(f"{name}-EmailTracking", email_id, timeout_seconds):
        if status in _GOOD_ENDS:
            return 0
        if status in _BAD_ENDS:
            return 1
    err.print(
        f"[yellow]No end within {timeout_seconds:g} s[/] (--timeout waits longer). "
        f"Its record is {email_id} in {name}-EmailTracking.",
        soft_wrap=True,
    )
    return _NO_ANSWER


def _story(table_name: str, email_id: str, timeout_seconds: float) -> Iterator[str]:
    """Prints each thing that happens once, and gives the email's status after each look that showed news."""
    table = boto3.resource("dynamodb").Table(table_name)
    until = time.monotonic() + timeout_seconds
    told: set[str] = set()
    while True:
        record: Mapping[str, Any] = table.get_item(Key={"emailId": email_id}, ConsistentRead=True).get("Item", {})
        entries = [entry for entry in record.get("history", []) if entry["key"] not in told]
        for entry in sorted(entries, key=lambda one: str(one["at"])):
            told.add(entry["key"])
            _tell(entry)
        if entries:
            yield str(record["status"])
        if time.monotonic() > until:
            return
        time.sleep(0.5)


def _tell(entry: Mapping[str, Any]) -> None:
    what = str(entry.get("status") or entry.get("what") or "news")
    colour = "green" if what in _GOOD_ENDS else "red" if what in _BAD_ENDS else "cyan"
    detail = entry.get("detail") or {}
    told = ", ".join(f"{key} {detail[key]}" for key in _TOLD if detail.get(key))
    out.print(f"{entry['at']}  [{colour}]{what}[/]  {escape(told)}", soft_wrap=True)
