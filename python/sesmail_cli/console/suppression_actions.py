"""What the console does to suppressions: add an address, remove some."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from sesmail_cli.console.actions import Action, Fields, Plan, Result, Rows
from sesmail_cli.console.suppressions import PLACE, blocks, display, is_readable
from sesmail_cli.console.times import local_time
from sesmail_cli.console.view import View
from sesmail_cli.operator.arguments import new_address
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.removal_log import log_folder, new_log
from sesmail_cli.operator.suppressing import LARGEST_NOTE, Removal, add, look_up, remove_address
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.plain_text import CONTROLS

_MOST_ADDRESSES = 50
"""Removed at once: what one page of the list shows."""
_LONGEST_DAYS = 36_500


class _Addition(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    reason: SuppressionReason
    days: int | None
    note: str | None


def plan_addition(view: View, fields: Fields) -> Plan:
    given = _addition(fields)
    existing = look_up(view.engine, given.address, with_ses=False).suppression
    how_long = f"for {given.days:,} days" if given.days else "until someone removes it"
    effects = [f"{given.address} {blocks(given.reason)}, {how_long}."]
    if existing:
        effects.append(f"It is suppressed already ({existing.reason}): the stronger reason and the longer time stay.")
        effects.append("Its note stays as it is: remove the entry first to replace it.")
    else:
        effects.append("Mail to it that is under way and not handed to SES yet ends as failed.")
    return Plan(
        title=f"Suppress {given.address}?",
        effects=effects,
        command=view.command("suppression", "add", *_addition_options(given), value=given.address),
        button="Suppress it",
        fields=fields,
        back=view.url(PLACE.path),
        place=PLACE.path,
    )


def run_addition(view: View, fields: Fields) -> Result:
    given = _addition(fields)
    added = add(view.engine, given.address, reason=given.reason, days=given.days, note=given.note)
    lines = [f"{given.address} {blocks(added.suppression.reason)}."]
    if added.kept:
        lines.append(f"It was suppressed already ({added.suppression.reason}), and the stronger entry stays.")
    return Result(
        title="Suppressed",
        lines=lines,
        links=[(view.url(f"{PLACE.path}/{given.address}"), "Show it"), (view.url(PLACE.path), "All suppressions")],
        place=PLACE.path,
    )


def _addition(fields: Fields) -> _Addition:
    """Read the form. Raises UsageError."""
    reason, days = _last(fields, "reason") or SuppressionReason.MANUAL, _last(fields, "days")
    if reason not in tuple(SuppressionReason):
        raise UsageError(f"'{reason}' is no reason: allowed are {', '.join(SuppressionReason)}.")
    if days and not (days.isascii() and days.isdecimal() and 1 <= int(days[:9]) <= _LONGEST_DAYS):
        raise UsageError(f"'{days}' is no number of days: allowed are 1 to {_LONGEST_DAYS:,}; empty: it never ends.")
    note = CONTROLS.sub(" ", _last(fields, "note")).strip()
    if len(note) > LARGEST_NOTE:
        raise UsageError(f"The note has {len(note):,} characters; allowed: {LARGEST_NOTE}. Name a ticket instead.")
    return _Addition(
        address=new_address(_last(fields, "address").strip()),
        reason=SuppressionReason(reason),
        days=int(days) if days else None,
        note=note or None,
    )


def _addition_options(given: _Addition) -> Sequence[str]:
    options = {"--reason": given.reason.value, "--days": given.days and str(given.days), "--note": given.note}
    return [text for option, value in options.items() if value for text in (option, value)]


def _last(fields: Fields, name: str) -> str:
    return fields.get(name, ("",))[-1]


# --- remove -----------------------------------------------------------------------------------------------------------


def plan_removal(view: View, fields: Fields) -> Plan:
    keys = _keys(fields)
    entries = view.engine.suppression.get_many(keys)
    from_ses = bool(fields.get("ses"))
    back = view.url(f"{PLACE.path}/{keys[0]}") if len(keys) == 1 else view.url(PLACE.path)
    # An address may be on SES's own list alone.
    is_idle = not entries and not from_ses
    return Plan(
        title="Nothing to remove" if is_idle else _removal_title(keys, is_listed=bool(entries)),
        effects=_removal_effects(entries, keys, from_ses=from_ses),
        command=_removal_command(view, keys, from_ses=from_ses),
        button="" if is_idle else f"Remove {len(keys)}" if len(keys) > 1 else "Remove it",
        fields={"address": keys, "ses": ["yes"] if from_ses else [], "seen": [_digest(entries)]},
        back=back,
        place=PLACE.path,
        examples=_entries_table(entries),
    )


def _removal_command(view: View, keys: Sequence[str], *, from_ses: bool) -> str:
    """Return the commands that do the same; empty where an entry is of an erased address, which no command takes."""
    if not all(map(is_readable, keys)):
        return ""
    of_ses = "--ses" if from_ses else "--no-ses"
    return "\n".join(view.command("suppression", "remove", of_ses, "--yes", value=key) for key in keys)


def _removal_title(keys: Sequence[str], *, is_listed: bool) -> str:
    what = display(keys[0]) if len(keys) == 1 else f"{len(keys)} addresses"
    return f"Remove {what} from {'the suppression list' if is_listed else 'SES’s own list'}?"


def _removal_effects(entries: Mapping[str, Suppression], keys: Sequence[str], *, from_ses: bool) -> list[str]:
    one = len(keys) == 1
    if not entries and not from_ses:
        return ["It is not suppressed." if one else "None of these addresses is suppressed any more."]
    effects = []
    if entries:
        effects.append(f"{'It gets' if one else 'They get'} mail again: the next email goes out.")
        restores = "`sesmail suppression import --from csv` restores it"
        effects.append(f"What is removed is kept in a new file in {log_folder()}; {restores}.")
    if gone := len(keys) - len(entries):
        effects.append(f"{gone} of {len(keys)} {'is' if gone == 1 else 'are'} not suppressed here.")
    if complaints := sum(entry.reason is SuppressionReason.SPAM_COMPLAINT for entry in entries.values()):
        effects.append(f"{complaints} complained about an email. Another complaint counts against your account.")
    effects.append(
        "Also removed from SES's own list of the account."
        if from_ses
        else "SES's own list of the account stays: if it has an address, the next email to it bounces."
    )
    return effects


def _entries_table(entries: Mapping[str, Suppression]) -> Rows | None:
    if not entries:
        return None
    rows = [
        (display(entry.email), entry.reason, local_time(entry.added_to_suppression_date), entry.source or "–")
        for entry in entries.values()
    ]
    return Rows(title="What is removed", columns=("Address", "Reason", "Since", "Written by"), rows=rows)


def run_removal(view: View, fields: Fields) -> Result:
    keys = _keys(fields)
    if _digest(view.engine.suppression.get_many(keys)) != "".join(fields.get("seen", ())):
        raise UsageError("An entry has changed since it was shown: look at it again, then remove it.")
    from_ses = bool(fields.get("ses"))
    log = new_log(view.engine)
    done = [remove_address(view.engine, key, from_ses=from_ses, log=log) for key in keys]
    return Result(
        title=f"Removed {sum(one.removed for one in done):,}",
        lines=_removal_lines(done, from_ses=from_ses),
        links=[(view.url(PLACE.path), "All suppressions")],
        place=PLACE.path,
        attention=any(one.changed or one.ses_error for one in done),
    )


def _removal_lines(done: Sequence[Removal], *, from_ses: bool) -> list[str]:
    lines = [f"Kept in {path}." for path in dict.fromkeys(one.log for one in done if one.log)]
    if from_ses:
        lines.append(f"{sum(one.removed_from_ses for one in done):,} removed from SES's own list.")
    if changed := sum(one.changed for one in done):
        lines.append(f"{changed:,} changed meanwhile and stay: look at them again.")
    return lines + [f"SES's own list: {error}" for error in dict.fromkeys(one.ses_error for one in done) if error]


def _keys(fields: Fields) -> list[str]:
    keys = list(dict.fromkeys(fields.get("address", ())))
    if not keys:
        raise UsageError("No address is chosen: mark at least one.")
    if len(keys) > _MOST_ADDRESSES:
        raise UsageError(f"{len(keys)} addresses are chosen; allowed are {_MOST_ADDRESSES} at once.")
    return keys


def _digest(entries: Mapping[str, Suppression]) -> str:
    """Return a value that changes with the entries, so that what is removed is what was shown."""
    content = msgspec.json.encode([entries[key] for key in sorted(entries)])
    return hashlib.sha256(content).hexdigest()[:32]


ACTIONS = (
    Action("suppress", plan_addition, run_addition),
    Action("suppressions-remove", plan_removal, run_removal),
)
