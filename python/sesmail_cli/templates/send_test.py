"""`sesmail send-test`: send one email through the bus, and follow it to its final status."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from botocore.exceptions import ClientError
from rich.markup import escape

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext
from sesmail_cli.operator.engine import Engine
from sesmail_cli.operator.failures import describe_failure
from sesmail_cli.templates.brand import BRAND_FILE, BrandError, load_brand, with_brand
from sesmail_cli.templates.bucket import TemplateReleases
from sesmail_cli.templates.files import TemplateFiles, load_template
from sesmail_cli.templates.push import differences
from sesmail_cli.templates.render import render_email
from sesmail_cli.templates.starters import starter_names, starters_folder
from sesmail_cli.terminal import coloured
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.record.tracking import Entry
from sesmail_layer.domain.request.envelopes import TEST_SOURCE
from sesmail_layer.domain.template.files import METADATA

SOURCE = TEST_SOURCE
# The exit code of each final status.
_EXIT_CODES = {"delivered": 0, "opened": 0, "clicked": 0, "failed": 1, "bounced": 1, "complained": 1}
_SHOWN = ("errorType", "errorMessage", "deferReason", "bounceType", "bounceSubType", "bounceReason", "sesMessageId")
_TIMED_OUT = 3


class RejectedByBusError(Exception):
    """EventBridge did not take the request; the message says why."""


def send_test(
    context: CommandContext,
    template: Annotated[str, typer.Argument(help="The template's name.")],
    *,
    to: Annotated[str, typer.Option("--to", help="The recipient. In SES's sandbox: a verified address.")],
    data: Annotated[
        str | None, typer.Option("--data", metavar="FILE|JSON", help="Template data; default: the template's sample.")
    ] = None,
    locale: Annotated[str | None, typer.Option("--locale", help="Such as fr-CA.")] = None,
    folder: Annotated[
        str, typer.Option("--templates", metavar="DIR", help="The folder of samples, and of templates for --dry-run.")
    ] = "templates",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Render and print the email; send nothing.")] = False,
    timeout_seconds: Annotated[float, typer.Option("--timeout", help="Seconds to wait for a final status.")] = 120,
) -> int:
    """Send one email through the bus, and follow it to its final status.

    Exits with 0 if it was delivered, 1 if not, 3 if it had no final status in time.
    """
    values = _data(template, data, folder)
    detail = {"to": to, "templateName": template, "templateData": values}
    if locale:
        detail["locale"] = locale
    if dry_run:
        return _print_email(context, _local_or_installed(context, template, folder), detail)
    _warn_of_difference(context, template, folder)
    return _send(context, detail, timeout_seconds)


def _data(template: str, given: str | None, folder: str) -> Mapping[str, Any]:
    if given is not None:
        return {**_brand(folder), **read_data(given)}
    sample = Path(folder) / template / "sample.json"
    if not (Path(folder) / template).is_dir() and template in starter_names():
        sample = starters_folder() / template / "sample.json"
    if not sample.is_file():
        raise typer.BadParameter(f"there is no sample {sample}: give the data with --data")
    values = without_sender(read_data(str(sample)))
    return _branded(values, sample.with_name(METADATA), folder)


def without_sender(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave a sample's sender out: it is an example, which SES rejects; the engine's default sender is verified."""
    return {name: value for name, value in sample.items() if name != "senderEmail"}


def _branded(values: Mapping[str, Any], metadata: Path, folder: str) -> Mapping[str, Any]:
    """Return a sample's data with the brand in place of the sample's own."""
    brand = _brand(folder)
    required = read_data(str(metadata)).get("requiredVariables", []) if brand and metadata.is_file() else []
    return {**with_brand(values, brand, required), **brand}


def _brand(folder: str) -> dict[str, str]:
    """Return the brand of the folder's brand.json, which the engine may not have yet. Raises BadParameter."""
    try:
        return load_brand(Path(folder))
    except BrandError as error:
        raise typer.BadParameter(f"invalid {Path(folder) / BRAND_FILE}: {error}") from error


def read_data(given: str) -> Mapping[str, Any]:
    """Read template data given as JSON or as the name of a JSON file. Raises BadParameter."""
    try:
        text = given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8")
        values = json.loads(text)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--data is neither JSON nor a JSON file: {error}") from error
    if not isinstance(values, dict):
        raise typer.BadParameter("--data must be a JSON object")
    return values


def _local_or_installed(context: CommandContext, template: str, folder: str) -> TemplateFiles:
    """Load the template from that folder, else from the engine's bucket."""
    if (Path(folder) / template).is_dir():
        return load_template(f"{folder}/{template}", template)
    where = f"s3://{context.engine.template_bucket}/templates/{template}"
    return msgspec.structs.replace(load_template(where, template, context.engine.s3), brand=context.engine.brand)


def _warn_of_difference(context: CommandContext, template: str, folder: str) -> None:
    """Say so where the engine will not send what lies in the folder."""
    if not (Path(folder) / template).is_dir():
        return
    local = load_template(f"{folder}/{template}", template)
    try:
        installed = TemplateReleases(context.engine.s3, context.engine.template_bucket).read(template)
    except ClientError as error:
        why = describe_failure(error, context.engine.name)
        context.note(f"Whether the installed template is that of {escape(local.origin)} is not known: {escape(why)}")
        return
    if changes := differences(installed.contents, local):
        files = ", ".join(change.file for change in changes)
        context.note(
            f"[yellow]The installed template is not that of {escape(folder)}[/] ({escape(files)}): the email will be "
            f"the installed one. `sesmail template push {escape(folder)}/{escape(template)}` installs yours."
        )


def _print_email(context: CommandContext, template: TemplateFiles, detail: Mapping[str, Any]) -> int:
    try:
        email = render_email(template, detail)
    except PermanentError as error:
        context.note(
            f"[red]The sender would record {error.error_type}:[/] {escape(error.message)} ({escape(error.code)})"
        )
        return ATTENTION
    context.print(f"[bold]Nothing was sent.[/] The email from {escape(template.origin)}:")
    for header, value in email.headers:
        context.print(f"[bold]{escape(header)}:[/] {escape(value)}")
    context.print_text(f"\n{email.text}")
    context.print_text(f"\n(and {len(email.html.encode())} bytes of HTML; {len(email.message)} bytes as a message)")
    context.print_json({"headers": dict(email.headers), "text": email.text, "html": email.html})
    return OK


def _send(context: CommandContext, detail: dict[str, Any], timeout_seconds: float) -> int:
    bus = context.engine.resource_name("EmailBus")
    email_id = new_email_id()
    try:
        request_test(context.engine, detail, email_id)
    except RejectedByBusError as error:
        context.note(f"[red]The bus rejected it:[/] {escape(str(error))}")
        return ATTENTION
    context.print(f"Requested '{escape(detail['templateName'])}' from {bus} as [bold]{email_id}[/]")
    status = _follow(context, email_id, timeout_seconds)
    context.print_json({"emailId": email_id, "status": status})
    if status in _EXIT_CODES:
        return _EXIT_CODES[status]
    context.note(
        f"[yellow]No final status within {timeout_seconds:g} s[/] (--timeout waits longer). "
        f"`sesmail explain {email_id}` shows where it is."
    )
    return _TIMED_OUT


def new_email_id() -> str:
    """Return an id for a test, which the engine sends once however often it is requested."""
    return f"send-test-{uuid.uuid4()}"


def request_test(engine: Engine, detail: Mapping[str, Any], email_id: str) -> None:
    """Ask the engine for one email. Raises RejectedByBusError."""
    entry = {
        "Source": SOURCE,
        "DetailType": "Email Request",
        "EventBusName": engine.resource_name("EmailBus"),
        "Detail": json.dumps({**detail, "emailId": email_id}),
    }
    (answer,) = engine.events.put_events(Entries=[entry])["Entries"]  # type: ignore[list-item]
    if "ErrorCode" in answer:
        raise RejectedByBusError(answer.get("ErrorMessage", answer["ErrorCode"]))


def _follow(context: CommandContext, email_id: str, timeout_seconds: float) -> str | None:
    """Print each new entry of the email's history until its status is final; return the last status."""
    until = time.monotonic() + timeout_seconds
    seen: set[str] = set()
    status: str | None = None
    while status not in _EXIT_CODES:
        record = context.engine.tracking.get_many([email_id]).get(email_id)
        history = sorted(record.history, key=lambda one: one.at) if record else []
        for entry in history:
            if entry.key not in seen:
                seen.add(entry.key)
                _print_entry(context, entry)
        status = record.status.value if record else None
        if time.monotonic() > until:
            break
        time.sleep(0.5)
    return status


def _print_entry(context: CommandContext, entry: Entry) -> None:
    what = entry.status.value if entry.status else entry.what or "event"
    details = ", ".join(f"{key} {entry.detail[key]}" for key in _SHOWN if entry.detail.get(key))
    context.print(f"{escape(entry.at)}  {coloured(what)}  {escape(details)}")
