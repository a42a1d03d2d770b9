"""All checks, one after another; one that may not look says which right it needs, and stops no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, PartialCredentialsError

from sesmail_cli.doctor import account, alarms, domain, flow, functions, keys, senders, storage, templates
from sesmail_cli.doctor.facts import Facts
from sesmail_cli.doctor.findings import Check, Finding, State, skipped, unknown
from sesmail_cli.doctor.resolver import DnsUnavailableError
from sesmail_cli.doctor.rights import DENIED, right_of
from sesmail_cli.operator.failures import describe_failure

CHECKS: tuple[Check, ...] = (
    *account.CHECKS,
    *senders.CHECKS,
    *domain.CHECKS,
    *flow.CHECKS,
    *storage.CHECKS,
    *functions.CHECKS,
    *templates.CHECKS,
    *alarms.CHECKS,
    *keys.CHECKS,
)
# No check can say anything: the command fails as all commands do.
_FATAL_CODES = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
)
# LocalStack's community edition has no SES v2.
_NOT_IMPLEMENTED = 501
_FATAL = (NoCredentialsError, PartialCredentialsError, NoRegionError)


def run_checks(facts: Facts) -> Iterator[Finding]:
    """Yield what the checks find. Without an engine only those of the account run.

    Raises botocore's errors where the credentials are missing or not accepted, or AWS cannot be reached.
    """
    engine_is_missing = False
    for check in CHECKS:
        if engine_is_missing and check.needs_engine:
            continue
        for finding in _run(check, facts):
            engine_is_missing |= check.id == "engine" and finding.state is State.FIX and not finding.subject
            yield msgspec.structs.replace(finding, check=check.id, group=check.group, title=check.title, why=check.why)


def _run(check: Check, facts: Facts) -> Iterable[Finding]:
    if check.needs_dns and not facts.asks_dns:
        return [skipped("this is the local cloud, which the public DNS does not know (--nameserver asks another)")]
    found: list[Finding] = []
    stop = _collect(check, facts, found)
    # What was found before it stopped is a fault all the same.
    return [*found, *([stop] if stop else [])] or [skipped("there is nothing to check")]


def _collect(check: Check, facts: Facts, found: list[Finding]) -> Finding | None:
    """Append what a check finds; return why it stopped before its end."""
    try:
        found.extend(check.run(facts))
    except ClientError as error:
        return _of_answer(error, facts)
    except _FATAL:
        raise
    except (BotoCoreError, OSError) as error:
        if check.id == "engine":
            raise
        what = describe_failure(error, facts.engine.name) if isinstance(error, BotoCoreError) else str(error)
        return unknown(what, fix="Run the command again; if it stays so, check the network.")
    except DnsUnavailableError as error:
        fix = "Run the command again, or name another server: --nameserver 1.1.1.1"
        return unknown(f"DNS did not answer: {error}", fix=fix)
    except Exception as error:  # What others wrote may have any form; the other checks run all the same.
        what = f"the check failed ({type(error).__name__}: {error})"
        return unknown(what, fix="Report it: https://github.com/sesmail/sesmail/issues")
    return None


def _of_answer(error: ClientError, facts: Facts) -> Finding:
    code = error.response["Error"].get("Code", "")
    if facts.is_local and error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _NOT_IMPLEMENTED:
        return skipped(f"the local cloud does not have {error.operation_name}")
    if code in _FATAL_CODES:
        raise error
    if code in DENIED:
        right = right_of(error)
        return unknown(f"your role lacks the right {right}", fix=f"Give it {right}, or choose another --profile.")
    return unknown(describe_failure(error, facts.engine.name), fix="See AWS's answer; then run the command again.")
