"""`sesmail production-access`: SES's sandbox, the case that AWS asks for, and filing it.

https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutAccountDetails.html
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from botocore.exceptions import ClientError
from rich.markup import escape

from sesmail_cli.operator.arguments import new_address
from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.terminal import out

_MOST_CONTACTS = 4
_MOST_CHARACTERS = 5_000
_WIDE = 100
_REVIEWS = {
    "PENDING": "AWS is reviewing your case; it usually answers within a day",
    "DENIED": "AWS has denied your case: answer it in the Support Center, or file a better one",
    "FAILED": "AWS did not receive your case: file it again",
    "GRANTED": "AWS has granted your case",
}


class MailType(StrEnum):
    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


class Language(StrEnum):
    EN = "en"
    JA = "ja"


def production_access(
    context: CommandContext,
    *,
    website: Annotated[str | None, typer.Option("--website", metavar="URL", help="Your website.")] = None,
    sends: Annotated[
        str | None, typer.Option("--sends", metavar="TEXT", help="What you send: “order confirmations, invoices”.")
    ] = None,
    opt_in: Annotated[
        str | None,
        typer.Option("--opt-in", metavar="TEXT", help="Why recipients get it: “they order in our shop”."),
    ] = None,
    per_day: Annotated[
        int | None, typer.Option("--per-day", min=1, help="About how many emails a day you will send.")
    ] = None,
    mail_type: Annotated[MailType, typer.Option("--mail-type", help="What most mail is.")] = MailType.TRANSACTIONAL,
    contacts: Annotated[
        list[str] | None,
        typer.Option("--contact", metavar="ADDRESS", help="A further address for AWS's mail; up to 4."),
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="The language in which AWS answers.")] = Language.EN,
    file: Annotated[bool, typer.Option("--file", help="File the case with AWS; it asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="File it without asking.")] = False,
) -> int:
    """Show whether SES keeps the account in its sandbox, and the case that asks AWS for production access.

    The case states what the engine does about bounces, complaints and unsubscriptions. Check it: you are responsible
    for it. --file files it.
    """
    account = context.engine.sesv2.get_account()
    review: Mapping[str, Any] = account.get("Details", {}).get("ReviewDetails", {})
    state = {
        "region": context.engine.region,
        "productionAccess": bool(account.get("ProductionAccessEnabled")),
        "review": review.get("Status"),
        "caseId": review.get("CaseId"),
    }
    if state["productionAccess"]:
        context.print(
            f"[green]The account has production access[/] in {context.engine.region}: it may send to any address."
        )
        context.print_json(state | {"case": None, "filed": False})
        return OK
    _print_state(context, account, review)
    if review.get("Status") == "PENDING":
        context.print_json(state | {"case": None, "filed": False})
        return ATTENTION
    missing = [name for name, given in (("--website", website), ("--sends", sends), ("--opt-in", opt_in)) if not given]
    case: dict[str, Any] = {
        "MailType": mail_type.name,
        "WebsiteURL": _website(website),
        "UseCaseDescription": _description(context.engine, sends, opt_in, per_day),
        "ContactLanguage": language.name,
        "ProductionAccessEnabled": True,
    }
    if contacts:
        case["AdditionalContactEmailAddresses"] = _contacts(contacts)
    _print_case(context, case)
    filed = _file(context, case, missing, yes=yes) if file else False
    if not file:
        context.print("To file it, " + (f"add {', '.join(missing)} and --file." if missing else "add --file."))
    context.print_json(state | {"case": case, "filed": filed})
    return OK if filed else ATTENTION


def _print_state(context: CommandContext, account: Mapping[str, Any], review: Mapping[str, Any]) -> None:
    quota = account.get("SendQuota", {})
    context.print(
        f"[yellow]The account is in SES's sandbox[/] in {context.engine.region}: it may write to verified addresses "
        f"only, {quota.get('Max24HourSend', 200):g} in 24 hours, {quota.get('MaxSendRate', 1):g} a second."
    )
    if status := review.get("Status"):
        case_id = f" (case {review['CaseId']})" if review.get("CaseId") else ""
        context.print(f"{_REVIEWS.get(status, status)}{escape(case_id)}.")


# --- the case -------------------------------------------------------------------------------------------------------


def _website(given: str | None) -> str:
    if given and (urlsplit(given).scheme not in ("http", "https") or not urlsplit(given).hostname):
        raise UsageError(f"'{given}' is no website: give its whole address, such as https://example.com")
    return given or ""


def _contacts(given: list[str]) -> list[str]:
    if len(given) > _MOST_CONTACTS:
        raise UsageError(f"AWS takes {_MOST_CONTACTS} addresses, and --contact names {len(given)}.")
    return [new_address(address) for address in given]


def _description(engine: Engine, sends: str | None, opt_in: str | None, per_day: int | None) -> str:
    text = "\n".join(_sentences(engine, sends, opt_in, per_day))
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(
            f"The case has {len(text)} characters, AWS takes {_MOST_CHARACTERS}: shorten --sends and --opt-in."
        )
    return text


def _sentences(engine: Engine, sends: str | None, opt_in: str | None, per_day: int | None) -> Iterator[str]:
    domain = engine.setting("DEFAULT_SENDER_EMAIL", "our domain").rpartition("@")[2]
    soft = engine.setting("CONSECUTIVE_SOFT_BOUNCE_THRESHOLD", "3")
    yield f"What we send: {sends or '[--sends: order confirmations, invoices, password resets …]'}, from {domain}."
    yield f"Who gets it: {opt_in or '[--opt-in: how recipients ask for this mail]'}."
    if per_day:
        yield f"How much: about {per_day:,} emails a day."
    yield (
        "How it is sent: by one sender in our AWS account, which checks its suppression list before every email and "
        "follows the account's sending rate and daily quota."
    )
    if engine.setting("SES_CONFIGURATION_SET", ""):
        yield "Feedback: SES publishes bounces and complaints to Amazon SNS (event publishing); each is recorded."
    yield (
        "Bounces and complaints: an address that bounces hard, or that a complaint comes from, is suppressed at once "
        f"and gets no further mail; so is one to which the last {soft} emails soft-bounced."
    )
    yield _reaction(engine)
    yield "Unsubscribing: an address that unsubscribes gets no further marketing mail from this sender."


def _reaction(engine: Engine) -> str:
    bounces = float(engine.setting("SESMAIL_BOUNCE_RATE_PAUSE_THRESHOLD", "0.05"))
    complaints = float(engine.setting("SESMAIL_COMPLAINT_RATE_PAUSE_THRESHOLD", "0.001"))
    pauses = engine.setting("SESMAIL_BREAKER_MODE", "pause") == "pause"
    does = "sending pauses by itself" if pauses else "an alarm calls us"
    return f"Reputation: above {bounces:.1%} bounces or {complaints:.2%} complaints {does}, and we look for the cause."


def _print_case(context: CommandContext, case: Mapping[str, Any]) -> None:
    labels = {"MailType": "Mail type", "WebsiteURL": "Website", "ContactLanguage": "Language"}
    context.print()
    context.print("[bold]The case[/]")
    for key, label in labels.items():
        context.print(f"  {label + ':':<11}{escape(case[key] or '[--website]')}")
    if contacts := case.get("AdditionalContactEmailAddresses"):
        context.print(f"  {'Contacts:':<11}{escape(', '.join(contacts))}")
    context.print("  Use case:")
    for sentence in case["UseCaseDescription"].splitlines():
        for line in textwrap.wrap(sentence, min(_WIDE, out.width) - 4, subsequent_indent="  "):
            context.print(f"    {escape(line)}")
    context.print()


def _file(context: CommandContext, case: Mapping[str, Any], missing: list[str], *, yes: bool) -> bool:
    if missing:
        raise UsageError(f"AWS asks for more than the case says: add {', '.join(missing)}.")
    if not context.confirm(f"File this case with AWS for {context.engine.region}?", yes=yes, dry_run=False):
        return False
    try:
        context.engine.sesv2.put_account_details(**case)
    except ClientError as error:
        if error.response["Error"].get("Code") != "ConflictException":
            raise
        context.note("[yellow]Nothing was filed:[/] AWS is reviewing a case already.")
        return False
    context.print(
        "[green]Filed.[/] AWS answers by mail and in the Support Center; `sesmail production-access` shows the state."
    )
    return True
