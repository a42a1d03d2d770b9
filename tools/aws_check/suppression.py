"""Suppression: written for a bounce and a complaint, in force for the next email, not written for anyone else."""

from __future__ import annotations

from typing import Any

from tools.aws_check.engine import Engine
from tools.aws_check.results import Check, Evidence, require
from tools.aws_check.sending import BY_NAME, TEMPLATE, evidence_of

# By scenario: the reasons that its entry may have. SES's simulator may say Suppressed or OnAccountSuppressionList.
REASONS = {
    "bounce": ("hard-bounce",),
    "complaint": ("spam-complaint",),
    "suppressed": ("hard-bounce", "ses-suppressed"),
}
# Statuses of an email that was delivered and that no recipient or provider has complained of.
HARMLESS = {"deferred", "sent", "delayed", "delivered", "opened"}


def _entry_of(engine: Engine, scenario: str) -> dict[str, Any]:
    address = BY_NAME[scenario].to(engine)
    found: dict[str, Any] = engine.wait(
        lambda: engine.suppression(address), lambda: f"the suppression entry of {scenario}@"
    )
    return found


def check_entries(engine: Engine) -> Evidence:
    """Each address that must not be mailed again has an entry, for the right reason."""
    found = {scenario: _entry_of(engine, scenario) for scenario in REASONS}
    evidence = {
        scenario: {key: str(entry.get(key, "")) for key in ("suppressionType", "reason", "bounceSubType", "expiresAt")}
        for scenario, entry in found.items()
    }
    for scenario, reasons in REASONS.items():
        reason = found[scenario]["reason"]
        require(reason in reasons, f"The entry of {scenario}@ has reason {reason!r}, not one of {reasons}", **evidence)
    listed = found["suppressed"]
    require(
        listed["reason"] == "ses-suppressed" or listed.get("expiresAt"),
        "The entry of suppressionlist@ must expire: SES's own list forgets an address after 14 days",
        **evidence,
    )
    return evidence


def check_others(engine: Engine) -> Evidence:
    """A delivered email and an out-of-office reply suppress no address, and count as no bounce."""
    wrong = [name for name in ("success", "ooto") if engine.suppression(BY_NAME[name].to(engine))]
    require(not wrong, f"An address was suppressed that must not be: {wrong}")
    published = {name: sorted(engine.published(engine.email_id(name))) for name in ("success", "ooto")}
    bounced = [name for name, statuses in published.items() if not set(statuses) <= HARMLESS]
    require(not bounced, f"A delivered email has a bounce or a complaint: {published}", **published)
    return published


def check_next_email(engine: Engine) -> Evidence:
    """The next email to a suppressed address fails, and SES does not see it."""
    scenarios = ("bounce", "complaint")
    ids = {scenario: engine.email_id(f"again-{scenario}") for scenario in scenarios}
    engine.put_requests(
        {"emailId": ids[scenario], "to": BY_NAME[scenario].to(engine), **TEMPLATE} for scenario in scenarios
    )
    evidence = {}
    for scenario, email_id in ids.items():
        record = _record(engine, email_id)
        evidence[scenario] = evidence_of(record)
        suppressed = (record["status"], record.get("errorType")) == ("failed", "suppressed")
        require(suppressed, f"The second email to {scenario}@ was not stopped: {record['status']}", **evidence)
        require("sesMessageId" not in record, f"SES received the second email to {scenario}@", **evidence)
    return evidence


def _record(engine: Engine, email_id: str) -> dict[str, Any]:
    seconds = max(60.0, engine.seconds_left)
    found: dict[str, Any] = engine.wait(lambda: engine.record(email_id), lambda: f"a record of {email_id}", seconds)
    return found


CHECKS = (
    Check(
        "Bounces and complaints suppress their address",
        check_entries,
        "Check that SES's events reach NAME-FeedbackQueue, and the log group /aws/lambda/NAME-FeedbackProcessor.",
    ),
    Check("No other address is suppressed", check_others, "Report it with the samples of SES's events in this file."),
    Check("A suppressed address gets no further email", check_next_email, "Report it with this file."),
)
