"""One email: its timeline, what it waits for, and what to do next."""

from __future__ import annotations

from sesmail_cli.console.emails import PLACE
from sesmail_cli.console.times import local_time, with_local_times
from sesmail_cli.console.view import Route, View
from sesmail_cli.operator.advice import is_of_mailbox
from sesmail_cli.operator.explaining import Explanation, explain_record
from sesmail_cli.operator.format import describe_origin, describe_pause, duration
from sesmail_cli.operator.timeline import Step
from sesmail_cli.web.server import Response
from sesmail_cli.web.text import shorten
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_seconds
from sesmail_layer.usecases.cancel import Outcome, outcome_now

_LONGEST = 600
"""Characters of a text of strangers that the page shows. Addresses and ids are always whole."""


def show(view: View, email_id: str) -> Response:
    record = view.engine.tracking.get_many([email_id]).get(email_id)
    if record is None:
        return view.page("email-missing.html", place=PLACE.path, status=404, email_id=email_id)
    explanation = explain_record(view.engine, record, with_log=False)
    until = explanation.waiting.until if explanation.waiting else None
    return view.page(
        "email.html",
        place=PLACE.path,
        record=record,
        explained=explanation,
        steps=_steps(record, explanation),
        next_steps=[with_local_times(text) for text in explanation.next_steps],
        notices=[with_local_times(text) for text in _notices(view, record, explanation)],
        waits_until=local_time(until) if until else None,
        facts_of_email=_facts(record),
        links=_links(view, record),
        cancel_href=view.url("actions/cancel-email", id=record.email_id) if _can_be_cancelled(record) else None,
        command=view.command("explain", value=record.email_id),
    )


def _can_be_cancelled(record: TrackingRecord) -> bool:
    return outcome_now(record) in (Outcome.CANCELLED, Outcome.BEING_SENT)


def _steps(record: TrackingRecord, explanation: Explanation) -> list[tuple[str, str, str | None, str | None]]:
    """Return the timeline as parts.html shows it."""
    return [
        (
            local_time(step.at, seconds=True) + _later(before, step.at),
            shorten(with_local_times(step.what), _LONGEST),
            step.status,
            ", ".join(filter(None, [step.recipient, f"attempt {step.attempt}" if record.attempt > 1 else ""])) or None,
        )
        for before, step in zip([None, *explanation.timeline], explanation.timeline, strict=False)
    ]


def _later(before: Step | None, at: str) -> str:
    """Say how long after the step before it this one was, from a second on."""
    try:
        seconds = utc_seconds(at) - utc_seconds(before.at) if before else 0
    except ValueError:
        return ""
    return f", {duration(seconds)} later" if seconds >= 1 else ""


def _notices(view: View, record: TrackingRecord, explanation: Explanation) -> list[str]:
    notices = []
    if record.sink:
        notices.append(f"Sunk: not sent, but recorded (delivery mode {explanation.delivery_mode}).")
    if record.redirected_to:
        of_mailbox = " Its bounce or complaint concerns no recipient." if is_of_mailbox(record) else ""
        notices.append(f"Redirected: sent to {record.redirected_to}, and to no recipient.{of_mailbox}")
    for source, state in explanation.paused.items():
        notices.append(f"Paused now: {describe_pause(source, state, view.engine.cooldown_seconds)}.")
    for entry in explanation.suppressions:
        origin = "by this email" if entry.email_id == record.email_id else describe_origin(entry)
        notices.append(f"Suppressed: {entry.email} ({entry.reason}), {origin}.")
    if record.unknown_fields:
        notices.append(f"Unknown fields, ignored: {', '.join(record.unknown_fields)}.")
    if record.conflicts_with:
        notices.append(f"Conflict: its emailId was another email's: {record.conflicts_with}.")
    return notices


def _facts(record: TrackingRecord) -> list[tuple[str, str | list[str]]]:
    facts: list[tuple[str, str | list[str] | None]] = [
        ("To", record.to_email),
        ("Subject", shorten(record.subject or "", _LONGEST)),
        ("Producer", shorten(record.original_source or "", _LONGEST)),
        ("Template", shorten(record.template_name or "", _LONGEST)),
        ("Topic", record.topic),
        ("Tags", [shorten(tag, _LONGEST) for tag in record.tags]),
        ("Email id", record.email_id),
        ("SES message id", record.ses_message_id),
        ("Copies", [f"{state.type or 'copy'} {to}: {state.status}" for to, state in record.recipients.items()]),
        ("Attempt", str(record.attempt) if record.attempt > 1 else None),
    ]
    return [(name, value) for name, value in facts if value]


def _links(view: View, record: TrackingRecord) -> list[tuple[str, str]]:
    links = []
    if record.to_email:
        links.append((view.url(PLACE.path, q=record.to_email), "All mail to this address"))
    if record.original_source:
        query = {"producer": record.original_source, "status": "wrong"}
        links.append((view.url(PLACE.path, **query), "What else went wrong for this producer"))
    if record.conflicts_with:
        links.append((view.url(f"{PLACE.path}/{record.conflicts_with}"), "The email that has this id"))
    return links


ROUTES: tuple[Route, ...] = ((f"{PLACE.path}/(.+)", show),)
