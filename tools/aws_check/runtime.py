"""What only AWS shows: tags and events as SES writes them, latencies, cold starts, the recursion guard, traces."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from sesmail_layer.domain.ses.tags import decode_tags
from sesmail_layer.domain.times import utc_seconds
from tools.aws_check.engine import SOURCE, Engine
from tools.aws_check.results import Check, CheckFailedError, Evidence, NotPossibleError, require
from tools.aws_check.sending import BY_NAME, SCENARIOS, TEMPLATE

# https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
REPORT = re.compile(
    r"REPORT RequestId: \S+\s+Duration: (?P<duration>[\d.]+) ms.*?Max Memory Used: (?P<memory>\d+) MB"
    r"(?:\s+Init Duration: (?P<init>[\d.]+) ms)?"
)
LOG_SECONDS = 60.0
TRACE_SECONDS = 180.0
EVENT_TYPES = ("Send", "Delivery", "Bounce", "Complaint")
NOT_TIMED = ("scheduled",)


def check_tags(engine: Engine) -> Evidence:
    """SES takes the tags, which are base64url, and returns them in its events."""
    event = _ses_events(engine).get("Send")
    if event is None:
        raise CheckFailedError("SES published no Send event")
    tags = decode_tags(event["mail"]["tags"])
    require(tags.get("source") == SOURCE, f"The tag `source` came back as {tags.get('source')!r}")
    require(tags.get("emailId", "").startswith(engine.name), f"The tag `emailId` came back as {tags.get('emailId')!r}")
    return {"decoded": tags, "names": sorted(event["mail"]["tags"])}


def check_samples(engine: Engine) -> Evidence:
    """Keep one event of each type, as SES wrote it; the report masks addresses and headers."""
    samples = _ses_events(engine)
    missing = sorted(set(EVENT_TYPES) - samples.keys())
    require(not missing, f"SES published no {missing}", samples=samples)
    return {"samples": samples}


def _ses_events(engine: Engine) -> dict[str, Any]:
    """Return the first SES event of each type."""
    found: dict[str, Any] = {}
    for event in engine.events("SesEvents"):
        found.setdefault(event.get("eventType", ""), event)
    return found


def check_latency(engine: Engine) -> Evidence:
    """Report the seconds from the request to SES, and from there to the recipient's server."""
    records = [engine.record(engine.email_id(s.name)) for s in SCENARIOS if s.name not in NOT_TIMED]
    timed = [record for record in records if record and record.get("deliveredAt") and record.get("sentAt")]
    require(len(timed) >= 3, f"Only {len(timed)} emails have both times")
    to_ses = [utc_seconds(r["sentAt"]) - utc_seconds(r["timestamp"]) for r in timed]
    to_recipient = [utc_seconds(r["deliveredAt"]) - utc_seconds(r["sentAt"]) for r in timed]
    return {"emails": len(timed), "seconds_to_ses": _spread(to_ses), "seconds_to_recipient": _spread(to_recipient)}


def _spread(values: list[float]) -> dict[str, float]:
    """Return median, 90th percentile and maximum."""
    cuts = statistics.quantiles(values, n=10, method="inclusive")
    return {"p50": round(statistics.median(values), 2), "p90": round(cuts[8], 2), "max": round(max(values), 2)}


def check_cold_starts(engine: Engine) -> Evidence:
    """Report duration, memory and cold starts from the functions' REPORT lines."""
    functions = ("EmailSender", "FeedbackProcessor")

    def look() -> dict[str, list[dict[str, str | None]]] | None:
        found = {function: list(_reports(engine, function)) for function in functions}
        if all(any(report["init"] for report in reports) for reports in found.values()):
            return found
        if engine.account.is_emulated and all(found.values()):
            raise NotPossibleError("The emulator's REPORT lines have no Init Duration.")
        return None

    found = engine.wait(look, lambda: "a REPORT line with an Init Duration from each function", LOG_SECONDS)
    return {function: _summary(reports) for function, reports in found.items()}


def _reports(engine: Engine, function: str) -> Iterator[dict[str, str | None]]:
    group = f"/aws/lambda/{engine.name}-{function}"
    pages = (
        engine.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern="REPORT")
    )
    for page in pages:
        for event in page["events"]:
            if match := REPORT.search(event["message"]):
                yield match.groupdict()


def _summary(reports: list[dict[str, str | None]]) -> dict[str, Any]:
    init = [float(report["init"]) for report in reports if report["init"]]
    return {
        "invocations": len(reports),
        "cold_starts": len(init),
        "init_ms_max": max(init),
        "duration_ms_max": max(float(report["duration"] or 0) for report in reports),
        "memory_mb_max": max(int(report["memory"] or 0) for report in reports),
    }


def check_recursion(engine: Engine) -> Evidence:
    """Lambda must not stop emails that wait in hops, after 16 of them."""
    functions = ("EmailSender", "FeedbackProcessor")
    answers = {
        function: engine.client("lambda").get_function_recursion_config(FunctionName=f"{engine.name}-{function}")
        for function in functions
    }
    loops = {function: answer["RecursiveLoop"] for function, answer in answers.items()}
    require(set(loops.values()) == {"Allow"}, f"Lambda stops recursive invocations: {loops}")
    return loops


# --- X-Ray -----------------------------------------------------------------------------------------------------------


def check_traces(engine: Engine) -> Evidence:
    """Without tracing there is no trace; switched on, the sender's next email has one."""
    before = _traces(engine)
    require(not before, f"Tracing is off, and X-Ray has {before} traces of the sender")
    engine.deployment.trace()
    email_id = engine.email_id("traced")
    engine.put_requests([{"emailId": email_id, "to": BY_NAME["success"].to(engine), **TEMPLATE}])
    count = engine.wait(lambda: _traces(engine), lambda: "a trace of the sender in X-Ray", TRACE_SECONDS)
    return {"traces": count}


def _traces(engine: Engine) -> int:
    now = time.time()
    expression = f'service("{engine.name}-EmailSender")'
    try:
        answer = engine.client("xray").get_trace_summaries(
            StartTime=now - 1800, EndTime=now, FilterExpression=expression
        )
    except ClientError as error:
        if engine.account.is_emulated:
            raise NotPossibleError(f"The emulator has no X-Ray: {error}") from None
        raise
    return len(answer["TraceSummaries"])


_REPORT_IT = "Report it with this file."
CHECKS = (
    Check("SES takes the tags and returns them", check_tags, _REPORT_IT),
    Check("SES's events are kept as samples", check_samples, "Look at the check of the configuration set."),
    Check("Latencies are measured", check_latency, "Look at the checks of the emails."),
    Check("Cold starts are measured", check_cold_starts, "The caller needs logs:FilterLogEvents."),
    Check(
        "Lambda lets waiting emails loop",
        check_recursion,
        "The provider did not set the recursion configuration; look at modules/lambda_function.",
    ),
    Check("Traces reach X-Ray when switched on", check_traces, "The caller needs xray:GetTraceSummaries."),
)
