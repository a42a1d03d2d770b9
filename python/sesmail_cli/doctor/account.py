"""Checks of the account: region, engine, SES's sandbox, quota and suppression list, Lambda's concurrency."""

from __future__ import annotations

from collections.abc import Iterable

import boto3
from botocore.exceptions import ClientError

from sesmail_cli.doctor.facts import APPLY, FUNCTIONS, Facts, is_not_found
from sesmail_cli.doctor.findings import Check, Finding, needs_fix, ok, skipped

# https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
SUPPRESSED = {"BOUNCE": "hard bounces", "COMPLAINT": "complaints"}
_HIGH_QUOTA_USE = 0.9
_SANDBOX_QUOTA = 200
# https://docs.aws.amazon.com/general/latest/gr/ses.html
_MORE_QUOTA = "aws service-quotas request-service-quota-increase --service-code ses --quota-code L-804C8AE8"
_CONSOLE = "https://console.aws.amazon.com/ses/home#/account"


def region(facts: Facts) -> Iterable[Finding]:
    session = boto3.Session()
    known = {
        name for kind in session.get_available_partitions() for name in session.get_available_regions("sesv2", kind)
    }
    if facts.is_local:
        yield ok(f"{facts.region}, on the local cloud at {facts.client('sesv2').meta.endpoint_url}")
    elif facts.region in known:
        yield ok(facts.region)
    else:
        yield needs_fix(
            f"this version of boto3 knows no Amazon SES in {facts.region}",
            fix="Check the region's name. Where it is right, update boto3; where SES is not offered, deploy elsewhere.",
            command="pipx upgrade sesmail",
        )


def engine(facts: Facts) -> Iterable[Finding]:
    missing = [name for name in FUNCTIONS if not _exists(facts, name)]
    if "EmailSender" in missing:
        yield needs_fix(
            f"there is no engine '{facts.engine.name}' in {facts.region} (no {facts.resource_name('EmailSender')})",
            fix="Check --name, --region and --profile; if the engine is not deployed yet, deploy it.",
            command=APPLY,
        )
    elif missing:
        names = ", ".join(facts.resource_name(name) for name in missing)
        what = f"these functions are missing: {names}"
        yield needs_fix(what, fix="Deploy them again.", command=APPLY, subject=names)
    else:
        yield ok(f"{facts.engine.name}, sender {facts.environment.get('DEFAULT_SENDER_EMAIL', 'unknown')}")


def _exists(facts: Facts, name: str) -> bool:
    try:
        facts.function(name)
    except ClientError as error:
        if is_not_found(error):
            return False
        raise
    return True


def sending(facts: Facts) -> Iterable[Finding]:
    account = facts.ses_account
    enforcement = account.get("EnforcementStatus", "HEALTHY")
    if enforcement == "SHUTDOWN" or (enforcement != "HEALTHY" and not account.get("SendingEnabled", True)):
        yield needs_fix(
            f"AWS has stopped this account's sending ({enforcement})",
            fix=f"Answer AWS's case about your reputation: {_CONSOLE}",
        )
    elif not account.get("SendingEnabled", True):
        yield needs_fix(
            "sending is switched off for this account and region",
            fix="Find out who switched it off and why, then switch it on.",
            command="aws sesv2 put-account-sending-attributes --sending-enabled",
        )
    elif enforcement != "HEALTHY":
        yield needs_fix(
            f"AWS reviews this account's sending ({enforcement})",
            fix=f"Find out which producer bounces (`sesmail status`) and answer AWS's case: {_CONSOLE}",
        )
    else:
        yield ok("on, and AWS rates the account as healthy")


def sandbox(facts: Facts) -> Iterable[Finding]:
    if facts.ses_account.get("ProductionAccessEnabled", True):
        yield ok("the account may send to any address")
        return
    review = facts.ses_account.get("Details", {}).get("ReviewDetails", {})
    waiting = review.get("Status") == "PENDING"
    yield needs_fix(
        "the account is in SES's sandbox: it may send to verified addresses only"
        + (f"; AWS is reviewing case {review.get('CaseId', '')}" if waiting else ""),
        fix="Wait for AWS's answer, usually a day." if waiting else "Ask AWS for production access.",
        command="sesmail production-access",
    )


def quota(facts: Facts) -> Iterable[Finding]:
    given = facts.ses_account.get("SendQuota", {})
    most, rate, sent = (float(given.get(name, 0)) for name in ("Max24HourSend", "MaxSendRate", "SentLast24Hours"))
    own = facts.environment.get("SESMAIL_MAX_SEND_RATE", "")
    if own and float(own) > rate:
        yield needs_fix(
            f"max_send_rate is {own} recipients a second, and SES allows {rate:g}: it throttles the rest",
            fix="Lower it, leave it out (the engine then follows SES), or ask AWS for a higher rate.",
            command="max_send_rate = null",
        )
    elif most >= 0 and sent >= _HIGH_QUOTA_USE * most:
        yield needs_fix(
            f"{sent:,.0f} of {most:,.0f} recipients in 24 hours are used: mail waits when none is left",
            fix="Ask AWS for a higher sending quota in this region.",
            command=f"{_MORE_QUOTA} --desired-value {max(2 * most, 1):.0f}",
        )
    elif 0 <= most <= _SANDBOX_QUOTA and facts.ses_account.get("ProductionAccessEnabled", True):
        yield needs_fix(
            f"the account has production access, and still the sandbox's quota: {most:,.0f} recipients in 24 hours",
            fix="Ask AWS for a higher sending quota in this region.",
            command=f"{_MORE_QUOTA} --desired-value 50000",
        )
    else:
        limit = "no daily limit" if most < 0 else f"{most:,.0f} recipients in 24 hours"
        yield ok(f"{rate:g} recipients a second, {limit}")


def suppression(facts: Facts) -> Iterable[Finding]:
    kept = facts.ses_account.get("SuppressionAttributes", {}).get("SuppressedReasons", [])
    missing = [reason for reason in SUPPRESSED if reason not in kept]
    if missing:
        yield needs_fix(
            f"SES's own suppression list of the account takes no {words_of(missing)}",
            fix="Switch both on.",
            command="aws sesv2 put-account-suppression-attributes --suppressed-reasons BOUNCE COMPLAINT",
        )
    else:
        yield ok("SES adds hard bounces and complaints to its own list of the account")


def words_of(reasons: Iterable[str]) -> str:
    return " and no ".join(SUPPRESSED[reason] for reason in reasons)


def concurrency(facts: Facts) -> Iterable[Finding]:
    functions = facts.client("lambda")
    limit = functions.get_account_settings()["AccountLimit"]
    free, wanted, reserved = int(limit["UnreservedConcurrentExecutions"]), 0, 0
    for name in FUNCTIONS[:2]:
        function = facts.resource_name(name)
        of_queues = sum(
            mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0)
            for page in functions.get_paginator("list_event_source_mappings").paginate(FunctionName=function)
            for mapping in page["EventSourceMappings"]
        )
        own = functions.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")
        if own is None:
            wanted += of_queues
            continue
        reserved += own
        if own < of_queues or not own:
            variable = "email_sender" if name == FUNCTIONS[0] else "feedback_processor"
            yield needs_fix(
                f"{function} has {own} executions reserved, and its queues may ask for {of_queues or 'any number'}",
                fix="Reserve at least as many as the queues' concurrency, or reserve none.",
                command=f"{variable}_reserved_concurrency = {of_queues or 'null'}",
                subject=function,
            )
    if wanted > free:
        yield needs_fix(
            f"the engine's queues may run {wanted} functions at once, and the account has {free} unreserved executions",
            fix="Ask AWS for more concurrent executions, or lower email_sender_concurrency, bulk_sender_concurrency "
            "and feedback_processor_concurrency.",
            command="aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
            f"--desired-value {max(1000, int(limit['ConcurrentExecutions']) + wanted - free)}",
        )
    elif wanted or reserved:
        own_share = f", {reserved} more are reserved for it" if reserved else ""
        yield ok(f"the engine may run {wanted} functions at once, of {free} unreserved{own_share}")
    else:
        yield skipped("no queue feeds the functions")


_SES = "SES account"
CHECKS = (
    Check(
        id="region",
        group="Engine",
        title="Region",
        why="SES counts quota, reputation and sandbox for each region, and identities are verified in one region only.",
        run=region,
        needs_engine=False,
    ),
    Check(
        id="engine",
        group="Engine",
        title="Engine",
        why="Without it nothing reads the requests, and no other check can run.",
        run=engine,
        needs_engine=False,
    ),
    Check(
        id="concurrency",
        group="Engine",
        title="Lambda concurrency",
        why="Lambda throttles what is beyond the account's limit, your other functions too: emails are late.",
        run=concurrency,
    ),
    Check(
        id="sending",
        group=_SES,
        title="Sending",
        why="While SES has sending switched off, every email waits and then fails.",
        run=sending,
        needs_engine=False,
    ),
    Check(
        id="sandbox",
        group=_SES,
        title="Production access",
        why="In the sandbox SES rejects mail to every address that you have not verified, and allows 200 a day.",
        run=sandbox,
        needs_engine=False,
    ),
    Check(
        id="quota",
        group=_SES,
        title="Quota and rate",
        why="Mail beyond the rate is throttled, mail beyond the daily quota waits until the next day.",
        run=quota,
    ),
    Check(
        id="ses-suppression",
        group=_SES,
        title="SES's suppression list",
        why="The list also protects your reputation from mail that bypasses the engine.",
        run=suppression,
        needs_engine=False,
    ),
)
