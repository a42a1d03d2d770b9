"""What the console does to dead letters: move them back to their queues, or delete them."""

from __future__ import annotations

from collections.abc import Sequence

from sesmail_cli.console.actions import Action, Fields, Plan, Result, Rows
from sesmail_cli.console.dead_letters import PLACE, Readings
from sesmail_cli.console.view import View
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.dead_letter_files import Inspected
from sesmail_cli.operator.engine import DEAD_LETTER_QUEUES
from sesmail_cli.operator.redriving import LARGEST_READ, DeadLetters, unsent

_EXAMPLES = 5


class DeadLetterActions:
    """Both concern messages that were read: of one cause, one message, or all that can succeed."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    @property
    def actions(self) -> tuple[Action, ...]:
        return (
            Action("redrive", self.plan_redrive, self.run_redrive),
            Action("discard", self.plan_discard, self.run_discard),
        )

    def plan_redrive(self, view: View, fields: Fields) -> Plan:
        queue, chosen = self._chosen(fields)
        movable = [one for one in chosen if one[1].target]
        targets = sorted({one.target for _, one in movable if one.target})
        effects = [f"{len(movable):,} of {_letters(len(chosen))} go back to {' and '.join(targets)}, unchanged."]
        effects += ["Each is sent, or handled, once: an email that was sent already is not sent again."]
        effects += [f"{count:,} stay: {why}." for why, count in _stays(chosen).items()]
        if view.engine.ses_account().get("SendingEnabled") is False:
            effects.append("SES has paused sending for this account: nothing is moved before that ends.")
        if not movable:
            effects = ["None of these can succeed now.", *effects[2:]]
        return Plan(
            title=f"Move {_letters(len(movable))} back?" if movable else "Nothing to move",
            effects=effects,
            command=self._moving_command(view, queue, fields),
            button=f"Move {len(movable):,}" if movable else "",
            fields=_confirmed(queue, movable),
            back=view.url(f"{PLACE.path}/{queue}"),
            place=PLACE.path,
            examples=_examples(movable),
        )

    def run_redrive(self, view: View, fields: Fields) -> Result:
        queue, ids = _queue(fields), _ids(fields)
        self._readings.of(queue).release()
        moved = DeadLetters(view.engine, queue).move(ids)
        return self._result(view, queue, "Moved", moved, len(ids))

    def plan_discard(self, view: View, fields: Fields) -> Plan:
        queue, chosen = self._chosen(fields)
        effects = [f"{_letters(len(chosen)).capitalize()} {'is' if len(chosen) == 1 else 'are'} deleted for good."]
        if lost := unsent(chosen):
            of_them = "1 is an email that was" if lost == 1 else f"{lost:,} are emails that were"
            effects.append(f"{of_them} never sent, and will not be sent any more.")
        effects.append("To keep a copy, open a message and save it, or use `sesmail redrive --save DIR`.")
        of_ids = [text for message, _ in chosen for text in ("--discard", message.message_id)]
        return Plan(
            title=f"Delete {_letters(len(chosen))} for good?",
            effects=effects,
            command=view.command("redrive", queue, *of_ids, "--yes"),
            button=f"Delete {len(chosen):,} for good",
            fields=_confirmed(queue, chosen),
            back=view.url(f"{PLACE.path}/{queue}"),
            place=PLACE.path,
            destructive=True,
            examples=_examples(chosen),
        )

    def run_discard(self, view: View, fields: Fields) -> Result:
        queue, ids = _queue(fields), _ids(fields)
        self._readings.of(queue).release()
        deleted = DeadLetters(view.engine, queue).discard(ids)
        return self._result(view, queue, "Deleted", deleted, len(ids))

    def _chosen(self, fields: Fields) -> tuple[str, Sequence[Inspected]]:
        """Return the messages that were read and are meant. Raises UsageError."""
        queue = _queue(fields)
        inspection = self._readings.of(queue).inspection
        if cause := fields.get("cause"):
            inspection = inspection.of_cause(cause[-1])
        ids = set(fields.get("id", ()))
        chosen = [one for one in inspection.found if not ids or one[0].message_id in ids]
        if not chosen:
            raise UsageError(f"These messages were read some time ago: open {queue}, and read it again.")
        return queue, chosen

    def _moving_command(self, view: View, queue: str, fields: Fields) -> str:
        """Return the command that moves the same; empty where it would move more: it takes a queue or a cause."""
        if fields.get("id") or not self._readings.of(queue).complete:
            return ""
        return view.command("redrive", queue, *_of_cause(fields), "--yes")

    def _result(self, view: View, queue: str, verb: str, done: Sequence[str], wanted: int) -> Result:
        self._readings.of(queue).forget(done)
        left = wanted - len(done)
        lines = [f"{_letters(len(done)).capitalize()} of {queue}."] if done else []
        if left:
            lines.append(
                f"{left:,} stay: they are gone, cannot succeed any more, or are not among the first {LARGEST_READ:,}."
            )
        return Result(
            title=f"{verb} {len(done):,}",
            lines=lines,
            links=[(view.url(f"{PLACE.path}/{queue}"), queue), (view.url(PLACE.path), "All dead letters")],
            place=PLACE.path,
            attention=bool(left),
        )


def _queue(fields: Fields) -> str:
    queue = fields.get("queue", ("",))[-1]
    if queue not in DEAD_LETTER_QUEUES:
        raise UsageError(f"There is no dead-letter queue '{queue}': {', '.join(DEAD_LETTER_QUEUES)}.")
    return queue


def _ids(fields: Fields) -> set[str]:
    ids = set(fields.get("id", ()))
    if not ids:
        raise UsageError("No message is chosen.")
    return ids


def _of_cause(fields: Fields) -> list[str]:
    return ["--cause", fields["cause"][-1]] if fields.get("cause") else []


def _confirmed(queue: str, chosen: Sequence[Inspected]) -> Fields:
    return {"queue": [queue], "id": [message.message_id for message, _ in chosen]}


def _stays(chosen: Sequence[Inspected]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for _, one in chosen:
        if one.stays:
            counts[one.stays] = counts.get(one.stays, 0) + 1
    return counts


def _examples(chosen: Sequence[Inspected]) -> Rows | None:
    if not chosen:
        return None
    rest = f", the first {_EXAMPLES} of {len(chosen):,}" if len(chosen) > _EXAMPLES else ""
    rows = [(one.message_id, one.what, one.why) for _, one in chosen[:_EXAMPLES]]
    return Rows(title=f"Messages{rest}", columns=("Id", "What it is", "Why it is here"), rows=rows)


def _letters(count: int) -> str:
    return "1 dead letter" if count == 1 else f"{count:,} dead letters"
