"""What the console cancels: emails of a producer, a time, a template or a tag; or one email."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sesmail_cli.console import emails
from sesmail_cli.console.actions import Action, Fields, Plan, Result
from sesmail_cli.console.producers import PLACE, name_of, url_of
from sesmail_cli.console.times import local_time, with_local_times
from sesmail_cli.console.view import REQUESTS_PER_PAGE, View
from sesmail_cli.operator.arguments import point_in_time
from sesmail_cli.operator.cancelling import Selection, cancel_one, cancel_selection, preview_one, rule_seconds
from sesmail_cli.operator.command import UsageError
from sesmail_layer.domain.guards.cancelling import CancellationsFullError
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.cancel import Outcome, outcome_now
from sesmail_layer.usecases.find import LARGEST_PAGE, Criteria, find


def plan_cancellation(view: View, fields: Fields) -> Plan:
    """Show what a cancellation would do to the newest records; a further page counts more of them."""
    selection = _selection(view, fields)
    now = view.engine.clock.now()
    oldest = utc_text(now - rule_seconds(view.engine))
    criteria = Criteria(
        since=max(selection.since or oldest, oldest),
        until=utc_text(now),
        producer=selection.producer,
        template=selection.template,
    )
    cursor = fields.get("cursor", (None,))[-1]
    page = find(
        view.engine.search,
        view.engine.tracking,
        criteria,
        limit=LARGEST_PAGE,
        cursor=cursor,
        requests=REQUESTS_PER_PAGE,
    )
    counts = Counter({outcome: _count_so_far(fields, outcome) for outcome in Outcome})
    counts.update(outcome_now(one) for one in page.records if selection.tag is None or selection.tag in one.tags)
    given = _fields_of(selection)
    so_far: dict[str, str | None] = {f"n-{outcome}": str(count) for outcome, count in counts.items() if count}
    link: dict[str, str | None] = {name: values[0] for name, values in given.items()}
    back_to = local_time(page.searched_back_to)
    return Plan(
        title=f"Cancel all {with_local_times(selection.describe())}?",
        effects=_cancel_effects(counts, back_to if page.cursor else None),
        command=view.command("cancel", *_options(selection), "--yes"),
        button="Cancel them",
        fields=given,
        back=url_of(view, selection.producer or ACCOUNT),
        place=PLACE.path,
        destructive=True,
        more=(view.url("actions/cancel", **link, **so_far, cursor=page.cursor), "Count on") if page.cursor else None,
    )


def _cancel_effects(counts: Mapping[Outcome, int], back_to: str | None) -> list[str]:
    reach = f", counted back to {back_to} so far" if back_to else ""
    effects = [f"{counts[Outcome.CANCELLED]:,} that wait end as failed (errorType 'cancelled'){reach}."]
    if being_sent := counts[Outcome.BEING_SENT]:
        effects.append(f"{being_sent:,} are being handed to SES: they go out now, or end cancelled.")
    if sent := counts[Outcome.HANDED_TO_SES]:
        effects.append(f"{sent:,} were handed to SES already: nothing can be done about them.")
    if before := counts[Outcome.CANCELLED_BEFORE] + counts[Outcome.FAILED_BEFORE]:
        effects.append(f"{before:,} had failed or were cancelled before.")
    return [
        *effects,
        "Emails without a record are cancelled when their message is read; their number is not known.",
        "What is cancelled is never sent. It cannot be undone.",
    ]


def _count_so_far(fields: Fields, outcome: Outcome) -> int:
    text = fields.get(f"n-{outcome}", ("0",))[-1]
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0


def run_cancellation(view: View, fields: Fields) -> Result:
    selection = _selection(view, fields)
    try:
        done = cancel_selection(view.engine, selection)
    except CancellationsFullError as error:
        raise UsageError(f"{error}. They expire by themselves. Use fewer, wider selections.") from error
    known = Counter(done.known)
    lines = _done_lines(known)
    lines.append(
        "Emails without a record are cancelled when their message is read. The rule is in force everywhere within 15 "
        f"seconds, until {local_time(done.in_force_until)}. The queues hold about {done.waiting_messages:,} messages "
        "of all producers."
    )
    lines += [
        f"{count:,} status events were not published ({why}): the engine publishes them when their messages are read."
        for why, count in done.unpublished.items()
    ]
    lines += [f"The figures lack some of them ({done.uncounted})."] if done.uncounted else []
    producer = selection.producer
    links = [
        (view.url(emails.PLACE.path, producer=producer, status="failed"), "What was cancelled"),
        (url_of(view, producer or ACCOUNT), name_of(producer or ACCOUNT)),
    ]
    attention = bool(known[Outcome.HANDED_TO_SES] or known[Outcome.BEING_SENT] or done.unpublished)
    return Result(
        title=f"Cancelled {known[Outcome.CANCELLED]:,}", lines=lines, links=links, place=PLACE.path, attention=attention
    )


def _done_lines(known: Mapping[Outcome, int]) -> list[str]:
    texts = {
        Outcome.CANCELLED: "end as failed (errorType 'cancelled')",
        Outcome.BEING_SENT: "were being handed to SES: they went out, or end cancelled",
        Outcome.HANDED_TO_SES: "were handed to SES already",
        Outcome.CANCELLED_BEFORE: "were cancelled before",
        Outcome.FAILED_BEFORE: "had failed before, for another reason",
    }
    return [f"{known[outcome]:,} {text}." for outcome, text in texts.items() if known[outcome]]


def _selection(view: View, fields: Fields) -> Selection:
    """Read what to cancel. Raises UsageError."""
    given = {name: fields.get(name, ("",))[-1].strip() for name in ("producer", "since", "template", "tag")}
    since = point_in_time(given["since"], view.engine.clock.now()) if given["since"] else None
    selection = Selection(
        producer=given["producer"] or None, since=since, template=given["template"] or None, tag=given["tag"] or None
    )
    selection.check(view.engine.clock.now())
    return selection


def _fields_of(selection: Selection) -> Fields:
    values = {
        "producer": selection.producer,
        "since": selection.since,
        "template": selection.template,
        "tag": selection.tag,
    }
    return {name: [value] for name, value in values.items() if value}


def _options(selection: Selection) -> list[str]:
    return [text for name, values in _fields_of(selection).items() for text in (f"--{name}", values[0])]


# --- cancel one email -------------------------------------------------------------------------------------------------


def plan_one(view: View, fields: Fields) -> Plan:
    email_id = _email_id(fields)
    before = preview_one(view.engine, email_id, None)
    effects = {
        Outcome.CANCELLED: "It waits. It ends as failed (errorType 'cancelled'), and is never sent.",
        Outcome.BEFORE_REQUEST: "No request with this id has arrived. When one does, it is not sent.",
        Outcome.BEING_SENT: "A worker hands it to SES now: it goes out, or ends cancelled.",
        Outcome.HANDED_TO_SES: "It was handed to SES already. It is not tried again after a soft bounce.",
        Outcome.CANCELLED_BEFORE: "It is cancelled already.",
        Outcome.FAILED_BEFORE: "It has failed: there is nothing to cancel.",
    }[before.outcome]
    is_over = before.outcome in (Outcome.CANCELLED_BEFORE, Outcome.FAILED_BEFORE)
    return Plan(
        title=f"Cancel email {email_id}?",
        effects=[effects],
        command=view.command("cancel", "--yes", value=email_id),
        button="" if is_over else "Cancel it",
        fields={"id": [email_id]},
        back=view.url(f"{emails.PLACE.path}/{email_id}"),
        place=emails.PLACE.path,
        destructive=True,
    )


def run_one(view: View, fields: Fields) -> Result:
    email_id = _email_id(fields)
    done = cancel_one(view.engine, email_id, None)
    is_cancelled = done.outcome in (Outcome.CANCELLED, Outcome.BEFORE_REQUEST, Outcome.CANCELLED_BEFORE)
    lines = {
        Outcome.BEFORE_REQUEST: ["Its request will not be sent when it arrives."],
        Outcome.BEING_SENT: ["A worker was handing it to SES: it went out, or ends cancelled."],
        Outcome.HANDED_TO_SES: ["It had been handed to SES. It is not tried again."],
        Outcome.FAILED_BEFORE: ["It had failed for another reason."],
    }.get(done.outcome, ["It ends as failed (errorType 'cancelled'), and is never sent."])
    lines += [f"Its status event was not published ({why})." for why in done.unpublished]
    lines += [f"The figures lack it ({done.uncounted})."] if done.uncounted else []
    return Result(
        title="Cancelled" if is_cancelled else "Not cancelled",
        lines=lines,
        links=[
            (view.url(f"{emails.PLACE.path}/{done.email_id}"), "Its story"),
            (view.url(emails.PLACE.path), "Emails"),
        ],
        place=emails.PLACE.path,
        attention=not is_cancelled,
    )


def _email_id(fields: Fields) -> str:
    email_id = fields.get("id", ("",))[-1]
    if not email_id:
        raise UsageError("No email is chosen.")
    return email_id


ACTIONS = (Action("cancel", plan_cancellation, run_cancellation), Action("cancel-email", plan_one, run_one))
